"""Where a page of configurations, or of versions, goes on."""

from holdfast.core.pages import InvalidCursor, Page, decode_cursor, encode_cursor
from holdfast.domains.configurations.models import ConfigurationSummary, ConfigurationVersion
from holdfast.domains.configurations.queries import SEGMENTS
from holdfast.domains.configurations.stored import Stored, StoredVersion

Question = tuple[object, ...]


def page_by_address(rows: list[Stored], limit: int, question: Question) -> Page[ConfigurationSummary]:
    """`rows` holds one more than the page, if there is more."""
    items = tuple(row.summary() for row in rows[:limit])
    more = len(rows) > limit
    return Page(items=items, next=encode_cursor(question, [*rows[limit - 1].address]) if more else None)


def place_by_address(question: Question, cursor: str) -> dict[str, object]:
    """Where `page_by_address` stopped. Raises `InvalidCursor`."""
    segments = decode_cursor(question, cursor, length=len(SEGMENTS))
    if not all(isinstance(segment, str) and "\0" not in segment for segment in segments):
        raise InvalidCursor(cursor)
    return {f"after_{name}": segment for name, segment in zip(SEGMENTS, segments, strict=True)}


def page_of_versions(rows: list[StoredVersion], limit: int, question: Question) -> Page[ConfigurationVersion]:
    """The same, of the versions of one configuration."""
    items = tuple(row.listed() for row in rows[:limit])
    return Page(items=items, next=encode_cursor(question, [items[-1].version]) if len(rows) > limit else None)


def place_of_versions(question: Question, cursor: str) -> dict[str, object]:
    """Where `page_of_versions` stopped. Raises `InvalidCursor`."""
    (version,) = decode_cursor(question, cursor, length=1)
    if isinstance(version, bool) or not isinstance(version, int) or not 0 < version < 2**31:
        raise InvalidCursor(cursor)
    return {"before_version": version}
