"""Where a page of conversations or of messages goes on."""

from datetime import datetime
from uuid import UUID

from holdfast.core.clock import from_microseconds, to_microseconds
from holdfast.core.pages import InvalidCursor, Page, decode_cursor, encode_cursor
from holdfast.domains.conversations.models import Conversation, Message

Question = tuple[object, ...]


def page_by_activity(rows: list[Conversation], limit: int, question: Question) -> Page[Conversation]:
    """The first `limit` of `limit + 1` rows, and the cursor if there are more."""
    items = tuple(rows[:limit])
    if len(rows) <= limit:
        return Page(items=items)
    return Page(items=items, next=encode_cursor(question, [to_microseconds(items[-1].active_at), items[-1].id.hex]))


def time_and_id(question: Question, cursor: str) -> tuple[datetime, UUID]:
    """Where `page_by_activity` stopped. Raises `InvalidCursor`."""
    moment, identifier = decode_cursor(question, cursor, length=2)
    try:
        return from_microseconds(int(str(moment))), UUID(str(identifier))
    except (ValueError, OverflowError) as error:
        raise InvalidCursor(cursor) from error


def page_by_seq(rows: list[Message], limit: int, question: Question) -> Page[Message]:
    """The first `limit` of `limit + 1` rows, and the cursor if there are more."""
    items = tuple(rows[:limit])
    return Page(items=items, next=encode_cursor(question, [items[-1].seq]) if len(rows) > limit else None)


def seq(question: Question, cursor: str) -> int:
    """Where `page_by_seq` stopped. Raises `InvalidCursor`."""
    (place,) = decode_cursor(question, cursor, length=1)
    if not isinstance(place, int) or not 0 <= place < 2**31:
        raise InvalidCursor(cursor)
    return place
