"""What the first level holds of one value, and for how long it is good."""

import random
from time import monotonic
from typing import Any, NamedTuple

from holdfast.core.cache import codec
from holdfast.core.cache.keys import Token

OVERHEAD = 700
"""Bytes that an entry takes beside its value, about: its key, its object, its places in the indexes."""


class Family:
    """The counts of one name. Plain additions: CPython does not switch threads within one."""

    __slots__ = ("errors", "l1_hits", "l2_hits", "loads", "misses", "stale")

    def __init__(self) -> None:
        self.l1_hits = self.l2_hits = self.misses = self.loads = self.errors = self.stale = 0


class Terms(NamedTuple):
    """For how long a value is good, in seconds."""

    ttl: float
    stale: float
    """So long after that it is still given, while it is loaded anew."""
    error: float
    """So long it is given when it cannot be loaded anew."""

    @property
    def longest(self) -> float:
        """How long it is of any use."""
        return self.ttl + max(self.stale, self.error)


class Entry:
    """One value. Times are those of `monotonic`."""

    __slots__ = (
        "again",
        "data",
        "due",
        "error",
        "family",
        "nothing",
        "shared",
        "size",
        "stale",
        "tokens",
        "until",
        "used",
        "value",
        "version",
    )

    def __init__(
        self,
        encoded: codec.Encoded,
        *,
        family: Family,
        tokens: tuple[Token, ...],
        version: bytes,
        terms: Terms,
        age: float = 0.0,
        refresh_share: float = 1.0,
        nothing: bool = False,
        value: Any = None,
    ) -> None:
        """`tokens`: its own, then those of its tags. `value`: only for one that is shared; decoded when not given."""
        began = monotonic() - age
        self.shared = encoded.shared
        self.value = None if not encoded.shared else codec.decode(encoded.data) if value is None else value
        self.data = b"" if encoded.shared else encoded.data
        self.size = len(encoded.data) + OVERHEAD
        self.family = family
        self.tokens = tokens
        self.version = version
        self.nothing = nothing
        self.used = False
        self.until = began + terms.ttl
        self.due = began + terms.ttl * random.uniform(refresh_share, 1.0)
        """From here on one caller has it loaded anew, in the background."""
        self.again = 0.0
        """Until then nobody tries that once more."""
        self.stale = self.until + terms.stale
        self.error = self.until + terms.error

    def give(self) -> Any:
        """The value. What can be changed is made anew for each caller, so that nobody changes it for others."""
        return self.value if self.shared else codec.decode(self.data)
