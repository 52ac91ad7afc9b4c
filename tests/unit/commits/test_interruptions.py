"""Interrupted in the middle, the queue goes on: nothing doubled, nothing stuck."""

import signal
import threading

import pytest
from unit.commits.helpers import insert, stored


class Interrupt(BaseException):
    """What Ctrl-C is to a program."""


def interrupt():
    raise Interrupt


def test_an_interrupted_leader_leaves_the_others_to_be_run(held, writer, path):
    futures = [held.submit(job) for job in (interrupt, insert(writer, 1), insert(writer, 2))]
    held.let_go.set()
    with pytest.raises(Interrupt):
        futures[0].result(5)
    assert [future.result(5) for future in futures[1:]] == [1, 2]
    assert stored(path) == [1, 2]
    assert held.queue.submit(insert(writer, 3)) == 3


def test_an_interrupt_in_the_middle_of_a_batch_doubles_and_loses_nothing(held, writer, path):
    """The leader is told, whoever's work it was; what had not been committed is run again."""
    once = iter([Interrupt()])

    def interrupted_once():
        for error in once:
            raise error
        return insert(writer, 2)()

    futures = [held.submit(job) for job in (insert(writer, 1), interrupted_once, insert(writer, 3))]
    held.let_go.set()
    with pytest.raises(Interrupt):
        futures[0].result(5)
    assert [future.result(5) for future in futures[1:]] == [2, 3]
    assert stored(path) == [2, 3]


def interrupt_main_thread():
    signal.setitimer(signal.ITIMER_REAL, 0.05)


@pytest.fixture
def alarm():
    """Ctrl-C, arriving a twentieth of a second after it is asked for."""
    before = signal.signal(signal.SIGALRM, lambda *_: interrupt())
    yield interrupt_main_thread
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)


def test_an_interrupted_waiter_leaves_and_its_work_is_not_done(held, writer, path, alarm):
    alarm()
    with pytest.raises(Interrupt):
        held.queue.submit(insert(writer, 1))
    after = held.submit(insert(writer, 2))
    held.let_go.set()
    assert after.result(5) == 2
    assert stored(path) == [2]


def test_the_queue_goes_on_after_a_waiter_and_then_its_leader_were_interrupted(held, writer, path, threads, alarm):
    let_leader_go = threading.Event()

    def leader():
        let_leader_go.wait(5)
        interrupt()

    leading = held.submit(leader)
    threading.Timer(0.02, held.let_go.set).start()  # the leader takes the waiter into its batch
    alarm()
    with pytest.raises(Interrupt):
        held.queue.submit(insert(writer, 1))
    let_leader_go.set()
    with pytest.raises(Interrupt):
        leading.result(5)
    after = threads.submit(held.queue.submit, insert(writer, 2))
    try:
        assert after.result(3) == 2
    finally:
        for job in held.queue._waiting:  # or the threads of a queue that is stuck would never end
            job.error, job.finished = RuntimeError("stuck"), True
            if job.gate.locked():
                job.gate.release()
