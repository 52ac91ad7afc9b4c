"""A value as it lies in Redis: a head, then the value as bytes, compressed when it is long, sealed when there is a key.

    form (1 byte) | flags (1) | version (8) | stored at, ms (8) | ttl, stale, error, ms (8 each) | n (1) |
    n × (token of a tag (16) | its epoch (12)) | the value

Sealed with AES-256-GCM under a key made, for each realm, from the store's own key (HKDF-SHA256): content that lies
outside the database is as unreadable there as in it. The associated data is the value's own token and the head, so
that whoever can write to Redis can neither move a value to another place nor give it other tags or a longer life. A
tenant's data key is not used: which one counts is read from the database in each transaction, and a hit makes none. So
destroying a tenant's keys leaves what is cached readable to a holder of the store's key until it expires, at the
latest after `Settings.cache_longest_seconds`.
"""

import os
import struct
import threading
import time
from functools import lru_cache
from typing import Any

import zstandard
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from holdfast.core.cache.codec import Unreadable
from holdfast.core.cache.entries import Terms
from holdfast.core.cache.keys import TOKEN_BYTES, Token
from holdfast.core.cache.leases import VERSION_BYTES, Contents, Parcel

FORM = 1
EPOCH_BYTES = 12
_COMPRESSED, _SEALED, _SHARED, _NOTHING = 1, 2, 4, 8
_HEAD = struct.Struct(f">BB{VERSION_BYTES}sQQQQB")
_TAG = TOKEN_BYTES + EPOCH_BYTES
_NONCE = 12


class Packer:
    """Packs and opens the parcels of one store."""

    def __init__(self, *, compress_from: int, most_bytes: int, secret: bytes | None) -> None:
        """`secret`: seal with keys made from it."""
        self._compress_from = compress_from
        self._most_bytes = most_bytes
        self._secret = secret
        self._own = threading.local()
        self._cipher = lru_cache(1_000)(self._make_cipher)

    def pack(
        self,
        realm: bytes,
        token: Token,
        version: bytes,
        contents: Contents,
        tags: tuple[Token, ...],
        epochs: list[bytes],
    ) -> bytes:
        """The bytes to store."""
        data, flags = contents.data, _SHARED * contents.shared | _NOTHING * contents.nothing
        if len(data) >= self._compress_from:
            smaller = self._tools()[0].compress(data)
            if len(smaller) < len(data):
                data, flags = smaller, flags | _COMPRESSED
        flags |= _SEALED * (self._secret is not None)
        lives = [int(1000 * part) for part in (time.time(), *contents.terms)]
        head = _HEAD.pack(FORM, flags, version, *lives, len(tags))
        head += b"".join([part for pair in zip(tags, epochs, strict=True) for part in pair])
        if self._secret is None:
            return head + data
        nonce = os.urandom(_NONCE)
        return head + nonce + self._cipher(realm).encrypt(nonce, data, token + head)

    def open(self, realm: bytes, token: Token, blob: bytes, tags: list[tuple[Token, bytes]]) -> Parcel:
        """What is in it; `tags` as `tags_of` gave them. Raises `Unreadable` for what was not packed for this place."""
        form, flags, version, stored, ttl, stale, error, _ = _head(blob)
        end = _HEAD.size + len(tags) * _TAG
        if form != FORM or bool(flags & _SEALED) != (self._secret is not None):
            raise Unreadable("another form")
        data = blob[end:]
        if self._secret is not None:
            try:
                data = self._cipher(realm).decrypt(data[:_NONCE], data[_NONCE:], token + blob[:end])
            except (InvalidTag, ValueError):
                raise Unreadable("not sealed for this place") from None
        if flags & _COMPRESSED:
            data = self._decompress(data)
        return Parcel(
            data,
            bool(flags & _SHARED),
            bool(flags & _NOTHING),
            version,
            max(0.0, time.time() - stored / 1000),
            Terms(ttl / 1000, stale / 1000, error / 1000),
            tuple([tag for tag, _ in tags]),
        )

    def _decompress(self, data: bytes) -> bytes:
        try:
            size = zstandard.frame_content_size(data)
            if not 0 <= size <= self._most_bytes:
                raise Unreadable("too large")
            return bytes(self._tools()[1].decompress(data))
        except zstandard.ZstdError:
            raise Unreadable("not compressed") from None

    def _tools(self) -> tuple[Any, Any]:
        """A compressor and a decompressor of this thread: they cannot be shared."""
        tools: tuple[Any, Any] | None = getattr(self._own, "tools", None)
        if tools is None:
            tools = self._own.tools = (zstandard.ZstdCompressor(), zstandard.ZstdDecompressor())
        return tools

    def _make_cipher(self, realm: bytes) -> AESGCM:
        assert self._secret is not None
        info = b"holdfast cache" + realm
        return AESGCM(HKDF(algorithm=SHA256(), length=32, salt=None, info=info).derive(self._secret))


def tags_of(blob: bytes) -> list[tuple[Token, bytes]]:
    """The tags of a value in Redis with the epochs they had when it was loaded. Raises `Unreadable`."""
    count = _head(blob)[-1]
    if len(blob) < _HEAD.size + count * _TAG:
        raise Unreadable("cut off")
    starts = range(_HEAD.size, _HEAD.size + count * _TAG, _TAG)
    return [(blob[at : at + TOKEN_BYTES], blob[at + TOKEN_BYTES : at + _TAG]) for at in starts]


def version_of(blob: bytes) -> bytes:
    """The version of a value in Redis, or what lies in its place."""
    return blob[2 : 2 + VERSION_BYTES]


def _head(blob: bytes) -> tuple[Any, ...]:
    try:
        return _HEAD.unpack_from(blob)
    except struct.error:
        raise Unreadable("cut off") from None
