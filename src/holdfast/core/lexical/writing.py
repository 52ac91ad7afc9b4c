"""Putting texts into the index, taking them out, moving them to another clearance level."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from operator import itemgetter
from typing import Any, NamedTuple
from uuid import UUID

from holdfast.core.database import Transaction
from holdfast.core.database.text_match import mark
from holdfast.core.lexical import queries
from holdfast.core.lexical.counted import ALL, digests
from holdfast.core.scope import NIL
from holdfast.core.words import words

LOT = 500
MOST_BYTES = 900_000
"""Of the words of one text: the most that PostgreSQL keeps in one tsvector, with room for the marks."""

Place = tuple[str, UUID, str, UUID]
"""Purpose, about, level, owner."""


class Changes:
    """By how much the counts of each place change: in how many of its texts each word is, and how long those are."""

    def __init__(self) -> None:
        self.words: defaultdict[Place, Counter[str]] = defaultdict(Counter)
        self.lengths: defaultdict[Place, int] = defaultdict(int)


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
    changes = Changes()
    waiting = iter(entries)
    while lot := list(islice(waiting, LOT)):
        tx.many(queries.insert_item, [_row(tx, purpose, about, entry, changes) for entry in lot])
    _count(tx, changes)


def remove(tx: Transaction, item_ids: Sequence[UUID]) -> None:
    """Take texts out; of their words nothing is left. Ids that the scope may not see stay as they are."""
    changes = Changes()
    for ids in _lots(item_ids):
        for _id, place, length, found in _items(tx, ids):
            _tell(place, set(found), length, -1, changes)
        tx.run(queries.delete_items, {"ids": ids})
    _count(tx, changes)


def move(tx: Transaction, item_ids: Sequence[UUID], *, level: str) -> None:
    """Put texts at another clearance level."""
    changes = Changes()
    for ids in _lots(item_ids):
        rows = []
        for item_id, (purpose, about, old, owner), length, found in _items(tx, ids):
            _tell((purpose, about, old, owner), set(found), length, -1, changes)
            _tell((purpose, about, level, owner), set(found), length, 1, changes)
            marked = " ".join([*_marks(tx, (purpose, about, level, owner)), *found])
            rows.append({"item_id": item_id, "new_level": level, "new_words": marked})
        tx.many(queries.move_item, rows)
    _count(tx, changes)


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
    changes: Changes,
) -> dict[str, Any]:
    found = _fitting(words(entry.text))
    place = (purpose, about, entry.level or "", entry.owner_id or NIL)
    _tell(place, set(found), len(found), 1, changes)
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
    if sum(map(len, found)) * 4 + len(found) <= MOST_BYTES:  # a letter has four bytes at most
        return found
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


def _tell(place: Place, distinct: Iterable[str], length: int, by: int, changes: Changes) -> None:
    """Count words once each, up or down (`by`)."""
    told = changes.words[place]
    if by == 1:
        told.update(distinct)  # counting in C takes a third of it
    else:
        told.subtract(distinct)
    told[ALL] += by
    changes.lengths[place] += by * length


def _count(tx: Transaction, changes: Changes) -> None:
    """Write down what was told: one call for each place."""
    assert tx.tenant_id is not None, "only a tenant has texts"
    known = digests(tx.tenant_id)
    for place, told in sorted(changes.words.items(), key=itemgetter(0)):
        length = changes.lengths[place]
        # Spelled here: tuples and an encoder take several times as long.
        by = sorted([f'"{known[word]}":{n}' for word, n in told.items() if n or (word == ALL and length)])
        if not by:
            continue
        at = dict(zip(("purpose", "about", "level", "owner_id"), place, strict=True))
        what = {"counts": f"{{{','.join(by)}}}", "all": UUID(known[ALL]), "length": length}
        tx.call(queries.count_words, at | what)


def _lots(ids: Sequence[UUID]) -> Iterator[Sequence[UUID]]:
    for start in range(0, len(ids), LOT):
        yield ids[start : start + LOT]
