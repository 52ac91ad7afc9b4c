"""What protection costs: each hot call with and without it, in turns, on stores that are otherwise the same.

Row-level security: the same calls by the same role, on a store whose tables have it switched off; a superuser, whom no
policy holds either, is asked for no grants, which is another protection. The tenant guard needs no
measuring here: it reads a statement when its module is imported, and nothing when it runs. The trail: appends that
leave no line.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from statistics import median
from typing import Any
from unittest.mock import patch

import psycopg

import holdfast
from benchmarks.figures import Bound, Figure
from benchmarks.places import Place, Places, person
from holdfast.core import trail
from holdfast.core.database.transaction import Recorded, Transaction
from holdfast.domains.conversations import Conversations
from holdfast.migrations.functions_0004 import APPEND_MESSAGE

WITHIN = (Bound(measure="more %", limit=15),)
AUDITED = (Bound(measure="more %", limit=20),)
Call = Callable[[], object]


def measure(places: Places, *, quick: bool) -> Iterator[Figure]:
    """The trail on every engine, and row-level security where there is any."""
    rounds, repeats = (4, 20) if quick else (300, 20)
    yield from _trail(places, rounds, repeats)
    if places.engine == "postgresql":
        yield from _row_level_security(places.new(), places.new(), rounds, repeats)


def _trail(places: Places, rounds: int, repeats: int) -> Iterator[Figure]:
    place, bare = places.new(), places.new()
    if place.engine == "postgresql":
        _append_without_line(bare)
    with place.open() as store, bare.open() as without:
        calls = [_append(person(opened).conversations) for opened in (store, without)]
        line = trail.event(store.engine.trail, person(store).scope, "conversations.append", Recorded())
        off = _no_line(line)
        yield _compared(place, "append, with the trail", *calls, off=off, rounds=rounds, repeats=repeats, bound=AUDITED)


def _append(room: Conversations) -> Call:
    chat = room.create().id
    return lambda: room.append(chat, role="user", content="Can I borrow a little more this year?")


def _no_line(line: dict[str, Any]) -> Callable[[], AbstractContextManager[object]]:
    """Appends that make no line and insert none; on PostgreSQL the function of that store inserts none."""
    run = Transaction.run

    def quietly(tx: Transaction, query: Any, params: Any = {}) -> int:  # noqa: B006  # never changed
        return 1 if query is trail.insert_event else run(tx, query, params)

    return lambda: _both(
        patch.object(trail, "event", lambda *_a, **_k: line), patch.object(Transaction, "run", quietly)
    )


class _both(AbstractContextManager[object]):  # noqa: N801
    def __init__(self, *contexts: AbstractContextManager[Any]) -> None:
        self._contexts = contexts

    def __enter__(self) -> None:
        for context in self._contexts:
            context.__enter__()

    def __exit__(self, *error: object) -> None:
        for context in self._contexts:
            context.__exit__(None, None, None)


def _append_without_line(place: Place) -> None:
    """The function as it is, but for the line."""
    text = APPEND_MESSAGE[1]
    begin, end = text.index("INSERT INTO audit_events"), text.index("IF was_indexed THEN")
    with psycopg.connect(place.url) as connection:
        connection.execute("SET search_path = holdfast")
        connection.execute(APPEND_MESSAGE[0])
        connection.execute(text[:begin] + text[end:])  # type: ignore[call-overload]  # our own text


def _row_level_security(place: Place, bare: Place, rounds: int, repeats: int) -> Iterator[Figure]:
    with psycopg.connect(bare.url) as connection:
        connection.execute(_SWITCH_OFF)
    with place.open() as store, bare.open() as free:
        rooms = [person(opened).conversations for opened in (store, free)]
        chats = [_filled(room) for room in rooms]
        for operation, call in _hot_calls().items():
            ours, raw = (_bound(call, room, chat) for room, chat in zip(rooms, chats, strict=True))
            name = f"{operation}, with row-level security"
            yield _compared(place, name, ours, raw, off=nullcontext, rounds=rounds, repeats=repeats, bound=WITHIN)


_SWITCH_OFF = """
    DO $$
    DECLARE name regclass;
    BEGIN
        FOR name IN SELECT oid FROM pg_class WHERE relrowsecurity LOOP
            EXECUTE format('ALTER TABLE %s DISABLE ROW LEVEL SECURITY', name);
        END LOOP;
    END $$
"""


def _hot_calls() -> dict[str, Callable[[Conversations, Any], object]]:
    return {
        "append": lambda room, chat: room.append(chat, role="user", content="Can I borrow a little more this year?"),
        "last 20": lambda room, chat: room.last(chat, 20),
        "page of 50": lambda room, _chat: room.list(limit=50),
        "context": lambda room, chat: room.context(chat),
    }


def _bound(call: Callable[[Conversations, Any], object], room: Conversations, chat: Any) -> Call:
    return lambda: call(room, chat)


def _filled(room: Conversations) -> Any:
    for number in range(200):
        room.create(title=f"Conversation {number}")
    chat = room.create().id
    room.append_many(chat, [holdfast.NewMessage(role="user", content=f"message {n}") for n in range(1_000)])
    return chat


def _compared(
    place: Place,
    operation: str,
    ours: Call,
    bare: Call,
    *,
    off: Callable[[], AbstractContextManager[object]],
    rounds: int,
    repeats: int,
    bound: tuple[Bound, ...],
) -> Figure:
    """Medians of rounds taken in turns, in milliseconds a call; `more %` is what protection adds."""
    pairs = []
    for _ in range(rounds):
        with off():
            without = _mean(bare, repeats)
        pairs.append((_mean(ours, repeats), without))
    mine, theirs = (1000 * median(side) for side in zip(*pairs, strict=True))
    return Figure(
        table="protection",
        operation=operation,
        engine=place.engine,
        unit="ms",
        ours=mine,
        raw=theirs,
        more={"more %": 100 * (mine / theirs - 1)},
        promise=bound,
    )


def _mean(call: Call, repeats: int) -> float:
    before = time.perf_counter()
    for _ in range(repeats):
        call()
    return (time.perf_counter() - before) / repeats
