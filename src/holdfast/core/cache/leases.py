"""What is said to and about Redis, without needing it installed."""

import os
from typing import NamedTuple

from holdfast.core.cache.entries import Terms
from holdfast.core.cache.keys import Token

VERSION_BYTES = 8


class Away(Exception):
    """Redis cannot be asked now, or not be trusted yet."""


class Place(NamedTuple):
    """What Redis is asked about: a value, and the tags it counts by."""

    realm: bytes
    token: Token
    tags: tuple[Token, ...]


class Lease(NamedTuple):
    """The right to store what is loaded."""

    server: bytes
    held: bytes
    epochs: list[bytes]
    version: bytes
    """What the value stored under it will have."""


class Parcel(NamedTuple):
    """What was found in Redis, opened."""

    data: bytes
    shared: bool
    nothing: bool
    version: bytes
    age: float
    """Seconds since it was stored, by this machine's clock and the storing one's."""
    terms: Terms
    tags: tuple[Token, ...]


class Contents(NamedTuple):
    """What is to be put there."""

    data: bytes
    shared: bool
    nothing: bool
    terms: Terms


class Seen(NamedTuple):
    """What was found when Redis was read."""

    parcel: Parcel | None
    """The value, if it counts."""
    version: bytes
    """Of what lies there, whether it counts or not; empty when nothing does."""


NOTHING_SEEN = Seen(None, b"")
ANY = b"*"
"""In place of a version: whatever lies there."""


def new_version() -> bytes:
    """Of one stored value: no two have the same."""
    return os.urandom(VERSION_BYTES)
