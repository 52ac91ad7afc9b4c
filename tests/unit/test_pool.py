"""The pool of connections: never more than its size, the latest first, and no place lost."""

import threading

import pytest
from support.waiting import until

from holdfast.core.database.errors import Busy
from holdfast.core.database.pool import Pool


class Line:
    closed = False

    def close(self) -> None:
        self.closed = True


def test_what_came_back_last_is_lent_first_and_no_more_are_made_than_needed():
    made = []
    pool = Pool(lambda: made.append(Line()) or made[-1], size=3, seconds=0)
    first, second = pool.take(), pool.take()
    assert pool.lent == 2
    pool.give(first)
    pool.give(second)
    assert pool.take() is second and pool.take() is first and len(made) == 2


def test_who_finds_none_waits_for_one_and_is_told_when_none_comes():
    pool = Pool(Line, size=1, seconds=0.05)
    lent = pool.take()
    with pytest.raises(Busy, match=r"came free in 0.05 s: 1 were in use.* 0 other calls were waiting.*HOLDFAST_POOL"):
        pool.take()
    patient = Pool(Line, size=1, seconds=20)
    lent = patient.take()
    got = []
    waiting = threading.Thread(target=lambda: got.append(patient.take()))
    waiting.start()
    patient.give(lent)
    waiting.join(20)
    assert got == [lent] and patient.lent == 1


@pytest.mark.parametrize("back", ["give", "drop"])
def test_a_connection_that_comes_back_is_lent_to_who_has_waited_longest(back):
    pool, order = Pool(Line, size=1, seconds=20), []
    lent = pool.take()

    def borrow() -> None:
        line = pool.take()
        order.append("who waited")
        pool.give(line)

    waiting = threading.Thread(target=borrow)
    waiting.start()
    until(lambda: pool._seats.waiting)
    getattr(pool, back)(lent)
    pool.take()
    order.append("who had it")
    waiting.join(20)
    assert order == ["who waited", "who had it"]


def test_what_is_dropped_or_could_not_be_made_leaves_its_place():
    attempts = iter([Line, lambda: 1 / 0, Line])
    pool = Pool(lambda: next(attempts)(), size=1, seconds=0)
    lent = pool.take()
    pool.drop(lent)
    assert lent.closed and pool.lent == 0
    with pytest.raises(ZeroDivisionError):
        pool.take()
    assert isinstance(pool.take(), Line) and pool.lent == 1


def test_disposing_closes_what_is_not_lent():
    pool = Pool(Line, size=2, seconds=0)
    lent, idle = pool.take(), pool.take()
    pool.give(idle)
    pool.dispose()
    assert idle.closed and not lent.closed


def test_many_threads_never_hold_more_than_there_are():
    pool, most = Pool(Line, size=3, seconds=30), []

    def borrow() -> None:
        for _ in range(300):
            line = pool.take()
            most.append(pool.lent)
            (pool.drop if len(most) % 7 == 0 else pool.give)(line)

    threads = [threading.Thread(target=borrow) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert pool.lent == 0 and max(most) <= 3 and len(most) == 8 * 300
