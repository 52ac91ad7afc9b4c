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
