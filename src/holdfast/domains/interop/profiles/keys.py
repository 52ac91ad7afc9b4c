"""What a profile remembers of messages, patients and values without holding them: keyed hashes and sealed values."""

import base64
import hashlib

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from holdfast.core.errors import InvalidInput
from holdfast.domains.interop.errors import ProfileUnreadable

_LEAST = 16


class ProfileKey:
    """A secret of whoever owns the profiles. Only profiles of the same key can be added up.

    Digests of messages and patients are keyed hashes of 64 bits. Values are sealed with AES-SIV, which gives the same
    bytes for the same value, so that sealed profiles of the same content are the same bytes.
    """

    def __init__(self, secret: bytes) -> None:
        if len(secret) < _LEAST:
            raise InvalidInput(f"the key of a profile has {len(secret)} bytes; give at least {_LEAST}", field="key")
        self._message = _derived(secret, b"message")[:32]
        self._patient = _derived(secret, b"patient")[:32]
        self._sealing = AESSIV(_derived(secret, b"sealing"))
        self.name = _derived(secret, b"name")[:8].hex()

    def message(self, raw: bytes) -> int:
        """The digest of a message, whatever line ends follow it."""
        digest = hashlib.blake2b(raw.rstrip(b"\r\n"), digest_size=8, key=self._message).digest()
        return int.from_bytes(digest, "big")

    def patient(self, identifier: str) -> int:
        """The digest of a patient's identifier."""
        given = identifier.encode("utf-8", "surrogateescape")
        return int.from_bytes(hashlib.blake2b(given, digest_size=8, key=self._patient).digest(), "big")

    def seal(self, value: str, place: str) -> str:
        """A value that only this key opens, at the place it was sealed for."""
        sealed = self._sealing.encrypt(value.encode("utf-8", "surrogateescape"), [place.encode()])
        return base64.urlsafe_b64encode(sealed).decode("ascii")

    def unseal(self, sealed: str, place: str) -> str:
        """The value. Raises `ProfileUnreadable`."""
        try:
            opened = self._sealing.decrypt(base64.urlsafe_b64decode(sealed), [place.encode()])
        except (InvalidTag, ValueError) as error:
            raise ProfileUnreadable("a value is sealed under another key, or for another place") from error
        return opened.decode("utf-8", "surrogateescape")


def _derived(secret: bytes, purpose: bytes) -> bytes:
    return hashlib.blake2b(secret, digest_size=64, person=b"hf-" + purpose).digest()
