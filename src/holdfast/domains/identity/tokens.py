"""API keys and session tokens: made at random, kept as digests, checked for typing errors without a database.

`hf_` (an API key) or `hs_` (a session), 30 characters of base 62 (178 bits of chance), and 6 more: the CRC-32 of what
is before them. The prefix lets scanners of source code find a key that was published by mistake.
"""

import hashlib
import secrets
import string
import zlib
from typing import Literal

Kind = Literal["api_key", "session"]

PREFIXES: dict[str, Kind] = {"hf_": "api_key", "hs_": "session"}
HINT_CHARS = 8
_ALPHABET = string.digits + string.ascii_uppercase + string.ascii_lowercase
_RANDOM, _CHECK = 30, 6
_LENGTH = 3 + _RANDOM + _CHECK


def new_token(kind: Kind) -> str:
    """A new secret."""
    prefix = next(text for text, of in PREFIXES.items() if of == kind)
    body = prefix + "".join(secrets.choice(_ALPHABET) for _ in range(_RANDOM))
    return body + _checksum(body)


def kind_of(secret: object) -> Kind | None:
    """What `secret` may be, by its form; None when nothing was ever made that looks so."""
    if not isinstance(secret, str) or len(secret) != _LENGTH or not secret.isascii():
        return None
    body, given = secret[:-_CHECK], secret[-_CHECK:]
    return PREFIXES.get(secret[:3]) if _checksum(body) == given else None


def digest_of(secret: str) -> str:
    """What is kept of a secret. One round is enough: there is nothing to guess in 178 bits of chance."""
    return hashlib.sha256(secret.encode()).hexdigest()


def _checksum(body: str) -> str:
    rest, digits = zlib.crc32(body.encode()), ""
    for _ in range(_CHECK):
        rest, digit = divmod(rest, len(_ALPHABET))
        digits = _ALPHABET[digit] + digits
    return digits
