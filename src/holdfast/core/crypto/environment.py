"""A key ring in an environment variable: `2026-01:<64 hex digits>,2025-07:<64 hex digits>`, the first is current."""

import re
from collections.abc import Collection
from uuid import UUID

from holdfast.core.crypto.errors import InvalidKeyRing, RingKeyMissing, RingTakesNoKey, WrongRingKey
from holdfast.core.crypto.ring import RingKey, Wrapped, unwrap_with, wrap_with

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_KEY = re.compile(r"[0-9a-fA-F]{64}")
_RESERVED = ("file", "aws-kms", "file-key")


class EnvironmentRing:
    """A few keys for all owners, held in memory. It cannot forget an owner: whoever has a key has them all."""

    forgets = False

    name = "the key ring in HOLDFAST_KEYRING"

    def __init__(self, spec: str) -> None:
        self._keys: dict[str, bytes] = {}
        for number, entry in enumerate(spec.split(","), 1):
            name, key = _parse(entry.strip(), number)
            if name in self._keys:
                raise InvalidKeyRing(f"there are two keys {name!r}")
            self._keys[name] = key
        self._current = next(iter(self._keys))

    def __repr__(self) -> str:
        return f"EnvironmentRing({', '.join(self._keys)})"

    def wrap(self, owner: UUID, key: bytes) -> Wrapped:
        """See `KeyRing.wrap`."""
        return Wrapped(ring_key=self._current, blob=wrap_with(self._current, self._keys[self._current], owner, key))

    def unwrap(self, owner: UUID, ring_key: str, blob: bytes) -> bytes:
        """See `KeyRing.unwrap`."""
        wrapping = self._keys.get(ring_key)
        if wrapping is None:
            raise RingKeyMissing(ring_key, self.name)
        key = unwrap_with(ring_key, wrapping, owner, blob)
        if key is None:
            raise WrongRingKey(ring_key, self.name)
        return key

    def keys(self) -> list[RingKey]:
        """See `KeyRing.keys`."""
        return [RingKey(id=name, created_at=None, current=name == self._current) for name in self._keys]

    def add(self) -> RingKey:
        """See `KeyRing.add`. The variable belongs to whoever starts the process."""
        raise RingTakesNoKey(
            f"{self._current!r} is the first key of HOLDFAST_KEYRING, and is in use already; put a new one before it "
            "(NAME:$(openssl rand -hex 32),…), keep the old one behind it, and rotate again"
        )

    def destroy(self, _owner: UUID, _decided: Collection[str] = ()) -> bool:
        """See `KeyRing.destroy`."""
        return False


def _parse(entry: str, number: int) -> tuple[str, bytes]:
    """One NAME:KEY. The key is in no message, not even a wrong one."""
    name, _, key = entry.partition(":")
    if not _NAME.fullmatch(name) or name in _RESERVED:
        raise InvalidKeyRing(f"entry {number} has no name of letters, digits, dots, dashes before a colon")
    if not _KEY.fullmatch(key):
        raise InvalidKeyRing(f"the key of {name!r} is not 64 hex digits")
    return name, bytes.fromhex(key)
