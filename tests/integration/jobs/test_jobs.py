"""Background work: done once, tried again, cancelled, taken over from a worker that died, seen by whom it concerns."""

import threading
from datetime import timedelta
from time import monotonic, sleep

import pytest
from support.refusals import refused

import holdfast
from holdfast.core.clock import now
from holdfast.core.errors import Unavailable
from holdfast.core.ids import new_id
from holdfast.core.jobs import enqueue, keeping
from holdfast.core.jobs.errors import JobFailed, LeaseLost
from holdfast.core.scope import NIL, OPERATOR
from holdfast.domains.conversations import Conversations
from holdfast.domains.identity import preference_queries


def titles(me):
    return sorted(chat.title for chat in me.conversations.list().items)


def effect(title):
    """What a test's job does that can be counted: it makes a conversation."""

    def body(run, given):
        return {"made": str(run.room(Conversations).create(title=f"{title}{given.label}").id)}

    return body


def test_a_job_is_done_as_whoever_asked_for_it(root, amina, kind):
    seen = []

    def body(run, given):
        seen.append((run.scope.actor_id, run.scope.role, run.scope.request_id, run.scope.face, given.to))
        return {"counted": given.to}

    kind(body)
    made = amina.jobs.submit("test.count", {"to": 5})
    assert (made.status, made.attempts, made.request_id) == ("queued", 0, "r-7")
    assert root.worker().run_due() == 1
    done = amina.jobs.get(made.id)
    assert (done.status, done.result, done.attempts, done.error) == ("done", {"counted": 5}, 1, None)
    assert done.started_at is not None and done.finished_at >= done.started_at
    assert seen == [(amina.scope.actor_id, "member", "r-7", "job", 5)]
    assert root.worker().run_due() == 0


def test_the_operators_jobs_act_as_the_operator(root, kind):
    seen = []
    kind(lambda run, _given: seen.append((run.scope.role, run.scope.tenant_id)))
    acme = root.tenant("acme").tenant.id
    root.system().jobs.submit("test.count")
    root.engine.write(OPERATOR, "all", lambda tx: enqueue(tx, "test.count", tenant_id=acme))
    assert root.worker().run_due() == 2
    assert set(seen) == {("operator", acme), ("operator", None)}
    assert {job.tenant_id for job in root.system().jobs.list().items} == {NIL, acme}


def test_it_is_queued_with_what_asks_for_it_or_not_at_all(root, amina, kind):
    kind(effect("x"))

    def work(tx):
        enqueue(tx, "test.count")
        raise RuntimeError("the change failed")

    with pytest.raises(RuntimeError):
        root.engine.write(amina.scope, "own", work)
    assert amina.jobs.list().items == ()


def test_under_one_key_one_person_gets_one_job(root, amina, kind):
    kind(effect("once "))
    first = amina.jobs.submit("test.count", key="invoice-7")
    assert amina.jobs.submit("test.count", {"to": 9}, key="invoice-7").id == first.id
    root.worker().run_due()
    assert amina.jobs.submit("test.count", key="invoice-7").status == "done"
    ben = root.tenant("acme").user("ben@acme.test")
    assert ben.jobs.submit("test.count", key="invoice-7").id != first.id
    assert titles(amina) == ["once "]


def test_two_who_ask_at_once_under_one_key_get_one_job(root, kind):
    kind(effect("x"))
    made = []

    def ask():
        me = root.tenant("acme").user("amina@acme.test")
        made.append(me.jobs.submit("test.count", key="k").id)

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 8 and len(set(made)) == 1


