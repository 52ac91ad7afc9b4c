"""The schedule: each period once, however many workers there are, and whoever of them sleeps."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
from support.refusals import refused

from holdfast.core.jobs import kinds, schedule


@pytest.fixture
def hourly(kind):
    done = []
    kind(lambda run, _given: done.append(run.job_id))
    schedule("test.count", "0 * * * *", name="hourly")
    return done


@pytest.fixture
def at_noon(clock):
    clock.moment = datetime.now(UTC).replace(minute=30, second=0, microsecond=0) + timedelta(days=1)
    return clock


def periods(root):
    return sorted(job.key for job in root.system().jobs.list(kind="test.count").items)


def test_three_workers_and_one_that_sleeps_do_each_period_once(root, hourly, at_noon):
    """One reads the clock and the schedule, is paused for a minute, and goes on with what it read."""
    workers = [root.worker(clock=at_noon) for _ in range(3)]
    asleep = root.worker(clock=at_noon)
    for worker in workers:
        assert worker.run_due() == 0, "what is new waits for its next period"
    for hour in range(3):
        at_noon.forward(minutes=59, seconds=30)
        read, awake, went_on = _paused_in_the_middle(root, asleep, at_noon)
        assert read.wait(10)
        at_noon.forward(minutes=1)
        threads = [threading.Thread(target=worker.run_due) for worker in workers]
        for thread in (*threads,):
            thread.start()
        for thread in threads:
            thread.join()
        awake.set()
        went_on.join()
        asleep.run_due()
        assert len(hourly) == hour + 1
        at_noon.forward(seconds=-30)
    assert len(periods(root)) == 3 == len(set(periods(root)))


def _paused_in_the_middle(root, worker, clock):
    """A worker that stands still between reading what was queued and queueing what it thinks is due."""
    read, awake = threading.Event(), threading.Event()
    stale = clock() + timedelta(minutes=1)
    latest = kinds._lines["hourly"].cron.latest(stale)
    plain_write = worker._engine.write

    class Slow:
        def __getattr__(self, name):
            return getattr(root.engine, name)

        def write(self, *given):
            read.set()
            assert awake.wait(10)
            return plain_write(*given)

    def go_on():
        worker._engine = Slow()
        worker._clock = lambda: latest
        worker.queue_scheduled()
        worker._engine = root.engine
        worker._clock = clock

    thread = threading.Thread(target=go_on)
    thread.start()
    return read, awake, thread


def test_of_missed_periods_the_latest_alone_is_made_up_for(root, hourly, at_noon):
    worker = root.worker(clock=at_noon)
    worker.run_due()
    at_noon.forward(hours=7)
    assert worker.run_due() == 1
    (key,) = periods(root)
    assert key == f"hourly {at_noon().replace(minute=0):%Y-%m-%dT%H:%MZ}"
    at_noon.forward(minutes=29)
    assert worker.run_due() == 0
    at_noon.forward(minutes=1)
    assert worker.run_due() == 1


def test_a_clock_that_goes_back_queues_nothing_twice(root, hourly, at_noon):
    worker = root.worker(clock=at_noon)
    worker.run_due()
    at_noon.forward(hours=1)
    assert worker.run_due() == 1
    at_noon.forward(hours=-3)
    assert worker.run_due() == 0
    at_noon.forward(hours=3, minutes=10)
    assert worker.run_due() == 0
    assert len(hourly) == 1


def test_the_schedule_can_be_seen(root, hourly, at_noon):
    assert [(line.name, line.cron, line.last) for line in root.system().jobs.schedules()] == [
        ("hourly", "0 * * * *", None)
    ]
    worker = root.worker(clock=at_noon)
    worker.run_due()
    at_noon.forward(hours=1)
    worker.run_due()
    (line,) = root.system().jobs.schedules()
    assert line.last == at_noon().replace(minute=0)
    refused("permission_denied", root.tenant("acme").user("ada@acme.test").jobs.schedules)


def test_a_line_that_is_none_is_refused_when_it_is_declared(kind):
    kind(lambda _run, _given: None)
    refused("invalid_input", schedule, "test.count", "every day")
    refused("invalid_input", schedule, "test.count", "0 * * * *", arguments={"to": "x"})
    refused("unknown_job_kind", schedule, "no.such", "0 * * * *")
