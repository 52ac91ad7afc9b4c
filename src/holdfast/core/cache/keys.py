"""Where a value is: the realm it belongs to, its family's name, its key, and what it varies by.

In the process an address is a tuple of those; in Redis it is a token: a keyed hash over all of them, each with its kind
and its length. So no two addresses read the same whatever characters are in them, no tenant's can meet another's, and
a reader of Redis sees no names. Tags are tokens of their own kind, in the same realm.
"""

import hashlib
from collections.abc import Hashable, Sequence
from functools import lru_cache
from typing import NamedTuple
from uuid import UUID

from holdfast.core.errors import InvalidInput
from holdfast.core.scope import NIL

TOKEN_BYTES = 16
KEY_CHARS = 10_000
"""The longest name, key or tag, in characters."""
TAGS = 64
"""The most tags on one value."""

EVERYBODY = NIL.bytes
"""The realm of the whole application."""

Token = bytes
CacheKey = str | int | UUID | tuple["CacheKey", ...]
"""What names a value within its family. 1 and "1" are two keys."""


class Address(NamedTuple):
    """One value's place."""

    realm: bytes
    """A tenant's id, or `EVERYBODY`: the whole application. As bytes, which hash faster."""
    name: str
    key: Hashable
    vary: tuple[str, ...]


def address(realm: bytes, name: str, key: CacheKey, vary: Sequence[str]) -> Address:
    """The place. Raises `InvalidInput` for what is no name or no key."""
    if type(name) is not str or not 0 < len(name) <= KEY_CHARS:
        raise InvalidInput(f"cache: the name {name!r:.80} is not a text of 1 to {KEY_CHARS:,} characters", field="name")
    return Address(realm, name, key if type(key) is str else _typed(key), tuple(vary))


def _typed(key: object) -> Hashable:
    """A key that is no text, with its type: 1, True and "1" are equal or look alike, and are three keys."""
    if isinstance(key, tuple):
        return ("t", tuple(_typed(part) for part in key))
    if type(key) in (str, int, UUID):
        return (type(key).__name__, key)
    raise InvalidInput(f"cache: a {type(key).__name__} is no key; give str, int, UUID or a tuple of them", field="key")


def _parts(value: Hashable) -> bytes:
    """Kind, length, content."""
    if isinstance(value, tuple):
        kind, content = b"t", b"".join([_parts(part) for part in value])
    elif isinstance(value, UUID):
        kind, content = b"u", value.bytes
    elif isinstance(value, int):
        kind, content = b"i", b"%x" % value
    elif isinstance(value, bytes):
        kind, content = b"b", value
    else:
        kind, content = b"s", str(value).encode("utf-8", "surrogatepass")
    return kind + len(content).to_bytes(8, "big") + content


class Tokens:
    """Makes the tokens of one store."""

    def __init__(self, secret: bytes) -> None:
        self._secret = hashlib.blake2b(secret, digest_size=32, person=b"holdfast cache").digest()
        self.store = self._of(("store",)).hex()
        """Stands for the store: two that share a Redis do not meet."""
        self.value = lru_cache(10_000)(self._value)
        self.tag = lru_cache(10_000)(self._tag)
        self.shared_tags = lru_cache(10_000)(self._shared_tags)

    def _of(self, parts: tuple[Hashable, ...]) -> Token:
        return hashlib.blake2b(_parts(parts), digest_size=TOKEN_BYTES, key=self._secret).digest()

    def _value(self, at: Address) -> Token:
        return self._of(("value", *at))

    def _tag(self, realm: bytes, tag: str) -> Token:
        """A tag that the application gave."""
        return self._of(("tag", realm, tag))

    def rate(self, bucket: tuple[Hashable, ...]) -> Token:
        """A bucket of requests."""
        return self._of(("rate", *bucket))

    def family(self, realm: bytes, name: str) -> Token:
        """On every value of a family."""
        return self._implied(realm, "name", name)

    def realm(self, realm: bytes) -> Token:
        """On every value of a realm."""
        return self._implied(realm, "all", "")

    def variants(self, at: Address) -> Token:
        """On every variant of a key that has any."""
        return self._of(("variants", *at[:3]))

    @lru_cache(1_000)  # noqa: B019  # a store has one
    def _implied(self, realm: bytes, kind: str, name: str) -> Token:
        return self._of((kind, realm, name))

    def tags(self, at: Address, given: Sequence[str]) -> tuple[Token, ...]:
        """The tokens of every tag of a value, each once, those that are implied first."""
        tags = self.shared_tags(at.realm, at.name, tuple(given))
        return (*tags, self.variants(at)) if at.vary else tags

    def _shared_tags(self, realm: bytes, name: str, given: tuple[str, ...]) -> tuple[Token, ...]:
        implied = (self.family(realm, name), self.realm(realm))
        return tuple(dict.fromkeys([*implied, *(self.tag(realm, tag) for tag in check_tags(given))]))


def check_tags(tags: Sequence[str]) -> tuple[str, ...]:
    """Tags as given. Raises `InvalidInput`."""
    if isinstance(tags, str) or len(tags) > TAGS:
        raise InvalidInput(f"cache: tags: give a list of at most {TAGS} texts", field="tags")
    for tag in tags:
        if type(tag) is not str or not 0 < len(tag) <= KEY_CHARS:
            raise InvalidInput(
                f"cache: the tag {tag!r:.80} is not a text of 1 to {KEY_CHARS:,} characters", field="tags"
            )
    return tuple(tags)
