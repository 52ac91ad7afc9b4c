"""Seats: never more than there are, in order of arrival, and none lost whatever becomes of those who wait."""

import signal
import threading
from collections import deque

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.waiting import until

from holdfast.core.seats import Seats


class Crowd:
    """Callers, each in a thread of its own, who come one after the other."""

    def __init__(self, count):
        self.seats, self.got, self.threads = Seats(count), [], []

    def arrive(self, name, seconds=20):
        """`name` comes: it is seated, or waits in the queue, when this returns."""
        waiting = self.seats.waiting
        thread = threading.Thread(target=self._take, args=(name, seconds))
        thread.start()
        until(lambda: self.seats.waiting > waiting or not thread.is_alive())
        self.threads.append(thread)

    def _take(self, name, seconds):
        if self.seats.take(seconds):
            self.got.append(name)

    def leave(self):
        """One leaves; who was given its seat has it when this returns."""
        served = len(self.got) + bool(self.seats.waiting)
        self.seats.leave()
        until(lambda: len(self.got) == served)


def test_a_seat_goes_to_who_has_waited_longest_and_never_to_a_newcomer():
    crowd = Crowd(1)
    crowd.arrive("first")
    for name in ("second", "third"):
        crowd.arrive(name)
    crowd.seats.leave()
    assert not crowd.seats.take(0), "a newcomer got what the second waited for"
    until(lambda: crowd.got == ["first", "second"])
    crowd.leave()
    assert crowd.got == ["first", "second", "third"] and crowd.seats.taken == 1


def test_who_leaves_a_seat_and_wants_one_again_comes_after_those_who_wait():
    seats, order = Seats(1), []
    seats.take()

    def other():
        with seats:
            order.append("other")

    thread = threading.Thread(target=other)
    thread.start()
    until(lambda: seats.waiting)
    seats.leave()
    with seats:
        order.append("again")
    thread.join(20)
    assert order == ["other", "again"] and seats.taken == 0


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 3), st.lists(st.sampled_from(["arrive", "leave", "impatient"]), max_size=14))
def test_as_a_queue_would_have_it(count, steps):
    crowd, seated, queue, expected = Crowd(count), 0, deque(), []
    for number, step in enumerate(steps):
        if step == "leave" and seated:
            crowd.leave()
            if queue:
                expected.append(queue.popleft())
            else:
                seated -= 1
        elif step == "arrive":
            crowd.arrive(number)
            if seated < count:
                seated += 1
                expected.append(number)
            else:
                queue.append(number)
        elif step == "impatient" and seated == count:
            assert not crowd.seats.take(0)
        assert (crowd.seats.taken, crowd.seats.waiting) == (seated, len(queue))
    for _ in range(seated + len(queue)):
        crowd.leave()
        expected.extend([queue.popleft()] if queue else [])
    assert crowd.got == expected
    assert (crowd.seats.taken, crowd.seats.waiting) == (0, 0)
    for thread in crowd.threads:
        thread.join(20)


def test_who_was_interrupted_waits_no_more_and_takes_no_seat_along():
    seats = Seats(1)
    seats.take()

    def strike(*_):
        raise KeyError

    before = signal.signal(signal.SIGALRM, strike)
    signal.setitimer(signal.ITIMER_REAL, 0.02)
    try:
        with pytest.raises(KeyError):
            seats.take(20)
    finally:
        signal.signal(signal.SIGALRM, before)
    assert seats.waiting == 0
    seats.leave()
    assert seats.take(0)
