"""The search index: appended messages wait for it, and are indexed many at a time.

Indexing one message in the transaction that appends it touches a page or more for each of its words: it doubled the
cost of an append on SQLite, and PostgreSQL's own remedy, a list of pending entries, made a search for a rare word take
18 ms. Sixty-four at once cost little more than one. So a conversation knows how far it is indexed, and the append that
leaves that point notes it, in the same transaction; about every sixty-fourth append first indexes all that wait; and
a search indexes what waits before it looks, so that it finds everything appended before it began.
"""

from typing import Any
from uuid import UUID

from holdfast.core.database import Transaction
from holdfast.domains.conversations import queries
from holdfast.domains.conversations.drafts import marks_of, readable_text

EVERY = 64


def is_time(message_id: UUID) -> bool:
    """Whether it is this message's turn to index those before it. Ids end in random bits, so no count is kept."""
    return message_id.int % EVERY == 0


def is_behind(tx: Transaction) -> bool:
    """Whether messages of the tenant wait."""
    return tx.first(queries.any_unindexed) is not None


def catch_up(tx: Transaction) -> None:
    """Index every message of the tenant that waits: one at a time, so that nobody searches while another is at it."""
    tx.all(queries.wait_for_turn, {"turn": f"index {tx.scope.tenant_id}"})
    for (conversation_id,) in tx.all(queries.unindexed):
        _catch_up_with(tx, conversation_id)


def _catch_up_with(tx: Transaction, conversation_id: UUID) -> None:
    """One conversation, under its row's lock: nobody appends meanwhile."""
    place = {"conversation_id": conversation_id}
    held = tx.first(queries.lock_for_index, place)
    if held is not None:
        owner_id, workspace_id, after, through = held
        marks = marks_in(tx, owner_id, conversation_id, workspace_id)
        texts = tx.all(queries.texts_after, {**place, "after": after})
        add(tx, [{"id": id_, "body": readable_text(content, parts)} for id_, content, parts in texts], marks)
        tx.run(queries.mark_indexed, {**place, "through": through})
    tx.run(queries.leave_index_queue, place)


def add(tx: Transaction, rows: list[dict[str, Any]], marks: str) -> None:
    """Put messages (`id`, `body`) into the index."""
    tx.many(queries.index_message, [{"id": row["id"], "body": row["body"], "marks": marks} for row in rows])


def marks_in(tx: Transaction, owner_id: UUID, conversation_id: UUID, workspace_id: UUID | None) -> str:
    """The marks of a conversation's messages in the scope's tenant."""
    assert tx.scope.tenant_id is not None, "only a tenant has messages"
    return marks_of(tx.scope.tenant_id, owner_id, conversation_id, workspace_id)
