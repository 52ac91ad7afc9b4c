"""Rows of interop as the tables keep them."""

import base64
import zlib
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, kw_only=True)
class StoredProfile:
    """What was counted so far. `profile` is None before anything was."""

    vendor: str
    standard: str
    owner_id: UUID
    secret: str = field(repr=False)
    profile: str | None = field(repr=False)
    messages: int
    version: int


@dataclass(frozen=True, kw_only=True)
class StoredSample:
    """A message that was kept."""

    vendor: str
    standard: str
    digest: str
    owner_id: UUID
    type: str
    content: str = field(repr=False)
    created_at: datetime
    expires_at: datetime


def packed(content: bytes) -> str:
    """Bytes as a text, which is what a column can seal."""
    return base64.b64encode(zlib.compress(content, 1)).decode("ascii")


def unpacked(text: str) -> bytes:
    """What `packed` was given."""
    return zlib.decompress(base64.b64decode(text))
