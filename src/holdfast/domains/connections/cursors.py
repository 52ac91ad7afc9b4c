"""Pages of this room, and where their cursors stand."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from holdfast.core.clock import from_microseconds, to_microseconds
from holdfast.core.pages import InvalidCursor, Page, decode_cursor, encode_cursor
from holdfast.domains.connections.models import Connection, Revocation, Snapshot

T = TypeVar("T")
Question = tuple[object, ...]


def place_of_connection(question: Question, cursor: str) -> dict[str, object]:
    """The workspace, platform and id after which the page begins. Raises `InvalidCursor`."""
    workspace, platform, identifier = decode_cursor(question, cursor, length=3)
    if not isinstance(platform, str):
        raise InvalidCursor(cursor)
    return {
        "after_workspace": _id(workspace, cursor),
        "after_platform": platform,
        "after_id": _id(identifier, cursor),
    }


def place_of_revocation(question: Question, cursor: str) -> dict[str, object]:
    """The connection after which the page begins. Raises `InvalidCursor`."""
    (identifier,) = decode_cursor(question, cursor, length=1)
    return {"after_id": _id(identifier, cursor)}


def place_of_snapshot(question: Question, cursor: str) -> dict[str, object]:
    """The moment before which the page begins. Raises `InvalidCursor`."""
    (moment,) = decode_cursor(question, cursor, length=1)
    if isinstance(moment, bool) or not isinstance(moment, int):
        raise InvalidCursor(cursor)
    try:
        return {"after_time": from_microseconds(moment)}
    except OverflowError as error:
        raise InvalidCursor(cursor) from error


def _id(value: object, cursor: str) -> UUID:
    try:
        return UUID(value)  # type: ignore[arg-type]  # anything else raises one of these
    except (ValueError, TypeError, AttributeError) as error:
        raise InvalidCursor(cursor) from error


def page_of_connections(rows: list[Connection], limit: int, question: Question) -> Page[Connection]:
    """`rows` holds one more than the page, if there is more."""
    return _page(rows, limit, question, lambda row: [str(row.workspace_id), row.platform, str(row.id)])


def page_of_revocations(rows: list[Revocation], limit: int, question: Question) -> Page[Revocation]:
    """`rows` holds one more than the page, if there is more."""
    return _page(rows, limit, question, lambda row: [str(row.connection_id)])


def page_of_snapshots(rows: list[Snapshot], limit: int, question: Question) -> Page[Snapshot]:
    """`rows` holds one more than the page, if there is more."""
    return _page(rows, limit, question, lambda row: [to_microseconds(row.taken_at)])


def _page(rows: list[T], limit: int, question: Question, place: Callable[[T], list[Any]]) -> Page[T]:
    items = tuple(rows[:limit])
    return Page(items=items, next=encode_cursor(question, place(items[-1])) if len(rows) > limit else None)


def aged(snapshot: Snapshot, moment: datetime) -> Snapshot:
    """The snapshot with its age at `moment`."""
    return replace(snapshot, age_seconds=int((moment - snapshot.taken_at).total_seconds()))
