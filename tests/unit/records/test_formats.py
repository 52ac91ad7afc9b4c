"""Records from files and back."""

import json

import pytest
from support.refusals import refused

from holdfast.domains.records.formats import read, write

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
