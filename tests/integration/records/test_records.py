"""Records: stored, changed, found, counted, on both engines and through both faces."""

import pytest
from integration.records.conftest import ROWS, SCHEMA, keys
from support.refusals import refused


def test_a_set_is_what_was_defined(amina, ben, gus, kbli):
    found = ben.records.get_set("kbli")
    assert (found.key, found.indexed, found.text, found.schema) == ("code", ("sector", "price"), ("title",), SCHEMA)
    assert (found.locked, found.history, found.clearance) == (False, False, None)
    assert ben.records.sets() == [found]
    assert gus.records.sets() == []
    refused("record_set_not_found", gus.records.get_set, "kbli")
    refused("record_set_not_found", gus.records.find, "kbli")


def test_a_record_is_stored_read_changed_and_deleted(amina, ben, kbli):
    first = kbli.put("kbli", {"code": "70", "sector": "M"})
    assert (first.key, first.version, first.data) == ("70", 1, {"code": "70", "sector": "M"})
    assert ben.records.get("kbli", "70") == first
    second = ben.records.update("kbli", "70", {"price": 5, "place": {"city": "Ulm"}}, if_version=1)
    assert second.data == {"code": "70", "sector": "M", "price": 5, "place": {"city": "Ulm"}}
    assert (second.version, second.created_at) == (2, first.created_at)
    third = kbli.update("kbli", "70", {"place": {"city": None}, "price": None})
    assert third.data == {"code": "70", "sector": "M", "place": {}}
    assert kbli.put("kbli", third.data).version == 3, "the same again changes nothing"
    kbli.delete("kbli", "70", if_version=3)
    refused("record_not_found", kbli.get, "kbli", "70")
    refused("record_not_found", kbli.delete, "kbli", "70")
    refused("record_not_found", kbli.update, "kbli", "70", {})


def test_a_version_that_is_not_there_is_not_changed(kbli):
    one = kbli.get("kbli", "01")
    for change in (
        lambda: kbli.put("kbli", {"code": "01"}, if_version=7),
        lambda: kbli.put("kbli", {"code": "01"}, if_version=0),
        lambda: kbli.put("kbli", {"code": "99"}, if_version=1),
        lambda: kbli.update("kbli", "01", {"price": 1}, if_version=2),
        lambda: kbli.delete("kbli", "01", if_version=2),
    ):
        refused("record_changed", change)
    assert kbli.get("kbli", "01") == one and kbli.count("kbli") == 5
    assert kbli.put("kbli", {"code": "99"}, if_version=0).version == 1
    refused("invalid_input", kbli.put, "kbli", {"code": "01"}, if_version=-1)
    refused("invalid_input", kbli.update, "kbli", "01", {"code": "02"})


@pytest.mark.parametrize(
    ("where", "found"),
    [
        (None, ["01", "02", "61", "62", "63"]),
        ({"sector": "J"}, ["61", "62", "63"]),
        ({"sector": "J", "repealed": False, "title": {"prefix": "Data"}}, ["63"]),
        ({"price": 10}, ["01", "61"]),
        ({"price": {">": 10}}, ["02"]),
        ({"price": {">=": 10, "<=": 20}}, ["01", "61"]),
        ({"price": {"<": 20.5}}, ["01", "61"]),
        ({"price": None}, ["62", "63"]),
        ({"price": {"exists": True}}, ["01", "02", "61"]),
        ({"price": {"in": [20.5, 7]}}, ["02"]),
        ({"price": {"!=": 10}}, ["02", "62", "63"]),
        ({"sector": {"prefix": "J"}}, ["61", "62", "63"]),
        ({"sector": {"in": ["A", "Z"]}}, ["01", "02"]),
        ({"place.city": "Köln"}, ["63"]),
        ({"place.city": {"exists": False}}, ["02", "61", "62"]),
        ({"place.city": {"in": ["Bonn", "Köln"]}}, ["01", "63"]),
        ({"place.city": {">": "Bonn"}}, ["63"]),
        ({"repealed": True}, ["02"]),
        ({"repealed": {"in": [True]}}, ["02"]),
        ({"not": {"repealed": True}}, ["01", "61", "62", "63"]),
        ({"or": [{"sector": "A", "repealed": True}, {"code": "63"}]}, ["02", "63"]),
        ({"not": {"or": [{"sector": "A"}, {"place.city": "Köln"}]}}, ["61", "62"]),
        ({"or": []}, []),
    ],
)
def test_filters_find_what_they_say(kbli, where, found):
    assert keys(kbli.find("kbli", where=where)) == found
    assert kbli.count("kbli", where=where) == len(found)


