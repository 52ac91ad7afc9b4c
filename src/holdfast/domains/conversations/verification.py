"""Verification: read a conversation from its first message to its head and check every hash on the way."""

from typing import Any

from holdfast.core.database import Transaction
from holdfast.domains.conversations import lineage, message_queries
from holdfast.domains.conversations.chain import content_digest, genesis, link
from holdfast.domains.conversations.models import Conversation, Verification

BATCH = 500


def verify(tx: Transaction, conversation: Conversation) -> Verification:
    """Whether every message is there, in its place and unchanged. Reads all of them, 500 a statement."""
    parts = list(reversed(list(lineage.segments(tx, conversation))))
    expected, seq = genesis(parts[0].conversation_id), 0
    for part in parts:
        while seq < part.through:
            rows = _batch(tx, part, seq)
            for row in rows:
                problem = _problem(row, seq + 1, expected)
                if problem is not None:
                    return Verification(ok=False, messages=seq, first_bad=seq + 1, reason=problem)
                seq, expected = seq + 1, link(expected, *row[:5])
            if not rows:
                return Verification(ok=False, messages=seq, first_bad=seq + 1, reason="missing")
    return _check_end(tx, conversation, expected, seq)


def _batch(tx: Transaction, part: lineage.Segment, seq: int) -> list[tuple[Any, ...]]:
    place = {"conversation_id": part.conversation_id, "after": seq, "through": part.through, "limit": BATCH}
    return tx.all(message_queries.chain_links, place)


def _problem(row: tuple[Any, ...], seq: int, expected: str) -> str | None:
    found_seq, _id, _role, _time, digest, previous, salt, content, parts, metadata = row
    if found_seq != seq:
        return "missing"
    if previous != expected:
        return "does not follow the message before it"
    if salt is not None and content_digest(salt, content, parts, metadata) != digest:
        return "content is not what was appended"
    return None


def _check_end(tx: Transaction, conversation: Conversation, expected: str, seq: int) -> Verification:
    """The head on the conversation, and nothing beyond it."""
    place = {"conversation_id": conversation.id}
    head = tx.first(message_queries.head, place)
    if head is None or head[0] != expected:
        return Verification(ok=False, messages=seq, first_bad=seq, reason="is not the one the conversation ends with")
    beyond = {**place, "after": seq, "through": 2**31 - 1, "limit": 1}
    if tx.all(message_queries.chain_links, beyond):
        return Verification(ok=False, messages=seq, first_bad=seq + 1, reason="was added outside the log")
    return Verification(ok=True, messages=seq)
