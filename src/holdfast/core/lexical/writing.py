"""Putting texts into the index, taking them out, moving them to another clearance level."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, NamedTuple
from uuid import UUID

from holdfast.core.database import Transaction
from holdfast.core.database.text_match import mark
from holdfast.core.lexical import queries
from holdfast.core.lexical.counted import ALL, counted
from holdfast.core.scope import NIL
from holdfast.core.words import words

LOT = 500
MOST_BYTES = 900_000
"""Of the words of one text: the most that PostgreSQL keeps in one tsvector, with room for the marks."""

Place = tuple[str, UUID, str, UUID]
"""Purpose, about, level, owner."""


class Entry(NamedTuple):
    """A text to be found. `level`: None where the room has no clearance; `owner_id`: None where it is everybody's."""

    item_id: UUID
    level: str | None
    owner_id: UUID | None
    text: str


def put(tx: Transaction, purpose: str, about: UUID, entries: Iterable[Entry]) -> None:
    """Index texts, 500 at a time, so that any number of them takes little memory.

    How often each word occurs is counted up at the end, in one order whoever does it: on PostgreSQL others who change
    the same place wait from there to the end of the transaction, so put texts last.
    """
    changes: Counter[tuple[Place, str]] = Counter()
    lengths: Counter[Place] = Counter()
    waiting = iter(entries)
    while lot := list(islice(waiting, LOT)):
        tx.many(queries.insert_item, [_row(tx, purpose, about, entry, changes, lengths) for entry in lot])
    _count(tx, changes, lengths)


def remove(tx: Transaction, item_ids: Sequence[UUID]) -> None:
    """Take texts out; of their words nothing is left. Ids that the scope may not see stay as they are."""
    changes: Counter[tuple[Place, str]] = Counter()
    lengths: Counter[Place] = Counter()
    for ids in _lots(item_ids):
        for _id, place, length, found in _items(tx, ids):
            _tell(place, set(found), length, -1, changes, lengths)
        tx.run(queries.delete_items, {"ids": ids})
    _count(tx, changes, lengths)


def move(tx: Transaction, item_ids: Sequence[UUID], *, level: str) -> None:
    """Put texts at another clearance level."""
    changes: Counter[tuple[Place, str]] = Counter()
    lengths: Counter[Place] = Counter()
    for ids in _lots(item_ids):
        rows = []
        for item_id, (purpose, about, old, owner), length, found in _items(tx, ids):
            _tell((purpose, about, old, owner), set(found), length, -1, changes, lengths)
            _tell((purpose, about, level, owner), set(found), length, 1, changes, lengths)
            marked = " ".join([*_marks(tx, (purpose, about, level, owner)), *found])
            rows.append({"item_id": item_id, "new_level": level, "new_words": marked})
        tx.many(queries.move_item, rows)
    _count(tx, changes, lengths)


def remove_about(tx: Transaction, tenant_id: UUID, purpose: str, about: UUID) -> None:
    """Take out everything about something, as the operator: when a base ends with all that is in it."""
    gone = {"in_tenant": tenant_id, "purpose": purpose, "about": about}
    tx.run(queries.delete_about, gone)
    tx.run(queries.delete_counts_about, gone)


def _row(
    tx: Transaction,
    purpose: str,
    about: UUID,
    entry: Entry,
    changes: "Counter[tuple[Place, str]]",
    lengths: "Counter[Place]",
) -> dict[str, Any]:
    found = _fitting(words(entry.text))
    place = (purpose, about, entry.level or "", entry.owner_id or NIL)
    _tell(place, set(found), len(found), 1, changes, lengths)
    return {
        "item_id": entry.item_id,
        "purpose": purpose,
        "about": about,
        "level": place[2],
        "owner_id": place[3],
        "length": len(found),
        "words": " ".join([*_marks(tx, place), *found]),
    }


def _fitting(found: list[str]) -> list[str]:
    size = 0
    for number, word in enumerate(found):
        size += len(word.encode()) + 1
        if size > MOST_BYTES:
            return found[:number]
    return found


def _marks(tx: Transaction, place: Place) -> tuple[str, str]:
    assert tx.tenant_id is not None, "only a tenant has texts"
    purpose, about, level, owner = place
    return mark(tx.tenant_id, purpose, about, level), mark(tx.tenant_id, purpose, about, level, owner)


def _items(tx: Transaction, ids: Sequence[UUID]) -> Iterator[tuple[UUID, Place, int, list[str]]]:
    for item_id, purpose, about, level, owner, length, marked in tx.all(queries.items, {"ids": ids}):
        yield item_id, (purpose, about, level, owner), length, marked.split(" ")[2:]


def _tell(
    place: Place,
    distinct: set[str],
    length: int,
    by: int,
    changes: "Counter[tuple[Place, str]]",
    lengths: "Counter[Place]",
) -> None:
    for word in distinct:
        changes[place, word] += by
    changes[place, ALL] += by
    lengths[place] += by * length


def _count(tx: Transaction, changes: "Counter[tuple[Place, str]]", lengths: "Counter[Place]") -> None:
    assert tx.tenant_id is not None, "only a tenant has texts"
    rows: list[dict[str, Any]] = [
        {
            "purpose": place[0],
            "about": place[1],
            "level": place[2],
            "owner_id": place[3],
            "word": counted(tx.tenant_id, word),
            "items": by,
            "length": lengths[place] if word == ALL else 0,
        }
        for (place, word), by in sorted(changes.items())
        if by or (word == ALL and lengths[place])
    ]
    tx.many(queries.add_counts, rows)
    tx.many(queries.forget_words, [row for row in rows if row["items"] < 0])


def _lots(ids: Sequence[UUID]) -> Iterator[Sequence[UUID]]:
    for start in range(0, len(ids), LOT):
        yield ids[start : start + LOT]
