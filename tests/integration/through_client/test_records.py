"""Records at a server: the names of the library. See conftest.py."""

from integration.records.conftest import kbli  # noqa: F401
from integration.records.test_records import *  # noqa: F403
from support.refusals import refused


def test_sets_are_shared_and_read_by_their_names_there(store, gus):
    ada = store.tenant("acme").user("ada@acme.test").records
    ada.define("rates", key="id", indexed=["kind"], weight="w")
    ada.put_many("rates", [{"id": "1", "kind": "a", "w": 1}])
    made = ada.share("rates", tenant="globex", levels=[])
    assert (made.tenant, made.levels, ada.shares("rates")) == ("globex", (), [made])
    room = gus.records
    assert room.get_set("acme:rates").owner == "acme"
    assert room.get("acme:rates", "1").data["kind"] == "a"
    assert room.pick("acme:rates")[0].key == "1"
    ada.unshare("rates", tenant="globex")
    refused("record_set_not_found", room.count, "acme:rates")


def test_what_is_nested_beyond_measure_is_refused_by_name(kbli):  # noqa: F811  # the client refuses it, before the server could
    deep = {"sector": "J"}
    for _ in range(20_000):
        deep = {"not": deep}
    for call in (kbli.find, kbli.count, kbli.pick):
        refused("invalid_input", call, "kbli", where=deep)
    refused("invalid_input", kbli.group, "kbli", by="sector", where=deep)
    refused("invalid_input", kbli.update, "kbli", "61", {"title": deep})
