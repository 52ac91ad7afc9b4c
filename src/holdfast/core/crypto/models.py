"""What callers get of keys. None of it holds a key in the clear."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal
from uuid import UUID

from holdfast.core.scope import NIL

Purpose = Literal["fields", "hashes", "audit"]

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
class DataKey:
    """A data key at hand."""

    id: UUID
    secret: bytes = field(repr=False)
