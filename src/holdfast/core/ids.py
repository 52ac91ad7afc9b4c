"""Identifiers: UUIDv7, made by the client, so that a retry can carry the same one and new rows sort last."""

from datetime import datetime
from uuid import UUID

from uuid_utils.compat import uuid7

from holdfast.core.clock import to_microseconds
from holdfast.core.errors import InvalidInput

__all__ = ["as_id", "first_id_at", "new_id"]

new_id = uuid7


def first_id_at(moment: datetime) -> UUID:
    """What every id made since is above, and every one made before below: to find rows by when they were made."""
    return UUID(int=(to_microseconds(moment) // 1000) << 80)


def as_id(value: UUID | str, *, field: str) -> UUID:
    """The identifier that `value` spells. Raises `InvalidInput` naming `field` when it spells none."""
    if isinstance(value, UUID):
        return value
    try:
        return UUID(value)
    except (ValueError, AttributeError, TypeError) as error:
        raise InvalidInput(f"{field}: {value!r} is not an identifier; give a UUID", field=field) from error
