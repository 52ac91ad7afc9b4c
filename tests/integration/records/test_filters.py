"""Filters drawn at random find the same in the database, by index or not, as they say of each record in memory."""

import shutil

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import holdfast
from holdfast.domains.records.filters import matches, parse

KEY = "0123456789abcdef" * 4
PATHS = ("a", "b", "c.d")
scalars = st.one_of(
    st.sampled_from(["", "a", "ab", "b", "Ä", "z\U0001f600", "1", "true"]),
    st.sampled_from([0, 1, -1, 2.5, 0.1, 0.30000000000000004, 2**53, 2**53 - 1, -1e300, 1e-7, 1.0]),
    st.booleans(),
)
values = scalars | st.none() | st.sampled_from([["a"], {"x": 1}])
rows = st.lists(
    st.fixed_dictionaries({}, optional={"a": values, "b": values, "c": st.fixed_dictionaries({"d": values})}),
    max_size=8,
)
asked = st.one_of(
    scalars,
    st.none(),
    st.builds(lambda by, value: {by: value}, st.sampled_from(["=", "!=", "<", "<=", ">", ">="]), scalars),
    st.builds(lambda many: {"in": many}, st.lists(scalars, max_size=3)),
    st.builds(lambda begin: {"prefix": begin}, st.sampled_from(["", "a", "Ä", "z\U0001f600"])),
    st.builds(lambda there: {"exists": there}, st.booleans()),
)
filters = st.recursive(
    st.dictionaries(st.sampled_from(PATHS), asked, max_size=2),
    lambda inner: st.one_of(
        st.builds(lambda one: {"not": one}, inner),
        st.builds(lambda by, many: {by: many}, st.sampled_from(["and", "or"]), st.lists(inner, max_size=3)),
    ),
    max_leaves=4,
)


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def room(request, tmp_path_factory):
    """One store for all cases of an engine."""
    if request.param == "sqlite":
        path = tmp_path_factory.mktemp("filters") / "store.db"
        shutil.copy(request.getfixturevalue("sqlite_template"), path)
        opened = holdfast.open(f"sqlite:///{path}", KEY)
    else:
        server, template = (request.getfixturevalue(name) for name in ("postgres", "postgres_template"))
        opened = holdfast.open(server.copy(template, "record_filters"))
    with opened as store:
        made = store.tenant("acme").user("amina@acme.test").records
        made.define("plain", key="id")
        made.define("indexed", key="id", indexed=list(PATHS))
        yield made


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows, st.lists(filters, min_size=1, max_size=5))
def test_a_database_finds_what_the_filter_says(room, found, wheres):
    given_rows = [{**row, "id": str(number)} for number, row in enumerate(found)]
    scalar = [row for row in given_rows if not any(isinstance(_at(row, path), (list, dict)) for path in PATHS)]
    for name, kept in (("plain", given_rows), ("indexed", scalar)):
        for record in room.find(name, limit=200).items:
            room.delete(name, record.key)
        assert room.put_many(name, kept).failed == ()
        for where in wheres:
            parsed = parse(where, {"type": "object"})
            wanted = [row["id"] for row in kept if matches(parsed, row)]
            assert [record.key for record in room.find(name, where=where).items] == wanted, (name, where)
            assert room.count(name, where=where) == len(wanted)


def _at(row, path):
    for part in path.split("."):
        row = row.get(part) if isinstance(row, dict) else None
    return row
