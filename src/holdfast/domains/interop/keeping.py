"""Messages as samples: each a row of its own, sealed on its way to the database."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from holdfast.core.clock import now

from .hl7 import Message, read
from .profiles import ProfileKey
from .profiles.standards import HL7V2, Standard, tree_pieces
from .stored import packed


def rows_of(
    contents: Sequence[bytes], key: ProfileKey, *, vendor: str, standard: Standard, days: int, owner: UUID | None
) -> list[dict[str, Any]]:
    """The rows of messages that are kept for so many days, for `queries.insert_sample`."""
    moment = now()
    row = {
        "vendor": vendor,
        "standard": standard,
        "owner_id": owner,
        "created_at": moment,
        "expires_at": moment + timedelta(days=days),
    }
    return [
        row | {"digest": f"{key.message(raw):016x}", "type": message_type[:200], "content": packed(raw)}
        for content in contents
        for raw, message_type in _messages(content, standard)
    ]


def _messages(content: bytes, standard: Standard) -> Iterator[tuple[bytes, str]]:
    if standard == HL7V2:
        yield from ((found.raw, found.type) for found in read(content) if isinstance(found, Message))
        return
    for piece in tree_pieces(standard)(content):
        if piece.message is not None:
            yield piece.message.raw, piece.message.type
