"""Finishing a run: at once by who started it, step by step by others. Both come to the same, on both engines."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import bindparam, select
from support.refusals import refused

from holdfast.core.database import TENANT, Query
from holdfast.core.database.types import Id
from holdfast.domains.runs import actions, telling
from holdfast.domains.runs.durations import FACTOR, bucket_of
from holdfast.domains.runs.tables import runs

BEGAN = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
_row = Query(
    select(*[column for column in runs.c if column.name not in ("tenant_id", "id")]).where(
        runs.c.tenant_id == TENANT, runs.c.id == bindparam("id", type_=Id)
    )
)


@pytest.fixture
def people(sync_store):
    acme = sync_store.tenant("acme")
    return [acme.user(f"{name}@acme.test") for name in ("amina", "ben", "ada")]


@pytest.fixture
def at_once(people, monkeypatch):
    """Makes every transaction of several statements a fault, and finishes a run."""
    engine = people[0].runs.engine

    def finish(person, run, **given):
        with monkeypatch.context() as patch:
            patch.setattr(engine, "_in_transaction", None, raising=False)
            return person.runs.finish(run, **given)

    return finish


def kept(person, run):
    """Everything in its row."""
    return person.runs.engine.read(person.scope, "tenant", lambda tx: tx.first(_row, {"id": run}))


def line(admin, run):
    """What the trail says of its end, but for who and when."""
    (found,) = [one for one in admin.audit.list(target=run).items if one.details.get("status")]
    return found.operation, found.outcome, found.target_kind, found.target_id == run, found.owner_id, found.details


@pytest.mark.parametrize(
    "given", [{"output": {"a": [1, None]}}, {"status": "error", "error": "boom"}, {"output": None}]
)
def test_both_ways_come_to_the_same(people, at_once, given, monkeypatch):
    amina, ben, ada = people
    workflow = amina.runs.create_workflow("x").id
    made = []
    for person in (amina, ben):
        for module in (actions, telling):
            monkeypatch.setattr(module, "now", lambda: BEGAN)
        run = amina.runs.start(workflow, input={"lead": 7}, attempt=2)
        monkeypatch.setattr(actions, "now", lambda: BEGAN + timedelta(milliseconds=1_234.567))
        ended = at_once(person, run.id, **given) if person is amina else person.runs.finish(run.id, **given)
        monkeypatch.undo()
        assert amina.runs.get(run.id) == ended
        assert line(ada, run.id)[4] == amina.scope.actor_id
        made.append((kept(amina, run.id), line(ada, run.id), ended.duration_ms))
    assert made[0] == made[1] and made[0][2] == 1_234.567
    assert ada.audit.verify().ok
    since = BEGAN.replace(hour=0)
    assert amina.runs.statistics(since=since, until=since + timedelta(days=1)).total.runs == 2


@pytest.mark.parametrize(
    "microseconds", [-5, 0, 1, 999, 1_000, 86_400_000_000, *(round(1_000 * FACTOR**n) for n in (1, 50, 177, 400))]
)
def test_a_duration_and_its_bucket_are_those_of_the_steps(people, at_once, monkeypatch, microseconds):
    amina = people[0]
    for module in (actions, telling):
        monkeypatch.setattr(module, "now", lambda: BEGAN)
    run = amina.runs.start(amina.runs.create_workflow("x").id)
    monkeypatch.setattr(actions, "now", lambda: BEGAN + timedelta(microseconds=microseconds))
    took = telling.duration(BEGAN, BEGAN + timedelta(microseconds=microseconds))
    assert at_once(amina, run.id).duration_ms == took
    assert kept(amina, run.id)[-1] == bucket_of(took)


def test_what_cannot_end_so_is_refused_and_changes_nothing(people):
    amina, ben, _ = people
    workflow = amina.runs.create_workflow("x").id
    done, waits = amina.runs.start(workflow).id, amina.runs.start(workflow).id
    amina.runs.finish(done, output=1)
    before = amina.runs.wait(waits, asked="?")
    assert "ended already (success)" in refused("run_finished", amina.runs.finish, done, output=2)
    refused("run_waiting", amina.runs.finish, waits)
    hidden = amina.runs.start(workflow, conversation=amina.conversations.create().id).id
    refused("run_not_found", ben.runs.finish, hidden)
    assert [amina.runs.get(run).status for run in (done, waits, hidden)] == ["success", "waiting", "running"]
    assert amina.runs.get(waits) == before
    assert amina.runs.finish(waits, status="cancelled").asked == "?"
    assert amina.runs.finish(hidden).conversation_id is not None


def test_a_run_that_has_not_begun_has_no_duration(people, at_once):
    amina = people[0]
    queued = amina.runs.start(amina.runs.create_workflow("x").id, queued=True)
    ended = at_once(amina, queued.id, status="cancelled")
    assert (ended.status, ended.started_at, ended.duration_ms) == ("cancelled", None, None)
    assert amina.runs.get(queued.id) == ended
