"""Sealed values: AES-256-GCM under a tenant's data key, bound to the place they were written to.

    version (1 byte) | id of the data key (16) | nonce (12) | ciphertext and tag

The associated data is the version and key id, the owner (a tenant), the column, and the row's key: a value moved to
another row, column or tenant does not open.
"""

import hashlib
import hmac
import os
from collections.abc import Sequence
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from holdfast.core.crypto.errors import SecretUnreadable

VERSION = b"\x01"
KEY_ID = slice(1, 17)
_NONCE = slice(17, 29)
_LEAST = 29 + 16


def place(owner: UUID, label: str, row: Sequence[object]) -> bytes:
    """The associated data of a place: every part with its kind and length, so that no two places read the same."""
    parts = [owner.bytes, label.encode(), *[_part(value) for value in row]]
    return b"".join([len(part).to_bytes(4, "big") + part for part in parts])


def _part(value: object) -> bytes:
    if isinstance(value, UUID):
        return b"u" + value.bytes
    if isinstance(value, str):
        return b"s" + value.encode()
    if isinstance(value, int):
        return b"i" + str(value).encode()
    raise TypeError(f"the key of a row with a secret holds a {type(value).__name__}; use identifiers, texts or numbers")


def seal(key_id: UUID, key: bytes, text: str, where: bytes) -> bytes:
    """`text`, sealed for the place `where`."""
    header, nonce = VERSION + key_id.bytes, os.urandom(12)
    return header + nonce + AESGCM(key).encrypt(nonce, text.encode(), header + where)


def key_id_of(blob: bytes, label: str) -> UUID:
    """Which data key opens it. Raises `SecretUnreadable` for what is no sealed value."""
    if len(blob) < _LEAST or blob[:1] != VERSION:
        raise SecretUnreadable(label)
    return UUID(bytes=blob[KEY_ID])


def unseal(key: bytes, blob: bytes, where: bytes, label: str) -> str:
    """The text again. Raises `SecretUnreadable` when it was sealed for another place, or changed."""
    try:
        return AESGCM(key).decrypt(blob[_NONCE], blob[_NONCE.stop :], blob[: KEY_ID.stop] + where).decode()
    except InvalidTag:
        raise SecretUnreadable(label, key_id_of(blob, label)) from None


def keyed_hash(key: bytes, label: str, text: str) -> bytes:
    """HMAC-SHA256 of `text` for one purpose: the same text has another hash under another label."""
    return hmac.new(key, label.encode() + b"\0" + text.encode(), hashlib.sha256).digest()
