"""Records as a pool to pick from keeps them, and as callers get them from there."""

from datetime import datetime
from typing import NamedTuple

import msgspec

from holdfast.domains.records.models import Record

decode = msgspec.json.Decoder().decode
_new = object.__new__


class Row(NamedTuple):
    """A record as a pool keeps it: its data as text, so that nobody can change it for others."""

    key: str
    level: str
    weight: float
    text: str
    version: int
    created_at: datetime
    updated_at: datetime
    expires_at: datetime | None


Kept = tuple[str, str, float, str, int, datetime, datetime, datetime | None]
"""A row as a plain tuple: those the collector of garbage looks at once, and a named tuple each time."""


def kept(row: Row) -> Kept:
    """How a pool keeps it."""
    return tuple(row)  # type: ignore[return-value]  # the row's own values


def record_of(row: Kept) -> Record:
    """What callers get."""
    key, level, _, text, version, created_at, updated_at, expires_at = row
    made = _new(Record)
    made.__dict__.update(
        {
            "key": key,
            "data": decode(text),
            "version": version,
            "clearance": level or None,
            "created_at": created_at,
            "updated_at": updated_at,
            "expires_at": expires_at,
        }
    )
    return made
