"""The key ring of an encrypted SQLite file to which none was given: made from the file's own key.

Whoever can open the file can unwrap its data keys, and nobody else: not who finds an unencrypted copy of its rows.
A blob holds one entry for each file key it can be unwrapped with: two while `holdfast rekey` is under way, so that
wherever it is interrupted, the key that opens the file also unwraps.
"""

from collections.abc import Collection
from uuid import UUID

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from holdfast.core.crypto.errors import RingKeyMissing, RingTakesNoKey, WrongRingKey
from holdfast.core.crypto.ring import KEY_BYTES, RingKey, Wrapped, unwrap_with, wrap_with

RING_KEY = "file-key"
_MARK_BYTES = 4
_ENTRY_BYTES = _MARK_BYTES + 12 + KEY_BYTES + 16


class DerivedRing:
    """One wrapping key, by HKDF-SHA256 from the file's raw key and its salt. `also`: a second file key to wrap for."""

    forgets = False

    name = "the key of the SQLite file"

    def __init__(self, raw: bytes, salt: bytes, *, also: bytes | None = None) -> None:
        self._entries = [_derive(key, salt) for key in (raw, also) if key is not None]

    def __repr__(self) -> str:
        return "DerivedRing(…)"

    def wrap(self, owner: UUID, key: bytes) -> Wrapped:
        """See `KeyRing.wrap`."""
        entries = [mark + wrap_with(RING_KEY, wrapping, owner, key) for mark, wrapping in self._entries]
        return Wrapped(ring_key=RING_KEY, blob=b"".join(entries))

    def unwrap(self, owner: UUID, ring_key: str, blob: bytes) -> bytes:
        """See `KeyRing.unwrap`."""
        if ring_key != RING_KEY:
            raise RingKeyMissing(ring_key, self.name)
        own = dict(self._entries)
        found = {blob[at : at + _MARK_BYTES]: blob[at : at + _ENTRY_BYTES] for at in range(0, len(blob), _ENTRY_BYTES)}
        for mark, entry in found.items():
            key = unwrap_with(RING_KEY, own[mark], owner, entry[_MARK_BYTES:]) if mark in own else None
            if key is not None:
                return key
        raise WrongRingKey(f"{RING_KEY}:{blob[:_MARK_BYTES].hex()}", self.name)

    def keys(self) -> list[RingKey]:
        """See `KeyRing.keys`."""
        return [RingKey(id=RING_KEY, created_at=None, current=True)]

    def add(self) -> RingKey:
        """See `KeyRing.add`."""
        raise RingTakesNoKey(
            "the ring is the SQLite file's own key; `holdfast rekey` changes that, "
            "`holdfast keys rotate --to …` moves to a key ring of its own"
        )

    def destroy(self, _owner: UUID, _decided: Collection[str] = ()) -> bool:
        """See `KeyRing.destroy`: whoever has an old copy of the file and its key can read that copy."""
        return False


def _derive(raw: bytes, salt: bytes) -> tuple[bytes, bytes]:
    """The mark that tells one file key from another, and the wrapping key."""
    made = HKDF(SHA256(), KEY_BYTES + _MARK_BYTES, salt=salt, info=b"holdfast ring of a file").derive(raw)
    return made[KEY_BYTES:], made[:KEY_BYTES]