def test_pages_follow_one_another_in_any_order(kbli):
    for order in (None, "code", "-code", "sector", "-sector", "price", "-price"):
        whole = keys(kbli.find("kbli", order=order))
        found, cursor = [], None
        while True:
            page = kbli.find("kbli", order=order, limit=2, cursor=cursor)
            found += keys(page)
            cursor = page.next
            if cursor is None:
                break
        assert found == whole and len(whole) == 5, order
    assert keys(kbli.find("kbli", order="price")) == ["01", "61", "02", "62", "63"]
    assert keys(kbli.find("kbli", order="-code", where={"sector": "J"})) == ["63", "62", "61"]
    page = kbli.find("kbli", limit=2)
    refused("invalid_cursor", kbli.find, "kbli", limit=2, cursor=page.next, where={"sector": "J"})
    refused("invalid_cursor", kbli.find, "kbli", cursor="x")
    refused("invalid_input", kbli.find, "kbli", order="title")
    refused("invalid_filter", kbli.find, "kbli", where={"sector": 5})
    refused("invalid_filter", kbli.count, "kbli", where={"colour": "red"})


def test_groups_are_counted(kbli):
    def groups(by, **asked):
        return [(group.value, group.count) for group in kbli.group("kbli", by=by, **asked)]

    assert groups("sector") == [("J", 3), ("A", 2)]
    assert sorted(groups("price"), key=str) == [(10, 2), (20.5, 1), (None, 2)]
    assert groups("repealed") == [(False, 4), (True, 1)]
    assert groups("place.city", where={"sector": "J"}) == [(None, 2), ("Köln", 1)]
    assert groups("sector", limit=1) == [("J", 3)]
    kbli.define("open", key="id")
    kbli.put_many("open", [{"id": n, "of": of} for n, of in enumerate((1, 1.0, 2.5, "1", "1", "1", True, [1]), 1)])
    found = [(group.value, type(group.value), group.count) for group in kbli.group("open", by="of")]
    assert found[0] == ("1", str, 3) and set(found[1:]) == {(1, int, 2), (2.5, float, 1), (True, bool, 1)}
    refused("invalid_filter", kbli.group, "kbli", by="sector", where={"sector": 1})


def test_words_are_searched(kbli):
    def found(query, **asked):
        return [hit.record.key for hit in kbli.search("kbli", query, **asked)]

    assert sorted(found("consulting")) == ["02", "62"]
    assert found("consulting", where={"repealed": False}) == ["62"]
    assert found('"data services"') == ["63"]
    kbli.update("kbli", "62", {"title": "Advice on computers"})
    assert found("consulting") == ["02"] and found("advice") == ["62"]
    kbli.delete("kbli", "62")
    assert found("advice") == []
    kbli.define("plain", key="id")
    refused("invalid_input", kbli.search, "plain", "anything")


def test_many_are_stored_and_those_that_do_not_fit_are_named(kbli):
    rows = [*ROWS, {"code": "64"}, {"code": 5}, {"title": "no key"}, {"code": "65", "colour": "red"}]
    told = []
    report = kbli.put_many("kbli", iter(rows), on_progress=told.append)
    assert (report.added, report.changed, report.unchanged, report.stored) == (1, 0, 5, 6)
    assert [one.number for one in report.failed] == [7, 8, 9]
    assert {one.code for one in report.failed} == {"record_refused"}
    assert "colour" in report.failed[2].reason and report.failed[2].key == "65"
    assert told == [report]
    assert kbli.count("kbli") == 6
    changed = kbli.put_many("kbli", [{**row, "price": 1} for row in ROWS])
    assert (changed.added, changed.changed) == (0, 5)
    assert kbli.get("kbli", "02").version == 2
    refused("records_refused", kbli.put_some, "kbli", [{"code": "66"}, {"code": 5}], whole=True)
    refused("record_not_found", kbli.get, "kbli", "66")
    refused("invalid_input", kbli.put_some, "kbli", [{"code": "66"}] * 2_001)


def test_a_record_that_cannot_be_kept_is_refused_whole(kbli):
    deep = {"code": "1"}
    inner = deep
    for _ in range(30):
        inner["a"] = {}
        inner = inner["a"]
    kbli.define("open", key="code", indexed=["tag"], weight="weight", expires="until")
    for data in (
        deep,
        {"code": "1", "big": "x" * 300_000},
        {"code": "1", "nul": "a\0b"},
        {"code": "x" * 501},
        {"code": ""},
        {"code": True},
        {"code": "1", "tag": ["a"]},
        {"code": "1", "tag": "x" * 501},
        {"code": "1", "weight": -1},
        {"code": "1", "weight": "heavy"},
        {"code": "1", "until": "soon"},
        {"code": "1", "until": "2026-01-01T00:00:00"},
        {"code": "1", "number": 2**70},
    ):
        refused("record_refused", kbli.put, "open", data)
    assert kbli.count("open") == 0
    assert kbli.put("open", {"code": 7, "until": "2999-01-31"}).key == "7"


def test_what_is_nested_beyond_measure_is_refused_by_name(kbli):
    deep = {"sector": "J"}
    for _ in range(20_000):
        deep = {"not": deep}
    kbli.define("weighed", key="name", weight="weight")
    kbli.put("weighed", {"name": "a", "weight": 1})
    for call in (kbli.find, kbli.count, kbli.pick):
        refused("invalid_filter", call, "weighed", where=deep)
    refused("invalid_filter", kbli.group, "kbli", by="sector", where=deep)
    refused("invalid_input", kbli.update, "kbli", "61", {"title": deep})


