"""Codes held in memory: read once for each state of the cells, bounded, and given up for what is asked for more."""

from uuid import UUID, uuid4

from holdfast.core.database.held_codes import HeldCodes

OWNER = bytes(16)
BYTES = 100 * (8 + 8)
"""What the codes of one index here take."""


class Read:
    """What reads a hundred codes of one word, of two levels, and counts how often it was asked."""

    def __init__(self):
        self.times = 0

    def __call__(self):
        self.times += 1
        yield [(number, "CD"[number % 2], OWNER, number.to_bytes(8)) for number in range(60)]
        yield [(number, "CD"[number % 2], OWNER, number.to_bytes(8)) for number in range(60, 100)]


def test_they_are_read_once_for_each_epoch():
    held, read, index = HeldCodes(10_000), Read(), uuid4()
    first = held.of(index, 1, read)
    assert held.of(index, 1, read) is first
    assert read.times == 1
    assert held.of(index, 2, read) is not first
    assert read.times == 2


def test_the_most_like_are_chosen_among_those_of_the_levels_and_owners_asked_for():
    codes = HeldCodes(10_000).of(uuid4(), 1, Read())
    asked = (8).to_bytes(8)

    def likely(levels="CD", owners=None, fewest=3, most=3):
        return codes.likely(asked, levels=levels, owners=owners, fewest=fewest, most=most)

    assert 8 in likely()
    assert len(likely()) == 3
    assert 8 not in likely("D")
    assert all(number % 2 for number in likely("D", most=20))
    assert likely("S") == likely(owners=[b"x" * 16]) == likely("") == []
    assert likely("D", [OWNER], fewest=200, most=500) == [*range(1, 100, 2)]
    assert len(likely(most=500)) == 25  # a quarter


def test_nothing_is_held_without_room_or_where_an_index_alone_takes_more():
    read = Read()
    assert HeldCodes(0).of(uuid4(), 1, read) is None
    assert read.times == 0
    small, index = HeldCodes(BYTES - 1), uuid4()
    assert small.of(index, 1, read) is None
    assert small.of(index, 1, read) is None
    assert read.times == 1  # not tried again with every search


def test_what_is_asked_for_far_more_takes_the_place_of_another_and_nothing_else_does():
    held, read = HeldCodes(2 * BYTES), Read()
    one, two, other = (UUID(int=n) for n in (1, 2, 3))
    for index in (one, one, two, other):  # room for two: the one asked for least went
        assert held.of(index, 1, read) is not None
    assert read.times == 3
    assert held.of(two, 1, read) is None
    assert [held.of(two, 1, read) is None for _ in range(30)].index(False) > 5
    assert held.of(two, 1, read) is not None
    assert read.times == 4


def test_what_is_being_read_is_waited_for_by_nobody():
    held, index, beside = HeldCodes(10_000), uuid4(), []

    def read():
        beside.append(held.of(index, 1, Read()))
        yield from Read()()

    assert held.of(index, 1, read) is not None
    assert beside == [None]
