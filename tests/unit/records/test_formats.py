"""Records from files and back."""

import json
import sys
import tracemalloc
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.refusals import refused

from holdfast.domains.records.formats import parquet_writing, read, write

ROWS = [{"id": "1", "n": 1, "x": 2.5, "ok": True, "in": {"city": "Köln"}}, {"id": "2", "n": None, "tags": ["a", "b"]}]
SCHEMA = {
    "type": "object",
    "properties": {
        "id": {"type": "string"},
        "n": {"type": ["integer", "null"]},
        "x": {"type": "number"},
        "ok": {"type": "boolean"},
        "in": {"type": "object", "properties": {"city": {"type": "string"}}},
    },
}


@pytest.fixture
def pyarrow():
    import pyarrow.parquet  # not for every worker

    return pyarrow


@pytest.mark.parametrize(("format", "suffix"), [("jsonl", "jsonl"), ("mongodb", "json")])
def test_what_is_written_is_read_again(tmp_path, format, suffix):
    path = tmp_path / f"rows.{suffix}"
    assert write(path, iter(ROWS), format) == 2
    assert list(read(path)) == ROWS
    assert write(path, [], format) == 0 and list(read(path)) == []


def test_a_table_is_what_the_schema_says(tmp_path):
    path = tmp_path / "rows.csv"
    assert write(path, ROWS, "csv", columns=["id", "n", "x", "ok", "in.city"]) == 2
    assert list(read(path, schema=SCHEMA)) == [ROWS[0], {"id": "2"}]
    assert next(read(path)) == {"id": "1", "n": "1", "x": "2.5", "ok": "true", "in": {"city": "Köln"}}
    path.write_text("id,n\n1,2,3\n")
    assert "line 2" in refused("record_file_unfit", list, read(path))
    path.write_text("id,n\n7,many\n")
    assert list(read(path, schema=SCHEMA)) == [{"id": "7", "n": "many"}]


@pytest.mark.parametrize("as_lines", [True, False])
def test_extended_json_of_both_kinds_becomes_plain(tmp_path, as_lines):
    canonical = {
        "_id": {"$oid": "5f1d7f3e2f8fb814b56fa181"},
        "n": {"$numberInt": "42"},
        "long": {"$numberLong": "9007199254740993"},
        "x": {"$numberDouble": "2.5"},
        "price": {"$numberDecimal": "12.10"},
        "at": {"$date": {"$numberLong": "1577836800123"}},
        "bytes": {"$binary": {"base64": "aGk=", "subType": "00"}},
        "in": [{"$uuid": "3b241101-e2bb-4255-8caf-4136c566a962"}],
    }
    relaxed = {"_id": {"$oid": "5f1d7f3e2f8fb814b56fa182"}, "n": 42, "x": 2.5, "at": {"$date": "2020-01-01T00:00:00Z"}}
    path = tmp_path / "export.json"
    texts = [json.dumps(one) for one in (canonical, relaxed)]
    path.write_text("\n".join(texts) if as_lines else "[" + ",".join(texts) + "]")
    first, second = read(path)
    assert first == {
        "_id": "5f1d7f3e2f8fb814b56fa181",
        "n": 42,
        "long": 9007199254740993,
        "x": 2.5,
        "price": "12.10",
        "at": "2020-01-01T00:00:00.123000Z",
        "bytes": "aGk=",
        "in": ["3b241101-e2bb-4255-8caf-4136c566a962"],
    }
    assert second == {"_id": "5f1d7f3e2f8fb814b56fa182", "n": 42, "x": 2.5, "at": "2020-01-01T00:00:00Z"}