def test_what_is_no_list_of_records_is_refused(kbli):
    for rows in (None, 5, "62011", {"code": "62011"}):
        refused("invalid_input", kbli.put_many, "kbli", rows)


def test_what_expired_is_not_there(kbli):
    kbli.define("permits", key="id", indexed=["kind"], expires="until", text=["title"])
    row = {"id": "1", "kind": "visa", "title": "investor visa", "until": "2020-01-01"}
    kbli.put("permits", row)
    assert kbli.count("permits") == 0 and keys(kbli.find("permits")) == [] and kbli.search("permits", "visa") == []
    refused("record_not_found", kbli.get, "permits", "1")
    refused("record_not_found", kbli.update, "permits", "1", {})
    again = kbli.put("permits", {**row, "until": "2999-01-01T12:00:00+02:00"}, if_version=0)
    assert again.expires_at.isoformat() == "2999-01-01T10:00:00+00:00"
    assert keys(kbli.find("permits", where={"kind": "visa"})) == ["1"]


def test_a_set_is_defined_anew_only_if_what_is_stored_fits(kbli):
    paths = {"key": "code", "indexed": ["sector", "price"], "text": ["title"]}
    before = kbli.get_set("kbli")
    assert kbli.define("kbli", schema=SCHEMA, **paths) == before, "the same again changes nothing"
    narrow = {**SCHEMA, "required": ["code", "place"]}
    error = refused("schema_misfit", kbli.define, "kbli", schema=narrow, **paths)
    assert "3 records" in str(error) and kbli.get_set("kbli") == before
    wide = {**SCHEMA, "additionalProperties": True}
    made = kbli.define("kbli", schema=wide, key="code", indexed=["place.city"], text=["sector"], description="codes")
    assert (made.id, made.indexed, made.created_at) == (before.id, ("place.city",), before.created_at)
    assert keys(kbli.find("kbli", order="-place.city", where={"place.city": {"exists": True}})) == ["63", "01"]
    assert [hit.record.key for hit in kbli.search("kbli", "consulting")] == []
    assert keys(kbli.find("kbli", where={"sector": "J"})) == ["61", "62", "63"]
    assert kbli.get("kbli", "01").version == 1
    refused("record_set_not_empty", kbli.define, "kbli", schema=SCHEMA, key="title")


def test_what_is_no_definition_is_refused(kbli):
    closed = {"type": "object", "properties": {"id": {"type": "boolean"}, "n": {"type": "string"}}}
    for wrong in (
        {"key": ""},
        {"key": "a..b"},
        {"key": "a.0"},
        {"key": "id", "schema": closed},
        {"key": "n", "schema": closed, "weight": "n"},
        {"key": "n", "indexed": "code"},
        {"key": "n", "indexed": ["a", "a"]},
        {"key": "n", "indexed": [f"p{n}" for n in range(9)]},
        {"key": "n", "clearance": "Z"},
        {"key": "n", "history": 1},
        {"key": "n", "name": " "},
        {"key": "n", "name": "a\0"},
    ):
        refused("invalid_input", kbli.define, wrong.pop("name", "wrong"), **wrong)
    refused("invalid_schema", kbli.define, "wrong", key="n", schema={"type": "nothing"})
    assert [one.name for one in kbli.sets()] == ["kbli"]


def test_a_set_is_deleted_with_all_that_is_in_it(amina, ben, ada, kbli):
    refused("record_set_read_only", ben.records.delete_set, "kbli")
    refused("record_set_read_only", ben.records.define, "kbli", key="code")
    kbli.delete_set("kbli")
    assert kbli.sets() == []
    refused("record_set_not_found", kbli.find, "kbli")
    kbli.define("kbli", key="code", text=["title"])
    assert kbli.search("kbli", "rice") == [] and kbli.count("kbli") == 0
    ada.records.delete_set("kbli")


def test_a_locked_set_is_changed_by_its_maker_and_administrators(amina, ben, ada, kbli):
    kbli.define("prices", key="id", locked=True)
    kbli.put("prices", {"id": "a"})
    for change in (
        lambda: ben.records.put("prices", {"id": "b"}),
        lambda: ben.records.put_many("prices", [{"id": "b"}]),
        lambda: ben.records.update("prices", "a", {"x": 1}),
        lambda: ben.records.delete("prices", "a"),
    ):
        refused("record_set_read_only", change)
    assert ada.records.put("prices", {"id": "b"}).version == 1
    assert keys(ben.records.find("prices")) == ["a", "b"]


def test_auditors_read_and_visitors_do_nothing(store, kbli):
    aud = store.tenant("acme").user("aud@acme.test").records
    assert aud.count("kbli") == 5
    refused("permission_denied", aud.put, "kbli", {"code": "1"})
    visitor = store.authenticate(store.system().identity.create_visitor(tenant="acme").token)
    refused("permission_denied", visitor.records.find, "kbli")
