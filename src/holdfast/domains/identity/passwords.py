"""Passwords, kept as Argon2id hashes (RFC 9106, its second recommended choice: 64 MiB, 3 passes).

Never called inside a transaction: a hash takes tens of milliseconds. A few at a time, so that many who log in at once
do not take 64 MiB each.
"""

import unicodedata
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from holdfast.core.errors import InvalidInput
from holdfast.core.inputs import check_text
from holdfast.core.seats import Seats

LEAST, MOST = 12, 1024
_AT_ONCE = Seats(4)
_hasher = PasswordHasher(time_cost=3, memory_cost=64 * 1024, parallelism=4)


def check_password(password: object) -> str:
    """`password` in its stored form, when it is 12 to 1,024 characters. Raises `InvalidInput`; never shows it."""
    text = prepared(password)
    if not LEAST <= len(text) <= MOST:
        raise InvalidInput(f"password: {len(text)} characters; give {LEAST} to {MOST}", field="password")
    return text


def prepared(password: object) -> str:
    """One spelling of what keyboards spell in several (RFC 8265)."""
    return unicodedata.normalize("NFC", check_text(password, field="password", most_bytes=MOST * 4))


def hash_password(password: str) -> str:
    """The hash to keep."""
    with _AT_ONCE:
        return _hasher.hash(password)


def is_right(kept: str | None, password: str) -> bool:
    """Whether `password` is the one. Takes the same time when there is none to compare with."""
    with _AT_ONCE:
        try:
            return _hasher.verify(kept or _nobodys(), password) and kept is not None
        except (VerificationError, InvalidHashError):
            return False


def is_outdated(kept: str) -> bool:
    """Whether `kept` was made with other costs than today's."""
    return _hasher.check_needs_rehash(kept)


@cache
def _nobodys() -> str:
    """A hash that no password has."""
    return _hasher.hash(unicodedata.normalize("NFC", "nobody's password") + "\0")