def test_what_cannot_be_read_is_refused_with_its_place(tmp_path):
    path = tmp_path / "bad.jsonl"
    refused("record_file_unfit", list, read(path))
    path.write_text('{"id": 1}\n{"id": \n')
    assert "line 2" in refused("record_file_unfit", list, read(path))
    for name, text in (("bad.json", '[{"n": {"$numberInt": "x"}}]'), ("cut.json", '[{"n": 1}'), ("bad.xml", "<a/>")):
        (tmp_path / name).write_text(text)
        refused("record_file_unfit", list, read(tmp_path / name))
    path.write_bytes(b'{"id": "\xff"}\n')
    refused("record_file_unfit", list, read(path))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("id,n,id\na,1,b\n", "'id' twice"),
        ("id,,n\na,b,1\n", "no name for column 2"),
        ("in,in.city\na,b\n", "'in' and 'in.city'"),
        ("in.city,x,in\na,1,b\n", "'in' and 'in.city'"),
        (",".join(f"c{n}" for n in range(10_001)) + "\n", "10,001 columns"),
    ],
)
def test_a_header_of_which_one_column_would_take_anothers_place_is_refused(tmp_path, text, said):
    path = tmp_path / "rows.csv"
    path.write_text(text)
    assert said in refused("record_file_unfit", list, read(path))


def test_what_is_nested_beyond_measure_is_refused_with_its_place(tmp_path):
    deep = "[" * 5_000 + "]" * 5_000
    for name, text in (
        ("deep.jsonl", '{"id": 1}\n{"x": ' + deep + "}\n"),
        ("deep.json", '[{"id": 1}, {"x": ' + deep + "}]"),
    ):
        (tmp_path / name).write_text(text)
        assert " 2" in refused("record_file_unfit", list, read(tmp_path / name))


def _same(one: object, other: object) -> bool:
    """Equal, truths and numbers told apart."""
    return one == other and json.dumps(_typed(one), sort_keys=True) == json.dumps(_typed(other), sort_keys=True)


def _typed(value: object) -> object:
    if isinstance(value, dict):
        return {name: _typed(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_typed(one) for one in value]
    if isinstance(value, bool):
        return ["truth", value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


_numbers = st.integers(-(2**70), 2**70) | st.floats(allow_nan=False, allow_infinity=False)
_texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=5)
_anything = st.recursive(
    st.none() | st.booleans() | _numbers | _texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_texts, inner, max_size=3),
    max_leaves=6,
)
_members = {"id": _texts, "n": st.integers(-(2**70), 2**70) | st.none(), "x": _numbers, "ok": st.booleans()}
_rows = st.fixed_dictionaries({}, optional={**_members, "in": _anything, "_rest": _anything, "more": _anything})


@given(st.lists(_rows, max_size=5))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_a_record_holds_comes_back_from_parquet(tmp_path, rows):
    path = tmp_path / "rows.parquet"
    assert write(path, iter(rows), "parquet", schema=SCHEMA) == len(rows)
    found = list(read(path, schema=SCHEMA))
    assert len(found) == len(rows) and all(map(_same, found, rows))
    assert list(tmp_path.iterdir()) == [path]


def test_parquet_has_columns_of_the_schemas_types_and_others_can_read_it(tmp_path, pyarrow):
    path = tmp_path / "rows.parquet"
    write(path, ROWS, "parquet", schema=SCHEMA)
    table = pyarrow.parquet.read_table(path)
    kinds = {name: str(table.schema.field(name).type) for name in ("id", "n", "x", "ok")}
    assert kinds == {"id": "string", "n": "int64", "x": "double", "ok": "bool"}
    assert pyarrow.parquet.ParquetFile(path).schema.column(4).logical_type.type == "JSON"
    assert table["n"].to_pylist() == [1, None]


