"""Pages of this room, and where their cursors stand."""

from typing import Any
from uuid import UUID

from holdfast.core.pages import InvalidCursor, Page, decode_cursor, encode_cursor

Question = tuple[object, ...]


def place(question: Question, cursor: str) -> UUID:
    """The id after which the page begins. Raises `InvalidCursor`."""
    (identifier,) = decode_cursor(question, cursor, length=1)
    try:
        return UUID(identifier)  # type: ignore[arg-type]  # anything else raises one of these
    except (ValueError, TypeError, AttributeError) as error:
        raise InvalidCursor(cursor) from error


def page(rows: list[Any], limit: int, question: Question) -> Page[Any]:
    """`rows` holds one more than the page, if there is more."""
    items = tuple(rows[:limit])
    return Page(items=items, next=encode_cursor(question, [str(items[-1].id)]) if len(rows) > limit else None)
