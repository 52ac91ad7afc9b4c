"""Tenants have turns: what one has queued does not make another wait."""

import pytest

from holdfast.core.ids import new_id
from holdfast.core.jobs import kinds, queries
from holdfast.core.jobs.queueing import new_row

NAME = "test.count"


@pytest.fixture
def gus(root):
    return root.tenant("globex").user("gus@globex.test")


@pytest.fixture
def turns(kind):
    """The tenants whose jobs were done, in order."""
    done = []

    def body(run, _given):
        done.append(run.scope.tenant_id)
        return {}

    kind(body)
    return done


def queue_many(root, person, count):
    row = new_row(kinds.named(NAME), {}, key=None, not_before=None) | {"request_id": None}
    row["requested_by"] = person.scope.actor_id
    rows = [row | {"id": new_id()} for _ in range(count)]
    root.engine.write(person.scope, "own", lambda tx: tx.many(queries.of_tenant.insert, rows))


def test_one_job_beside_thousands_is_done_in_the_next_turn(root, amina, gus, turns):
    queue_many(root, amina, 3_000)
    acme, globex = amina.scope.tenant_id, gus.scope.tenant_id
    worker = root.worker()
    assert worker.run_due(most=3) == 3 and turns == [acme] * 3
    gus.jobs.submit(NAME)
    assert worker.run_due(most=3) == 3 and turns[3:] in ([globex, acme, acme], [acme, globex, acme])
    gus.jobs.submit(NAME)
    another = root.worker()
    assert another.run_due(most=2) == 2
    assert turns[6:] == [acme, globex]  # one that is new begins with whoever has waited longest


def test_every_tenant_with_work_has_a_turn_before_one_has_two(root, amina, gus, turns):
    for person in (amina, gus):
        queue_many(root, person, 4)
    assert root.worker().run_due() == 8
    assert all(turns[place] != turns[place + 1] for place in range(7))
