"""Words as the counts hold them: their digests.

The counts live in pages whose rows move, and SQLite's `secure_delete` does not reach what a moved row leaves behind. So
no word stands there that could outlive the text it was of.
"""

from collections.abc import Mapping
from functools import lru_cache
from hashlib import blake2b
from uuid import UUID

ALL = ""
"""No word: stands for every text of a place."""
TENANTS_KEPT, WORDS_KEPT = 8, 30_000
"""Of so many tenants the digests of so many words are remembered: 5 MB each. Making one takes 1 µs."""


class _Digests(dict[str, str]):
    """The digest of each word of a tenant; that of a word not seen before is made."""

    def __init__(self, tenant_id: UUID) -> None:
        super().__init__()
        self._keyed = blake2b(digest_size=16, key=tenant_id.bytes)

    def __missing__(self, word: str) -> str:
        hashed = self._keyed.copy()
        hashed.update(word.encode())
        digest = hashed.hexdigest()
        if len(self) < WORDS_KEPT:
            self[word] = digest
        return digest


@lru_cache(maxsize=TENANTS_KEPT)
def digests(tenant_id: UUID) -> Mapping[str, str]:
    """What stands for each word of a tenant's texts: 16 bytes, in hex digits, that tell nothing in another tenant."""
    return _Digests(tenant_id)


def counted(tenant_id: UUID, word: str) -> str:
    """What stands for one word."""
    return digests(tenant_id)[word]