def test_many_workers_do_each_job_once(root, amina, kind):
    done, mutex = [], threading.Lock()

    def body(_run, given):
        with mutex:
            done.append(given.label)

    kind(body)
    for number in range(40):
        amina.jobs.submit("test.count", {"label": str(number)})
    threads = [threading.Thread(target=root.worker().run_due) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(done, key=int) == [str(number) for number in range(40)]
    assert {job.status for job in amina.jobs.list().items} == {"done"}


# -- failures ----------------------------------------------------------------------------------------------------------


def test_what_fails_for_a_while_is_tried_again_after_growing_pauses(root, amina, kind, clock):
    tries = []

    def body(_run, _given):
        tries.append(clock())
        if len(tries) < 4:
            raise Unavailable("the platform does not answer")
        return "at last"

    kind(body)
    made = amina.jobs.submit("test.count")
    worker = root.worker(clock=clock)
    clock.forward(seconds=1)
    waits = []
    while (job := amina.jobs.get(made.id)).status != "done":
        if tries:
            assert (job.status, job.error, job.reason) == ("queued", "unavailable", "the platform does not answer")
            waits.append((job.due_at - clock()).total_seconds())
            assert worker.run_due() == 0
            clock.moment = job.due_at
        worker.run_due()
    assert job.result == "at last" and job.attempts == 4
    for wait, longest in zip(waits, (10, 20, 40), strict=True):
        assert longest / 2 <= wait <= longest


def test_after_so_many_attempts_it_has_failed_and_can_be_tried_again_by_hand(root, amina, kind, clock):
    broken = [True]

    def body(_run, _given):
        if broken[0]:
            raise RuntimeError("secret content")
        return "mended"

    kind(body, max_attempts=2)
    made = amina.jobs.submit("test.count")
    worker = root.worker(clock=clock)
    for _ in range(3):
        clock.forward(hours=2)
        worker.run_due()
    failed = amina.jobs.get(made.id)
    assert (failed.status, failed.error, failed.attempts) == ("failed", "internal_error", 2)
    assert "secret content" not in str(failed), "what is not ours says nothing but an id that is in the log"
    broken[0] = False
    assert amina.jobs.retry(made.id).status == "queued"
    clock.forward(hours=2)
    worker.run_due()
    assert amina.jobs.get(made.id).result == "mended"
    refused("job_not_ended", amina.jobs.retry, made.id)


@pytest.mark.parametrize("error", [JobFailed("there is no such file"), holdfast.HoldfastError("x")])
def test_what_would_fail_again_is_not_tried_again(root, amina, kind, error):
    if not isinstance(error, JobFailed):
        error = _not_found(amina)

    def body(_run, _given):
        raise error

    kind(body)
    made = amina.jobs.submit("test.count")
    root.worker().run_due()
    failed = amina.jobs.get(made.id)
    assert (failed.status, failed.error, failed.attempts) == ("failed", error.code, 1)


def _not_found(me):
    try:
        me.conversations.get(NIL)
    except holdfast.HoldfastError as error:
        return error
    raise AssertionError("there is such a conversation")


def test_whoever_is_suspended_gets_nothing_done(root, amina, kind):
    kind(effect("x"))
    made = amina.jobs.submit("test.count")
    root.system().identity.set_status("amina@acme.test", "suspended", tenant="acme")
    root.worker().run_due()
    failed = root.system().jobs.get(made.id)
    assert (failed.status, failed.error) == ("failed", "membership_suspended")
    root.system().identity.set_status("amina@acme.test", "active", tenant="acme")
    assert titles(root.tenant("acme").user("amina@acme.test")) == []


# -- leases and checkpoints --------------------------------------------------------------------------------------------


class Died(BaseException):
    """The worker's process is gone: nothing of it runs any more."""


def mark(name):
    """An effect that can be counted: done twice it leaves two rows."""

    def work(tx):
        row = {"name": f"{name} {new_id()}", "value": 1, "updated_at": now()}
        tx.run(preference_queries.insert_here, row)

    return work


def marks(me):
    return sorted(name.split()[0] for name in me.identity.preferences())


def in_steps(dies_at):
    """A body with an effect in each step, whose worker dies once before one of them."""
    begun = []

    def body(run, given):
        begun.append(run.checkpoint)
        for number in range(run.checkpoint or 0, given.to):
            if number == dies_at and len(begun) == 1:
                raise Died
            run.step(mark(f"step-{number}"), checkpoint=number + 1, done=number + 1, total=given.to)
        return {"attempt": run.attempt}

    return body, begun


def test_what_a_worker_left_when_it_died_another_takes_up_from_the_checkpoint(root, amina, kind, clock):
    body, begun = in_steps(dies_at=2)
    kind(body)
    made = amina.jobs.submit("test.count", {"to": 4})
    with pytest.raises(Died):
        root.worker(clock=clock).run_due()
    left = amina.jobs.get(made.id)
    assert (left.status, left.done, left.total) == ("running", 2, 4)
    other = root.worker(clock=clock)
    clock.forward(seconds=29)
    assert other.run_due() == 0, "the lease is good"
    clock.forward(seconds=2)
    assert other.run_due() == 1
    done = amina.jobs.get(made.id)
    assert (done.status, done.result, done.done) == ("done", {"attempt": 2}, 4)
    assert begun == [None, 2]
    assert marks(amina) == ["step-0", "step-1", "step-2", "step-3"], "each effect once"


def test_a_worker_that_was_paused_writes_nothing_when_another_has_the_job(root, amina, kind, clock):
    """It wakes in the middle of a step, and at the end."""
    paused = []

    def body(run, _given):
        run.step(mark("first"), checkpoint=1)
        if not paused:
            paused.append(run)
            clock.forward(minutes=1)  # the machine sleeps; meanwhile
            assert root.worker(clock=clock).run_due() == 1
            with pytest.raises(LeaseLost):
                run.step(mark("late"), checkpoint=2)
            with pytest.raises(LeaseLost):
                run.progress(5)
            return "the paused one's"
        return "the other's"

    kind(body)
    made = amina.jobs.submit("test.count")
    root.worker(clock=clock).run_due()
    done = amina.jobs.get(made.id)
    assert (done.status, done.result, done.attempts) == ("done", "the other's", 2)
    assert marks(amina) == ["first", "first"], (
        "the other one began from no checkpoint of its own, and late is not there"
    )


def test_a_paused_worker_that_only_ends_does_not_end_the_others_job(root, amina, kind, clock):
    taken = []

    def body(_run, _given):
        if not taken:
            clock.forward(minutes=1)
            taken.append(root.worker(clock=clock).claim())
        return "late"

    kind(body)
    made = amina.jobs.submit("test.count")
    root.worker(clock=clock).run_due(most=1)
    assert taken[0].fence == 2
    assert amina.jobs.get(made.id).status == "running", "it is the other's"


def test_a_transaction_of_the_body_can_hold_the_job(root, amina, kind, clock):
    def body(run, _given):
        clock.forward(minutes=1)
        root.worker(clock=clock).claim()

        def work(tx):
            run.hold(tx)
            mark("held")(tx)

        root.engine.write(amina.scope, "own", work)

    kind(body)
    amina.jobs.submit("test.count")
    root.worker(clock=clock).run_due(most=1)
    assert marks(amina) == []


def test_work_that_kills_its_worker_is_given_up(root, amina, kind, clock):
    def body(_run, _given):
        raise Died

    kind(body, max_attempts=3)
    made = amina.jobs.submit("test.count")
    for _ in range(3):
        with pytest.raises(Died):
            root.worker(clock=clock).run_due()
        clock.forward(minutes=1)
    assert root.worker(clock=clock).run_due() == 0
    failed = amina.jobs.get(made.id)
    assert (failed.status, failed.error, failed.attempts) == ("failed", "worker_lost", 3)


# -- cancelling, stopping ----------------------------------------------------------------------------------------------


def test_what_waits_is_cancelled_at_once_and_what_runs_at_its_next_point_of_progress(root, amina, kind):
    def body(run, given):
        for number in range(given.to):
            amina.jobs.cancel(run.job_id)
            run.save(number)
        return "not noticed"

    kind(body)
    waiting = amina.jobs.submit("test.count")
    assert amina.jobs.cancel(waiting.id).status == "cancelled"
    assert amina.jobs.cancel(waiting.id).status == "cancelled"
    running = amina.jobs.submit("test.count")
    assert root.worker().run_due() == 1
    ended = amina.jobs.get(running.id)
    assert (ended.status, ended.result) == ("cancelled", None)
    assert amina.jobs.retry(waiting.id).status == "queued"
    kind(lambda _run, _given: "done")
    root.worker().run_due()
    assert "done" in refused("job_finished", amina.jobs.cancel, waiting.id)


def wait_until(condition, seconds=10.0):
    until = monotonic() + seconds
    while not condition():
        assert monotonic() < until, "it does not happen"
        sleep(0.01)


def test_a_started_worker_hears_of_work_and_a_stopping_one_gives_it_back(root, amina, kind):
    going, told = threading.Event(), []

    def body(run, _given):
        going.set()
        while True:
            run.progress(len(told))
            sleep(0.005)

    kind(body)
    worker = root.worker()
    worker.start()
    made = amina.jobs.submit("test.count")
    assert going.wait(10)
    worker.stop(seconds=10)
    back = amina.jobs.get(made.id)
    assert (back.status, back.attempts) == ("queued", 0)
    kind(lambda _run, _given: "later")
    assert root.worker().run_due() == 1
    assert amina.jobs.get(made.id).result == "later"


def test_closing_the_store_stops_its_workers(place, kind):
    kind(lambda _run, _given: None)
    with holdfast.open(place.url, place.key) as store:
        worker = store.worker()
        worker.start()
    assert worker._dispatcher is not None and not worker._dispatcher.is_alive()


def test_a_body_that_does_not_stop_loses_its_job(root, amina, kind):
    going, end = threading.Event(), threading.Event()

    def body(run, _given):
        going.set()
        end.wait(20)
        run.step(mark("late"))

    kind(body)
    worker = root.worker()
    worker.start()
    made = amina.jobs.submit("test.count")
    assert going.wait(10)
    worker.stop(seconds=0.0)
    assert amina.jobs.get(made.id).status == "queued"
    end.set()
    wait_until(lambda: worker.stats().running == 0)
    assert marks(amina) == [] and worker.stats().ended == {("test.count", "lost"): 1}


# -- who may see it, what it is given ----------------------------------------------------------------------------------


def test_a_member_sees_their_own_an_administrator_the_tenants_and_the_operator_all(root, amina, kind):
    kind(effect("x"))
    made = amina.jobs.submit("test.count", {"label": "heliotrope"})
    ben, ada, gus = (
        root.tenant(tenant).user(email)
        for tenant, email in (("acme", "ben@acme.test"), ("acme", "ada@acme.test"), ("globex", "gus@globex.test"))
    )
    for other in (ben, gus, root.tenant("globex").user("ada@acme.test")):
        assert other.jobs.list().items == ()
        for operation in (other.jobs.get, other.jobs.cancel, other.jobs.retry):
            refused("job_not_found", operation, made.id)
    assert [job.id for job in ada.jobs.list().items] == [made.id]
    assert [job.id for job in root.system().jobs.list(status="queued").items] == [made.id]
    assert root.system().jobs.list(status="done").items == ()
    assert ada.jobs.cancel(made.id).status == "cancelled"
    aud = root.tenant("acme").user("aud@acme.test")
    assert aud.jobs.get(made.id).status == "cancelled"
    refused("permission_denied", aud.jobs.retry, made.id)


def test_pages(root, amina, kind):
    kind(effect("x"))
    made = [amina.jobs.submit("test.count").id for _ in range(5)]
    first = amina.jobs.list(limit=3, kind="test.count")
    rest = amina.jobs.list(limit=3, kind="test.count", cursor=first.next)
    assert [job.id for job in (*first.items, *rest.items)] == made[::-1] and rest.next is None
    refused("invalid_cursor", amina.jobs.list, cursor=first.next)


def test_bad_input(root, amina, kind):
    kind(effect("x"))
    for given in ({"to": "many"}, {"unknown": 1}, {"to": None}, {"to": 1.5}):
        assert "arguments" in refused("invalid_input", amina.jobs.submit, "test.count", given)
    for name in ("nothing.such", "", None, 5, "identity.clean"):
        refused("unknown_job_kind", amina.jobs.submit, name)
    for key in ("", " ", "x" * 201, 5, "a\0b"):
        refused("invalid_input", amina.jobs.submit, "test.count", key=key)
    refused("permission_denied", amina.jobs.submit, "vectors.optimize")
    refused("invalid_input", amina.jobs.get, "no id")
    refused("invalid_input", amina.jobs.list, status="lost")
    refused("job_not_found", amina.jobs.get, new_id())


@pytest.mark.parametrize("result", [object(), float("nan"), {"a": "x" * 70_000}, {1: 2}])
def test_a_result_that_is_no_small_json_fails_the_job(root, amina, kind, result):
    kind(lambda _run, _given: result)
    made = amina.jobs.submit("test.count")
    root.worker().run_due()
    assert amina.jobs.get(made.id).error == "invalid_input"


def test_how_a_tenants_job_ended_is_in_its_trail(root, amina, kind):
    kind(effect("x"))
    made = amina.jobs.submit("test.count")
    root.worker().run_due()
    lines = [line for line in root.system().audit_of("acme").list(target=made.id).items if line.target_id == made.id]
    assert [line.operation for line in lines][::-1] == ["jobs.submit", "jobs.end"]
    assert lines[0].details["status"] == "done"


def test_jobs_that_ended_long_ago_are_deleted(root, amina, kind, monkeypatch):
    kind(effect("x"))
    amina.jobs.submit("test.count")
    root.worker().run_due()
    waiting = amina.jobs.submit("test.count")
    monkeypatch.setattr(keeping, "now", lambda: now() + timedelta(days=31))
    cleaning = root.system().jobs.submit("jobs.clean")
    assert amina.jobs.cancel(waiting.id).status == "cancelled"
    again = amina.jobs.retry(waiting.id)
    worker = root.worker(threads=1)
    claimed = worker.claim()
    assert claimed.id in (cleaning.id, again.id)
    while claimed is not None:
        worker.carry_out(claimed)
        claimed = worker.claim()
    assert root.system().jobs.get(cleaning.id).result["deleted"] >= 1
