"""The hash chain: each message carries the hash of the one before it.

    hash(n) = SHA-256(hash(n-1) ‖ seq ‖ id ‖ role ‖ 00 ‖ created_at ‖ digest)      hash(0) = SHA-256(conversation id)
    digest  = SHA-256(salt ‖ length of content ‖ content ‖ length of parts ‖ parts ‖ metadata)

Numbers are 8 bytes, big-endian; times are microseconds since 1970; parts and metadata are their JSON as stored. The
hash of the last message is the conversation's `head`. The salt is random and kept beside the content: when the
content is erased the salt goes too, so the digest left behind confirms no guess, and the chain still holds.
The function append_message of the migrations computes the same on PostgreSQL.
"""

import hashlib
import struct
from datetime import datetime
from uuid import UUID

from holdfast.core.clock import to_microseconds
from holdfast.core.database.types import dump_json, spelled

SALT_BYTES = 16
_NUMBER = struct.Struct(">q")


def genesis(conversation_id: UUID) -> str:
    """The hash before a conversation's first message (hex)."""
    return hashlib.sha256(conversation_id.bytes).hexdigest()


def content_digest(salt: bytes, content: str, parts: object, metadata: object) -> str:
    """The salted digest of what a message says (hex)."""
    text = content.encode()
    structure = b"" if parts is None else dump_json(parts).encode()
    pieces = (salt, _NUMBER.pack(len(text)), text, _NUMBER.pack(len(structure)), structure, spelled(metadata).encode())
    return hashlib.sha256(b"".join(pieces)).hexdigest()


def link(previous: str, seq: int, message_id: UUID, role: str, created_at: datetime, digest: str) -> str:
    """The hash of a message, which the next one carries (hex)."""
    header = _NUMBER.pack(seq) + message_id.bytes + role.encode() + b"\0" + _NUMBER.pack(to_microseconds(created_at))
    return hashlib.sha256(bytes.fromhex(previous) + header + bytes.fromhex(digest)).hexdigest()
