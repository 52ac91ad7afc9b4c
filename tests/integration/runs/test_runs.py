"""Workflows and their runs: made, started, finished once, resolved by whoever is first, told of by outside engines."""

import itertools
import threading
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.refusals import refused

import holdfast
from holdfast.core.ids import new_id
from holdfast.domains.runs.errors import RunResolved

BEGAN = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


@pytest.fixture
def workflow(amina):
    return amina.runs.create_workflow("Lead intake", external_id="n8n-12", category="crm", metadata={"a": 1})


# -- workflows ---------------------------------------------------------------------------------------------------------


def test_a_workflow_is_found_listed_and_changed(amina, ben, ada, workflow):
    r = amina.runs
    assert r.workflow(workflow.id) == workflow == r.workflow_of("n8n-12")
    other = r.create_workflow("Report")
    assert [one.id for one in r.workflows().items] == [other.id, workflow.id]
    assert [one.id for one in r.workflows(category="crm").items] == [workflow.id]
    changed = r.update_workflow(workflow.id, name="Leads", active=False)
    assert (changed.name, changed.active, changed.category, changed.metadata) == ("Leads", False, "crm", {"a": 1})
    assert ben.runs.workflow(workflow.id) == changed and r.workflows(active=True).items == (other,)
    refused("workflow_inactive", r.start, workflow.id)
    refused("workflow_not_found", ben.runs.update_workflow, workflow.id, name="Mine")
    assert ada.runs.update_workflow(workflow.id, active=True).active
    first = r.workflows(limit=1)
    assert r.workflows(limit=1, cursor=first.next).items == (ada.runs.workflow(workflow.id),)


def test_an_outside_id_is_one_tenants_alone(store, amina, gus, workflow):
    assert "n8n-12" in refused("workflow_exists", amina.runs.create_workflow, "Again", external_id="n8n-12")
    theirs = gus.runs.create_workflow("Theirs", external_id="n8n-12")
    assert theirs.id != workflow.id
    mine = amina.runs.start(workflow.id)
    for call, wanted in (
        (gus.runs.workflow, workflow.id),
        (gus.runs.start, workflow.id),
    ):
        assert "Lead" not in refused("workflow_not_found", call, wanted)
    for call in (gus.runs.get, gus.runs.finish, gus.runs.resolve, gus.runs.wait, gus.runs.begin):
        refused("run_not_found", call, mine.id)
    gus.runs.tell("n8n-12", "e-1", status="success", at=BEGAN)
    assert gus.runs.statistics(since=BEGAN - timedelta(1), until=datetime.now(UTC)).total.runs == 1
    assert [run.workflow_id for run in gus.runs.list().items] == [theirs.id]
    assert gus.runs.list(workflow=workflow.id).items == ()


