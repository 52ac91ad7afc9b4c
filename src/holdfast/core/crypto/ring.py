"""The key ring: the keys that wrap each tenant's data keys, kept outside the database.

A ring key has an id, which is written beside whatever it wrapped. Ids are `generation` or `generation:rest`; the
generations are what `holdfast keys list` shows, the newest of them wraps what is new.
"""

import os
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol, runtime_checkable
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_BYTES = 32
NONCE_BYTES = 12


@dataclass(frozen=True, kw_only=True)
class RingKey:
    """A generation of the ring. `created_at` is None where the ring does not know."""

    id: str
    created_at: datetime | None
    current: bool


@dataclass(frozen=True, kw_only=True)
class Wrapped:
    """A data key as the database keeps it."""

    ring_key: str
    blob: bytes = field(repr=False)


@runtime_checkable
class KeyRing(Protocol):
    """Where ring keys live. Safe to use from any number of threads; may ask another machine, so never inside a
    transaction. `owner` is a tenant, or `UUID(int=0)` for the store itself.
    """

    name: str
    """What messages call it; without any key."""

    forgets: bool
    """Whether it keeps a key for each owner, so that it can forget one."""

    def wrap(self, owner: UUID, key: bytes) -> Wrapped:
        """Wrap a data key with the current ring key."""
        ...

    def unwrap(self, owner: UUID, ring_key: str, blob: bytes) -> bytes:
        """The data key again. Raises `RingKeyMissing`, `WrongRingKey`, `KeyDestroyed`."""
        ...

    def keys(self) -> list[RingKey]:
        """The generations, the current one first."""
        ...

    def add(self) -> RingKey:
        """A new generation, current from now on; the others still unwrap. Raises `RingTakesNoKey`."""
        ...

    def destroy(self, owner: UUID, decided: Collection[str] = ()) -> bool:
        """Forget the owner's keys. True when no copy of the database, backups included, can be read any more; a ring
        with one key for all cannot forget one owner, and says False.

        `decided`: the ring keys that were in use when it was decided. Where the ring has forgotten all of them, another
        process has carried it out, and what was made since stays.
        """
        ...


def generation(ring_key: str) -> str:
    """The generation a ring key belongs to."""
    return ring_key.partition(":")[0]


def wrap_with(ring_key: str, wrapping: bytes, owner: UUID, key: bytes) -> bytes:
    """AES-256-GCM, bound to the owner and the ring key's id."""
    nonce = os.urandom(NONCE_BYTES)
    return nonce + AESGCM(wrapping).encrypt(nonce, key, _context(ring_key, owner))


def unwrap_with(ring_key: str, wrapping: bytes, owner: UUID, blob: bytes) -> bytes | None:
    """The inverse of `wrap_with`; None when it is another key, or the blob was changed."""
    try:
        return AESGCM(wrapping).decrypt(blob[:NONCE_BYTES], blob[NONCE_BYTES:], _context(ring_key, owner))
    except (InvalidTag, ValueError):
        return None


def _context(ring_key: str, owner: UUID) -> bytes:
    return b"holdfast data key\0" + owner.bytes + ring_key.encode()
