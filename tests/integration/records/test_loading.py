"""Many records: lots that overlap, that end in an error, that come from two sides at once."""

import threading
import time
from datetime import timedelta

import pytest
from integration.records.conftest import keys
from support.refusals import refused

import holdfast
from holdfast import Settings
from holdfast.core import clock
from holdfast.domains.records import picking
from holdfast.domains.records.pool_rows import Row

LOTS = Settings(record_batch=10)


@pytest.fixture
def things(place):
    with holdfast.open(place.url, place.key, settings=LOTS) as store:
        room = store.tenant("acme").user("amina@acme.test").records
        room.define("things", key="id", indexed=["n"])
        yield room


def rows(count, n=1):
    return [{"id": f"{number:03d}", "n": n} for number in range(count)]


def test_lots_are_told_in_order_and_the_last_of_a_key_counts(things):
    told, threads = [], set()

    def progress(report):
        told.append(report.stored)
        threads.add(threading.current_thread())

    twice = [*rows(35), *rows(35, n=2), {"id": "x" * 600}]
    report = things.put_many("things", iter(twice), on_progress=progress)
    assert (report.added, report.changed, [one.number for one in report.failed]) == (35, 35, [71])
    assert told == [10, 20, 30, 40, 50, 60, 70, 70] and threads == {threading.current_thread()}
    assert things.count("things", where={"n": 2}) == 35


def test_what_was_read_before_the_rows_ended_in_an_error_is_stored_and_told(things):
    told = []

    def broken():
        yield from rows(25)
        raise OSError("the file ended")

    with pytest.raises(OSError, match="the file ended"):
        things.put_many("things", broken(), on_progress=told.append)
    assert [one.stored for one in told] == [10, 20] and things.count("things") == 20
    assert things.put_many("things", rows(25)).added == 5


def test_a_set_that_goes_away_ends_it_by_name(things):
    def coming():
        yield from rows(15)
        things.delete_set("things")
        yield from rows(15, n=2)

    refused("record_set_not_found", things.put_many, "things", coming())


def test_two_that_store_the_same_keys_in_other_orders_both_end(things, place):
    with holdfast.open(place.url, place.key, settings=LOTS) as store:
        other = store.tenant("acme").user("ben@acme.test").records
        sides = ((things, rows(60, n=1)), (other, rows(60, n=2)[::-1]), (other, rows(60, n=3)))
        reports = []
        threads = [
            threading.Thread(target=lambda room=room, some=some: reports.append(room.put_many("things", some)))
            for room, some in sides
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert [(report.stored, report.failed) for report in reports] == [(60, ())] * 3
        assert sum(report.added for report in reports) == things.count("things") == 60


def test_a_truth_in_place_of_a_number_is_a_change(things):
    things.put("things", {"id": "a", "n": 1})
    assert things.put("things", {"id": "a", "n": True}).data["n"] is True
    assert things.put_many("things", [{"id": "a", "n": 1}]).changed == 1
    assert keys(things.find("things", where={"n": 1})) == ["a"]


def test_what_expires_is_not_picked_from_that_moment_on(place, monkeypatch):
    with holdfast.open(place.url, place.key, settings=Settings(pick_seconds=0.000_001)) as store:
        room, start = store.tenant("acme").user("amina@acme.test").records, clock.now()
        room.define("offers", key="id", weight="w", expires="until")
        room.put("offers", {"id": "kept", "w": 1})
        where = {"id": {"prefix": "soon"}}
        refused("nothing_to_pick", room.pick, "offers", where=where)
        for number in (1, 2):  # the pool is there, and learns of each
            until = (start + timedelta(hours=number)).isoformat()
            room.put("offers", {"id": f"soon {number}", "w": 10**9, "until": until})
        picked = [{one.key for one in room.pick("offers", n=50, where=asked)} for asked in (None, where)]
        assert picked == [{"soon 1", "soon 2"}] * 2
        monkeypatch.setattr(picking, "now", lambda: start + timedelta(hours=1))
        picked = [{one.key for one in room.pick("offers", n=50, where=asked)} for asked in (None, where)]
        assert picked == [{"soon 2"}] * 2
        monkeypatch.setattr(picking, "now", lambda: start + timedelta(hours=2))
        assert room.pick("offers")[0].key == "kept"
        refused("nothing_to_pick", room.pick, "offers", where=where)


@pytest.mark.parametrize(("seconds", "most"), [(-1, 0), (50, 50), (500, 100)])
def test_a_pool_is_trusted_until_a_record_of_it_expires(seconds, most):
    moment = clock.now()
    row = Row("a", "", 1.0, "{}", 1, moment, moment, moment + timedelta(seconds=seconds))
    pool = picking.Pool(None, frozenset(), 0, [row], 100)
    assert most - 5 < pool._until - time.monotonic() + (seconds < 0) <= most
    assert pool.is_known == (seconds > 0)


def test_the_largest_and_the_smallest_weights_are_picked_by(amina):
    room = amina.records
    room.define("scales", key="id", weight="w")
    room.put("scales", {"id": "all", "w": 1})
    assert room.pick("scales")[0].key == "all"
    for key, weight in (("huge", 1.7e308), ("whole", 2**63 - 1), ("none", 0)):
        room.put("scales", {"id": key, "w": weight})
    assert {one.key for one in room.pick("scales", n=200)} == {"huge"}
    assert {one.key for one in room.pick("scales", n=200, where={"w": {"<": 2.0**64}})} == {"whole"}
    wrong = {"": "the key is empty", "x": "not below it"}
    for key, text in wrong.items():
        assert text in refused("record_refused", room.put, "scales", {"id": key, "w": -1 if key else 1})


def test_groups_are_values_that_can_be_asked_for_on_both_paths(amina):
    room = amina.records
    room.define("sizes", key="id", indexed=["n"])
    given = [1e300, -1e300, 1e17, 2**63 - 1, -(2**63) + 1, 0.5]
    room.put_many("sizes", [{"id": str(at), "n": value, "m": value} for at, value in enumerate(given)])
    for path in ("n", "m"):
        groups = [one.value for one in room.group("sizes", by=path)]
        assert sorted(map(repr, groups)) == sorted(map(repr, [1e300, -1e300, 10**17, 2**63 - 1, -(2**63) + 1, 0.5]))
        assert [room.count("sizes", where={path: value}) for value in groups] == [1] * len(given)