def test_two_who_take_an_outside_id_at_once(sync_store):
    made = []

    def make():
        me = sync_store.tenant("acme").user("amina@acme.test")
        try:
            made.append(me.runs.create_workflow("x", external_id="same").id)
        except holdfast.HoldfastError as error:
            made.append(error.code)

    threads = [threading.Thread(target=make) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert made.count("workflow_exists") == 5


# -- runs --------------------------------------------------------------------------------------------------------------


def test_a_run_from_start_to_end(amina, workflow):
    r = amina.runs
    begun = r.start(workflow.id, input={"lead": 7}, attempt=2)
    assert (begun.status, begun.attempt, begun.input, begun.finished_at) == ("running", 2, {"lead": 7}, None)
    assert r.get(begun.id) == begun
    ended = r.finish(begun.id, output={"score": 0.5})
    assert (ended.status, ended.output, ended.error) == ("success", {"score": 0.5}, None)
    assert ended.duration_ms == pytest.approx((ended.finished_at - begun.started_at).total_seconds() * 1000)
    assert r.get(begun.id) == ended
    failed = r.finish(r.start(workflow.id, parent=begun.id).id, status="error", error="no such lead")
    assert (failed.status, failed.error, failed.parent_id) == ("error", "no such lead", begun.id)
    assert [run.id for run in r.list(parent=begun.id).items] == [failed.id]
    queued = r.start(workflow.id, queued=True)
    assert (queued.status, queued.started_at) == ("queued", None)
    assert r.begin(queued.id).status == "running"
    refused("run_begun", r.begin, queued.id)


def test_a_run_ends_once(amina, workflow):
    run = amina.runs.start(workflow.id)
    first = amina.runs.finish(run.id, status="error", error="boom")
    for status in ("success", "error", "cancelled"):
        assert "error" in refused("run_finished", amina.runs.finish, run.id, status=status)
    for call in (amina.runs.wait, amina.runs.begin, amina.runs.resolve):
        refused("run_finished", call, run.id)
    assert amina.runs.get(run.id) == first


def test_of_many_who_finish_at_once_one_does(sync_store):
    me = sync_store.tenant("acme").user("amina@acme.test")
    run = me.runs.start(me.runs.create_workflow("x").id)
    ended = []

    def end(number):
        try:
            ended.append(me.runs.finish(run.id, output=number).output)
        except holdfast.HoldfastError as error:
            assert error.code == "run_finished"

    threads = [threading.Thread(target=end, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [me.runs.get(run.id).output] == ended


def test_a_waiting_run_is_resolved_by_whoever_is_first(amina, ben, workflow):
    run = amina.runs.start(workflow.id)
    refused("run_not_waiting", ben.runs.resolve, run.id)
    waiting = amina.runs.wait(run.id, asked={"send": "offer"})
    assert (waiting.status, waiting.waits, waiting.asked) == ("waiting", 1, {"send": "offer"})
    refused("run_waiting", amina.runs.wait, run.id)
    refused("run_waiting", amina.runs.finish, run.id)
    assert [one.id for one in ben.runs.list(status="waiting").items] == [run.id]
    resolved = ben.runs.resolve(run.id, answer={"yes": True}, number=1)
    assert (resolved.status, resolved.answer, resolved.resolved_by) == ("running", {"yes": True}, ben.scope.actor_id)
    refused("run_resolved", amina.runs.resolve, run.id, answer={"yes": False})
    assert amina.runs.wait(run.id, asked={"send": "reminder"}).answer is None
    refused("run_resolved", amina.runs.resolve, run.id, number=1)  # an old page
    assert amina.runs.resolve(run.id, number=2).waits == 2
    assert amina.runs.finish(run.id).status == "success"
    other = amina.runs.start(workflow.id)
    amina.runs.wait(other.id)
    assert amina.runs.finish(other.id, status="cancelled").status == "cancelled"


def test_of_many_who_click_at_once_one_is_first(sync_store):
    people = [sync_store.tenant("acme").user(f"{name}@acme.test") for name in ("amina", "ben", "ada", "oli")]
    r = people[0].runs
    run = r.start(r.create_workflow("x").id)
    r.wait(run.id)
    first = []

    def click(person):
        with suppress(RunResolved):
            first.append(person.runs.resolve(run.id, answer=str(person.scope.actor_id)).answer)

    threads = [threading.Thread(target=click, args=(person,)) for person in people * 3]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [r.get(run.id).answer] == first and first == [str(r.get(run.id).resolved_by)]


def test_a_run_of_a_conversation_is_its_starters_own(amina, ben, ada, workflow):
    chat = amina.conversations.create()
    run = amina.runs.start(workflow.id, conversation=chat.id, input="heliotrope")
    refused("conversation_not_found", ben.runs.start, workflow.id, conversation=chat.id)
    refused("run_not_found", ben.runs.get, run.id)
    assert ben.runs.list().items == () and ada.runs.get(run.id) == run
    assert [one.id for one in amina.runs.list(conversation=chat.id).items] == [run.id]
    reads = [line for line in ada.audit.list().items if line.outcome == "read"]
    assert any(line.target_id == run.id and line.owner_id == amina.scope.actor_id for line in reads)


def test_the_list_by_filters_and_pages(amina, workflow):
    r, other = amina.runs, amina.runs.create_workflow("Other")
    made = [r.start(workflow.id).id for _ in range(5)] + [r.start(other.id).id]
    r.finish(made[0], status="error")
    assert [run.id for run in r.list(status="error").items] == [made[0]]
    first = r.list(workflow=workflow.id, limit=3)
    rest = r.list(workflow=workflow.id, limit=3, cursor=first.next)
    assert [run.id for run in (*first.items, *rest.items)] == made[4::-1]
    refused("invalid_cursor", r.list, cursor=first.next)
    later = datetime.now(UTC) + timedelta(hours=1)
    assert r.list(since=later).items == () and len(r.list(until=later).items) == 6


def test_what_python_alone_can_say_wrongly_is_refused(amina, workflow):
    r = amina.runs
    run = r.start(workflow.id)
    for bad in (float("nan"), {"a\0": 1}, object(), "\ud800"):
        refused("invalid_input", r.start, workflow.id, input=bad)
        refused("invalid_input", r.finish, run.id, output=bad)
    refused("invalid_input", r.wait, run.id, asked="a" * 300_000)
    for attempt in (0, -1, 1.5, True, None, "1"):
        refused("invalid_input", r.start, workflow.id, attempt=attempt)
    refused("invalid_input", r.finish, run.id, status="running")
    refused("invalid_input", r.finish, run.id, error="there was none")
    refused("invalid_input", r.start, "n8n-12")
    refused("workflow_not_found", r.start, new_id())
    refused("run_not_found", r.start, workflow.id, parent=new_id())
    refused("conversation_not_found", r.start, workflow.id, conversation=new_id())
    for name in ("", " ", None, 5, "x" * 501):
        refused("invalid_input", r.create_workflow, name)
    refused("invalid_input", r.statistics, since=BEGAN, until=BEGAN)
    refused("invalid_input", r.statistics, since=BEGAN.replace(tzinfo=None), until=BEGAN)
    assert r.get(run.id).status == "running"


# -- what outside engines tell -----------------------------------------------------------------------------------------


def at(second):
    return BEGAN + timedelta(seconds=second)


def test_a_moment_in_another_unit_is_refused_and_leaves_nothing(amina, workflow):
    for wrong in (datetime(9999, 1, 1, tzinfo=UTC), datetime(1970, 1, 21, tzinfo=UTC), datetime(1, 1, 1, tzinfo=UTC)):
        refused("invalid_input", amina.runs.tell, "n8n-12", "e-1", status="running", at=wrong)
        refused("invalid_input", amina.runs.tell, "n8n-12", "e-1", status="running", at=at(1), started_at=wrong)
    assert amina.runs.list().items == ()


def test_telling_again_changes_nothing(amina, workflow):
    told = {"status": "running", "at": at(1), "input": {"lead": 1}}
    first = amina.runs.tell("n8n-12", "e-9", **told)
    assert (first.status, first.started_at, first.execution_id) == ("running", at(1), "e-9")
    lines = len(amina.runs.list().items)
    assert amina.runs.tell("n8n-12", "e-9", **told) == first and len(amina.runs.list().items) == lines
    ended = amina.runs.tell("n8n-12", "e-9", status="success", at=at(4), output=[1])
    assert (ended.id, ended.duration_ms, ended.output, ended.input) == (first.id, 3000.0, [1], {"lead": 1})
    assert amina.runs.tell("n8n-12", "e-9", **told) == ended
    refused("workflow_not_found", amina.runs.tell, "nowhere", "e-9", **told)


EVENTS = (
    {"status": "queued", "at": at(0)},
    {"status": "running", "at": at(1), "input": {"lead": 1}},
    {"status": "waiting", "at": at(3)},
    {"status": "running", "at": at(5)},
    {"status": "error", "at": at(6), "error": "first"},
    {"status": "success", "at": at(8), "output": {"ok": True}, "attempt": 2},
)
_numbers = itertools.count()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=25)
@given(order=st.permutations(range(len(EVENTS))), again=st.lists(st.integers(0, len(EVENTS) - 1), max_size=4))
def test_in_whatever_order_and_however_often_it_is_told_it_ends_up_the_same(sync_store, order, again):
    r = sync_store.tenant("acme").user("amina@acme.test").runs
    if not r.workflows().items:
        r.create_workflow("x", external_id="n8n-12")
    execution = f"e-{next(_numbers)}"
    for number in (*order, *again):
        last = r.tell("n8n-12", execution, **EVENTS[number])
    assert (last.status, last.started_at, last.finished_at) == ("success", at(1), at(8))
    assert (last.output, last.error, last.attempt, last.input) == ({"ok": True}, None, 2, {"lead": 1})
    assert last.duration_ms == 7000.0


def test_many_tell_of_one_execution_at_once(sync_store):
    r = sync_store.tenant("acme").user("amina@acme.test").runs
    r.create_workflow("x", external_id="n8n-12")
    threads = [
        threading.Thread(target=r.tell, args=("n8n-12", "e-1"), kwargs=dict(event)) for event in (*EVENTS, *EVENTS)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (run,) = r.list().items
    assert (run.status, run.started_at, run.duration_ms) == ("success", at(1), 7000.0)


# -- statistics --------------------------------------------------------------------------------------------------------


def test_statistics_by_the_stated_rule(amina, workflow):
    """Durations 1 to 100 seconds on two days; every tenth fails, some are cancelled, some go on."""
    r, number = amina.runs, 0
    for number in range(1, 101):
        began = BEGAN + timedelta(days=number % 2, seconds=number)
        ending = "error" if number % 10 == 0 else "success"
        r.tell("n8n-12", f"e-{number}", status=ending, at=began + timedelta(seconds=number), started_at=began)
    for ending in ("cancelled", "cancelled", "running", "waiting"):
        number += 1
        r.tell("n8n-12", f"e-{number}", status=ending, at=BEGAN + timedelta(hours=2), started_at=BEGAN)
    other = r.create_workflow("Other", external_id="other")
    r.tell("other", "e-1", status="success", at=BEGAN + timedelta(seconds=1000), started_at=BEGAN)
    found = r.statistics(since=BEGAN, until=BEGAN + timedelta(days=2), workflow=workflow.id)
    total = found.total
    assert (total.runs, total.success, total.error, total.cancelled, total.open) == (104, 90, 10, 2, 2)
    assert total.success_rate == 0.9 and (total.p50_ms, total.p95_ms) == pytest.approx((50_000.0, 95_000.0), rel=0.02)
    assert [(day.day, day.tally.runs) for day in found.days] == [(BEGAN.date(), 54), (at(86400).date(), 50)]
    assert found.days[1].tally.p50_ms == pytest.approx(49_000.0, rel=0.02) and found.days[1].tally.error == 0
    everything = r.statistics(since=BEGAN, until=BEGAN + timedelta(days=2))
    assert [(one.name, one.tally.runs) for one in everything.workflows] == [("Lead intake", 104), ("Other", 1)]
    assert everything.workflows[1].workflow_id == other.id and everything.total.runs == 105
    nothing = r.statistics(since=BEGAN - timedelta(days=2), until=BEGAN)
    assert (nothing.total.runs, nothing.total.success_rate, nothing.total.p50_ms, nothing.days) == (0, None, None, ())
