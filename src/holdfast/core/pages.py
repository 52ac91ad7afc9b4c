"""Pages and their cursors.

A cursor is bound to the question it came from (operation, tenant, actor, filters): one from elsewhere is
refused. It grants nothing: the statement it continues carries its own tenant predicate.
"""

import base64
import binascii
import hashlib
import json
from dataclasses import dataclass
from typing import Generic, TypeVar

from holdfast.core.errors import InvalidInput

T = TypeVar("T")


class InvalidCursor(InvalidInput):
    """The cursor is damaged, or belongs to another question."""

    code = "invalid_cursor"

    def __init__(self, cursor: object) -> None:
        super().__init__(
            f"cursor: {cursor!r:.80} does not belong to this question; start again without a cursor", field="cursor"
        )


@dataclass(frozen=True, kw_only=True)
class Page(Generic[T]):
    """Some items, and the cursor of the page after them (None on the last one)."""

    items: tuple[T, ...]
    next: str | None = None


def check_limit(limit: int, most: int, *, field: str = "limit") -> int:
    """`limit`, when it is from 1 to `most`. Raises `InvalidInput` otherwise."""
    if isinstance(limit, bool) or not isinstance(limit, int) or not 1 <= limit <= most:
        raise InvalidInput(f"{field}: {limit!r} is not a whole number from 1 to {most}", field=field)
    return limit


def encode_cursor(question: tuple[object, ...], position: list[object]) -> str:
    """A cursor that continues `question` after `position` (JSON values)."""
    body = json.dumps([_fingerprint(question), *position], separators=(",", ":"))
    return base64.urlsafe_b64encode(body.encode()).decode().rstrip("=")


def decode_cursor(question: tuple[object, ...], cursor: str, *, length: int) -> list[object]:
    """The position in `cursor`, `length` values. Raises `InvalidCursor` when it is not one of `question`."""
    try:
        body = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (ValueError, TypeError, binascii.Error, RecursionError) as error:
        raise InvalidCursor(cursor) from error
    if not isinstance(body, list) or len(body) != length + 1 or body[0] != _fingerprint(question):
        raise InvalidCursor(cursor)
    return body[1:]


def _fingerprint(question: tuple[object, ...]) -> str:
    return hashlib.sha256(repr(question).encode()).hexdigest()[:16]