def test_parquet_of_others_becomes_json(tmp_path, pyarrow):
    path, moment = tmp_path / "others.parquet", datetime(2026, 1, 31, 12, tzinfo=UTC)
    columns = {
        "id": pyarrow.array(["1", None]).dictionary_encode(),
        "n": pyarrow.array([7, 8], pyarrow.uint8()),
        "x": pyarrow.array([Decimal("12.10"), Decimal("3")]),
        "price": pyarrow.array([Decimal("12.10"), None]),
        "at": pyarrow.array([moment, None], pyarrow.timestamp("us", "Europe/Berlin")),
        "on": pyarrow.array([moment.date(), None]),
        "raw": pyarrow.array([b"hi", None]),
        "in": pyarrow.array([{"city": "Bonn", "zip": None}, None]),
        "tags": pyarrow.array([[1.0, 2.5], []]),
        "rates": pyarrow.array([[("a", 1)], None], pyarrow.map_(pyarrow.string(), pyarrow.int64())),
        "none": pyarrow.nulls(2),
    }
    pyarrow.parquet.write_table(pyarrow.table(columns), path)
    schema = {"type": "object", "properties": SCHEMA["properties"] | {"price": {"type": "string"}}}
    first, second = read(path, schema=schema)
    assert first == {
        "id": "1",
        "n": 7,
        "x": 12.1,
        "price": "12.10",
        "at": "2026-01-31T12:00:00Z",
        "on": "2026-01-31",
        "raw": "aGk=",
        "in": {"city": "Bonn"},
        "tags": [1, 2.5],
        "rates": {"a": 1},
    }
    assert second == {"n": 8, "x": 3, "tags": []}


UNFIT = {
    "another type": ({"id": ["a"], "n": ["many"]}, "has string in column 'n'"),
    "a column more": ({"id": ["a"], "colour": [1]}, "a column 'colour'"),
    "a column less": ({"n": [1]}, "no column 'id'"),
    "durations": ({"id": [timedelta(1)]}, "durations"),
}


@pytest.mark.parametrize(("columns", "said"), UNFIT.values(), ids=UNFIT)
def test_columns_that_do_not_fit_the_schema_are_named_before_anything_is_read(tmp_path, columns, said, pyarrow):
    path = tmp_path / "unfit.parquet"
    pyarrow.parquet.write_table(pyarrow.table(columns), path)
    wanted = SCHEMA | {"additionalProperties": False, "required": ["id"]}
    assert said in refused("record_file_unfit", next, read(path, schema=wanted))


def test_what_is_no_parquet_is_refused_and_what_cannot_be_written_whole_is_not_there(tmp_path, pyarrow):
    path = tmp_path / "bad.parquet"
    for content in (b"", b"PAR1", b'{"id": 1}\n'):
        path.write_bytes(content)
        assert "no Parquet file" in refused("record_file_unfit", list, read(path))
    write(path, [{"id": str(n)} for n in range(100)], "parquet", schema=SCHEMA)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    refused("record_file_unfit", list, read(path))
    json_type = pyarrow.json_(pyarrow.string())
    broken = pyarrow.ExtensionArray.from_storage(json_type, pyarrow.array(["{}", "{"]))
    pyarrow.parquet.write_table(pyarrow.table({"in": broken}), path)
    assert "record 2" in refused("record_file_unfit", list, read(path))

    def stopping():
        yield {"id": "1"}
        raise RuntimeError("stopped")

    with pytest.raises(RuntimeError):
        write(tmp_path / "part.parquet", stopping(), "parquet", schema=SCHEMA)
    assert list(tmp_path.iterdir()) == [path]


def test_parquet_is_read_and_written_in_constant_memory(tmp_path, monkeypatch, pyarrow):
    path = tmp_path / "many.parquet"
    monkeypatch.setattr(parquet_writing, "GROUP", 200)
    rows = ({"id": f"{n:06}", "in": {"note": f"{n} " * 2_000}} for n in range(2_000))  # 20 MB
    tracemalloc.start()
    write(path, rows, "parquet", schema=SCHEMA)
    assert sum(1 for _ in read(path, schema=SCHEMA)) == 2_000
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert pyarrow.parquet.ParquetFile(path).num_row_groups == 10
    assert peak < 12_000_000 and pyarrow.total_allocated_bytes() < 5_000_000


def test_without_pyarrow_an_error_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    refused("parquet_missing", write, tmp_path / "a.parquet", [], "parquet")
    (tmp_path / "a.parquet").write_bytes(b"")
    refused("parquet_missing", list, read(tmp_path / "a.parquet"))
