"""Where a page of facts goes on."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from holdfast.core.clock import from_microseconds, to_microseconds
from holdfast.core.pages import InvalidCursor, Page, decode_cursor, encode_cursor
from holdfast.domains.memory.models import Fact
from holdfast.domains.memory.stored import Stored

Question = tuple[object, ...]


def page_of_current(rows: list[Stored], limit: int, question: Question) -> Page[Fact]:
    """`rows` holds one more than the page, if there is more."""
    return _page(rows, limit, question, lambda row: [to_microseconds(row.recorded_at), row.id.hex])


def page_of_history(rows: list[Stored], limit: int, question: Question) -> Page[Fact]:
    """The same, of the versions of one key."""
    return _page(rows, limit, question, lambda row: [to_microseconds(row.valid_from), row.version])


def page_by_key(rows: list[Stored], limit: int, question: Question) -> Page[Fact]:
    """The same, in the order of the keys."""
    return _page(rows, limit, question, lambda row: [row.key])


def place_of_current(question: Question, cursor: str) -> dict[str, object]:
    """Where `page_of_current` stopped. Raises `InvalidCursor`."""
    moment, identifier = decode_cursor(question, cursor, length=2)
    try:
        return {"after_time": from_microseconds(int(str(moment))), "after_id": UUID(str(identifier))}
    except (ValueError, OverflowError) as error:
        raise InvalidCursor(cursor) from error


def place_of_history(question: Question, cursor: str) -> dict[str, object]:
    """Where `page_of_history` stopped. Raises `InvalidCursor`."""
    moment, version = decode_cursor(question, cursor, length=2)
    if isinstance(version, bool) or not isinstance(version, int) or not 0 < version < 2**31:
        raise InvalidCursor(cursor)
    try:
        return {"after_time": from_microseconds(int(str(moment))), "after_version": version}
    except (ValueError, OverflowError) as error:
        raise InvalidCursor(cursor) from error


def place_by_key(question: Question, cursor: str) -> dict[str, object]:
    """Where `page_by_key` stopped. Raises `InvalidCursor`."""
    (key,) = decode_cursor(question, cursor, length=1)
    if not isinstance(key, str):
        raise InvalidCursor(cursor)
    return {"after_key": key}


def _page(rows: list[Stored], limit: int, question: Question, place: Callable[[Stored], list[Any]]) -> Page[Fact]:
    items = tuple(row.fact() for row in rows[:limit])
    return Page(items=items, next=encode_cursor(question, place(rows[limit - 1])) if len(rows) > limit else None)
