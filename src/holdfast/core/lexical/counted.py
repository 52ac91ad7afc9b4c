"""Words as the counts hold them: their digests.

The counts live in pages whose rows move, and SQLite's `secure_delete` does not reach what a moved row leaves behind. So
no word stands there that could outlive the text it was of.
"""

from functools import lru_cache
from hashlib import blake2b
from uuid import UUID

ALL = ""
"""No word: stands for every text of a place."""


@lru_cache(maxsize=65_536)
def counted(tenant_id: UUID, word: str) -> str:
    """What stands for a word of a tenant's texts: 16 bytes, in hex digits, that tell nothing in another tenant."""
    return blake2b(word.encode(), digest_size=16, key=tenant_id.bytes).hexdigest()
