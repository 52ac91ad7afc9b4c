"""Reading: the last messages of short and long conversations, a page of conversations, summaries, context."""

import time
from collections.abc import Callable, Iterator
from functools import partial
from statistics import median

from benchmarks.figures import Bound, Figure, latencies
from benchmarks.loading import fill
from benchmarks.places import Place, Places, person
from benchmarks.raw import RawConnection
from benchmarks.sayings import sample
from holdfast.scopes import UserScope

LENGTHS = (100, 10_000, 200_000)
QUICK_LENGTHS = (100, 2_000)
CONVERSATIONS = 1_000
GROWTH = 2.0
"""The same at every length: the longest conversation takes at most so many times the shortest one's time."""


def measure(places: Places, *, quick: bool) -> Iterator[Figure]:
    """Every read on one engine, over one store."""
    place = places.new()
    repeats, rounds = (50, 2) if quick else (400, 5)
    lengths = QUICK_LENGTHS if quick else LENGTHS
    with place.open() as store:
        amina, raw = person(store), place.raw.connect()
        _conversations(amina, raw, 100 if quick else CONVERSATIONS)
        chats = {length: (fill(amina, length), _fill_raw(raw, length)) for length in lengths}
        places.settle(place)
        yield from _last(place, amina, raw, chats, repeats, rounds)
        yield _page(place, amina, raw, repeats, rounds)
        yield from _summaries(place, amina, chats[lengths[1]][0], repeats)
        raw.close()


def _conversations(amina: UserScope, raw: RawConnection, count: int) -> None:
    for number in range(count):
        amina.conversations.create(title=f"Conversation {number}")
        raw.create()


def _fill_raw(raw: RawConnection, length: int) -> str:
    conversation, contents = raw.create(), sample()
    raw.fill(conversation, [contents[n % len(contents)] for n in range(length)])
    return conversation


def _last(
    place: Place,
    amina: UserScope,
    raw: RawConnection,
    chats: dict[int, tuple[str, str]],
    repeats: int,
    rounds: int,
) -> Iterator[Figure]:
    limit = 0.4 if place.server else 0.15
    shortest = 0.0
    for length, (here, there) in chats.items():
        figure = beside(
            place,
            f"last 20 of {length:,} messages",
            partial(amina.conversations.last, here, 20),
            partial(raw.last, there, 20),
            repeats=repeats,
            rounds=rounds,
            promise=(Bound(measure="ours", limit=limit), Bound(measure="times the shortest", limit=GROWTH)),
        )
        shortest = shortest or figure.ours
        figure.more["times the shortest"] = figure.ours / shortest
        yield figure


def _page(place: Place, amina: UserScope, raw: RawConnection, repeats: int, rounds: int) -> Figure:
    raw.connection.execute("CREATE INDEX recent ON conversations (last_message_at)")
    return beside(
        place,
        f"page of 50 from {CONVERSATIONS:,} conversations",
        lambda: amina.conversations.list(limit=50),
        raw.page,
        repeats=repeats,
        rounds=rounds,
        promise=(Bound(measure="ours", limit=1),),
    )


def _summaries(place: Place, amina: UserScope, chat: str, repeats: int) -> Iterator[Figure]:
    text = " ".join(sample(3))
    two, ten = (Bound(measure="ours", limit=2),), (Bound(measure="ours", limit=10),)
    room = amina.conversations
    yield alone(place, "write a summary", lambda: room.summarize(chat, text, through=90), repeats // 4, promise=two)
    chat_with_few = fill(amina, 100)
    room.summarize(chat_with_few, text, through=90)
    yield alone(place, "read the summaries", lambda: room.summaries(chat_with_few), repeats, promise=two)
    yield alone(place, "context, 4,000 tokens", lambda: room.context(chat, max_tokens=4000), repeats // 4, promise=ten)


def timed(call: Callable[[], object], repeats: int) -> list[float]:
    """Seconds of each call."""
    clock, taken = time.perf_counter, []
    for _ in range(repeats):
        before = clock()
        call()
        taken.append(clock() - before)
    return taken


def alone(
    place: Place,
    operation: str,
    call: Callable[[], object],
    repeats: int,
    *,
    table: str = "reads",
    promise: tuple[Bound, ...] = (),
) -> Figure:
    """An operation that the raw driver has no counterpart of: its median in milliseconds."""
    timed(call, 3)
    taken = timed(call, repeats)
    return Figure(
        table=table,
        operation=operation,
        engine=place.engine,
        unit="ms",
        ours=1000 * median(taken),
        more=latencies(taken),
        promise=promise,
    )


def beside(
    place: Place,
    operation: str,
    ours: Callable[[], object],
    raw: Callable[[], object],
    *,
    repeats: int,
    rounds: int,
    promise: tuple[Bound, ...],
) -> Figure:
    """Medians in milliseconds, taken in turn, raw first."""
    timed(raw, 20)
    timed(ours, 20)
    pairs = [(timed(raw, repeats), timed(ours, repeats)) for _ in range(rounds)]
    theirs, mine = ([taken for pair in pairs for taken in pair[side]] for side in (0, 1))
    return Figure(
        table="reads",
        operation=operation,
        engine=place.engine,
        unit="ms",
        ours=1000 * median(mine),
        raw=1000 * median(theirs),
        ratio=median(theirs) / median(mine),
        more=latencies(mine),
        promise=promise,
    )
