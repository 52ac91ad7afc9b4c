"""What callers get of keys. None of it holds a key in the clear."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal
from uuid import UUID

from holdfast.core.scope import NIL

Purpose = Literal["fields", "hashes", "audit"]
KeyState = Literal["current", "retired", "destroyed"]

STORE = NIL
"""The owner of the store's own keys."""


@dataclass(frozen=True, kw_only=True)
class KeyRow:
    """A data key as the database keeps it, wrapped. `wrapped` is None once it was destroyed."""

    id: UUID
    tenant_id: UUID
    purpose: Purpose
    wrapped: bytes | None = field(repr=False)
    ring_key: str | None
    created_at: datetime
    retired_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class StoredKey:
    """A data key as people see it: `state` is current, retired (it still opens) or destroyed (it opens nothing).

    A destroyed key that still names a ring key is not gone from old copies of the database yet.
    """

    id: UUID
    tenant_id: UUID
    purpose: Purpose
    state: KeyState
    ring_key: str | None
    created_at: datetime


@dataclass(frozen=True, kw_only=True)
class Rotated:
    """What `rotate` did: the ring's current key, and how many data keys were wrapped with it anew."""

    ring_key: str
    rewrapped: int


@dataclass(frozen=True, kw_only=True)
class Resealed:
    """What `rotate_data` did. `unreadable` names the values that did not open, before as after."""

    key_id: UUID
    values: int
    unreadable: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Destroyed:
    """What `destroy` did. `backups_too`: no older copy of the database can be read either."""

    keys: int
    backups_too: bool


@dataclass(frozen=True, kw_only=True)
class DataKey:
    """A data key at hand."""

    id: UUID
    secret: bytes = field(repr=False)
