"""Rows that are inserted as columns: nothing lost on the way, and nothing sealed that way."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import bindparam, insert, select

from holdfast.core.database import TENANT, Query
from holdfast.core.database.columns import lots
from holdfast.core.database.postgres import PostgresEngine
from holdfast.core.database.sqlite import SqliteEngine
from holdfast.core.database.types import dump_json, dump_whole
from holdfast.domains.connections.tables import connections
from holdfast.domains.records import queries
from holdfast.domains.records.tables import records

plain = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63) + 1, 2**63 - 1) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(st.dictionaries(st.text(), plain))
def test_whole_values_are_spelled_as_all_others_are(value):
    assert dump_whole(value) == dump_json(value)


@given(st.lists(st.sampled_from([0, 1, 3, 10, 11])))
def test_large_rows_go_in_several_lots_in_order(sizes):
    texts = ["x" * size for size in sizes] or [""]
    each = {"data": texts, "number": list(range(len(texts)))}
    made = lots(each, most=10)
    assert [one for lot in made for one in lot["number"]] == each["number"]
    assert all(len(lot["data"]) == 1 or sum(map(len, lot["data"])) <= 10 for lot in made)


def test_one_statement_takes_lists_where_rows_differ():
    sql = queries.insert_record.filling(PostgresEngine.dialect, ("key", "data")).sql
    assert " FROM unnest($19::text[], $20::json[]) AS u(c0, c1) ON CONFLICT" in sql and "u.c1" in sql


@pytest.mark.parametrize("engine", [PostgresEngine, SqliteEngine])
def test_what_seals_or_is_no_insert_is_not_filled(engine):
    columns = {c.name: bindparam(c.name, type_=c.type) for c in connections.c if c.name != "tenant_id"}
    sealing = Query(insert(connections).values(tenant_id=TENANT, **columns))
    with pytest.raises(TypeError, match="secrets"):
        sealing.filling(engine.dialect, ("id",))
    reading = Query(select(records.c.key).where(records.c.tenant_id == TENANT, records.c.key == bindparam("key")))
    with pytest.raises(TypeError, match="only an INSERT"):
        reading.filling(engine.dialect, ("key",))
