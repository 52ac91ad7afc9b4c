"""What must hold of a store after harm was done to it. Each check returns what is wrong, in words; nothing if sound."""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from sqlcipher3 import dbapi2 as driver

import holdfast

from .places import Place

PAGE = 200


def every_message(conversations: Any, chat: UUID | str) -> list[holdfast.Message]:
    """All messages of a conversation, oldest first, read page by page."""
    messages: list[holdfast.Message] = []
    cursor = None
    while True:
        page = conversations.messages(chat, limit=PAGE, cursor=cursor)
        messages += page.items
        cursor = page.next
        if cursor is None:
            return messages


def log_faults(conversations: Any, chat: UUID | str) -> list[str]:
    """Whether the log is gapless, counted rightly, and its chain whole."""
    messages = every_message(conversations, chat)
    found = []
    if [m.seq for m in messages] != list(range(1, len(messages) + 1)):
        found.append(f"{chat}: seq is not 1 to {len(messages)}: {_first_gap(messages)}")
    count = conversations.get(chat).message_count
    if count != len(messages):
        found.append(f"{chat}: message_count is {count}, there are {len(messages)} messages")
    verification = conversations.verify(chat)
    if not verification.ok:
        found.append(f"{chat}: the chain breaks at {verification.first_bad}: {verification.reason}")
    return found


def _first_gap(messages: list[holdfast.Message]) -> str:
    for expected, message in enumerate(messages, start=1):
        if message.seq != expected:
            return f"{message.seq} where {expected} belongs"
    return "no gap"


def request_faults(
    conversations: Any, chat: UUID | str, acknowledged: Iterable[str], attempted: Mapping[str, str]
) -> list[str]:
    """Whether every acknowledged request is there once, every other one once or not at all, each as it was given.

    `attempted`: the content of every request that was begun, by its request id.
    """
    found = []
    times: dict[str, int] = {}
    for message in every_message(conversations, chat):
        request = message.request_id or ""
        times[request] = times.get(request, 0) + 1
        if message.content != attempted.get(request):
            found.append(f"{chat}: message {message.seq} ({request!r}) has content that was never given to it")
    found += [f"{chat}: request {request!r} is there {n} times" for request, n in times.items() if n > 1]
    found += [f"{chat}: acknowledged request {r!r} is lost" for r in acknowledged if r not in times]
    return found


def order_faults(conversations: Any, chat: UUID | str) -> list[str]:
    """Whether each writer's messages stand in the order it wrote them. Contents begin `writer number`."""
    latest: dict[str, int] = {}
    found = []
    for message in every_message(conversations, chat):
        writer, number = message.content.split(maxsplit=2)[:2]
        if int(number) <= latest.get(writer, -1):
            found.append(f"{chat}: {writer} wrote {number} before {latest[writer]}, at seq {message.seq}")
        latest[writer] = int(number)
    return found


def file_faults(store: holdfast.Store, place: Place) -> list[str]:
    """Whether a SQLite file is sound: its pages, its indexes, and, encrypted, the seal of every page."""
    if place.engine != "sqlite":
        return []
    connection = store.engine.connect()  # type: ignore[attr-defined]  # the SQLite engine's
    try:
        return _pragma_faults(connection, encrypted=place.key is not None)
    finally:
        connection.close()


def _pragma_faults(connection: Any, *, encrypted: bool) -> list[str]:
    found = []
    for pragma, sound in (("quick_check", [("ok",)]), ("integrity_check", [("ok",)]), ("foreign_key_check", [])):
        found += _differs(connection, pragma, sound)
    if encrypted and not found:
        # The seals are read from the file alone, where a page may be half written yet whole in the log: merge first.
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        found += _differs(connection, "cipher_integrity_check", [])
    return found


def _differs(connection: Any, pragma: str, sound: list[tuple[str]]) -> list[str]:
    try:
        rows = connection.execute(f"PRAGMA {pragma}").fetchall()
    except driver.DatabaseError as error:
        return [f"{pragma}: {error}"]
    return [] if rows == sound else [f"{pragma}: {rows[:5]}"]
