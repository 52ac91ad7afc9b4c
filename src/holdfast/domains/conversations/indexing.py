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
from holdfast.domains.conversations import append_queries, queries, search_queries
from holdfast.domains.conversations.drafts import marks_of, readable_text

EVERY = 64
AT_ONCE = 500
"""The most conversations that are read together: bounds memory."""


def is_time(message_id: UUID) -> bool:
    """Whether it is this message's turn to index those before it. Ids end in random bits, so no count is kept."""
    return message_id.int % EVERY == 0


def is_behind(tx: Transaction) -> bool:
    """Whether messages of the tenant wait."""
    return tx.first(search_queries.any_unindexed) is not None


def catch_up(tx: Transaction) -> None:
    """Index every message of the tenant that waits: one at a time, so that nobody searches while another is at it."""
    tx.all(queries.wait_for_turn, {"turn": f"index {tx.scope.tenant_id}"})
    while ids := [id_ for (id_,) in tx.all(search_queries.unindexed, {"most": AT_ONCE})]:
        _catch_up_with(tx, ids)


def _catch_up_with(tx: Transaction, ids: list[UUID]) -> None:
    """Some conversations, under their rows' locks: nobody appends meanwhile. Six statements, however many."""
    these = {"ids": ids}
    held = tx.all(search_queries.lock_for_index, these)
    marks = {id_: marks_in(tx, owner_id, id_, workspace_id) for id_, owner_id, workspace_id in held}
    rows = [
        {"id": message_id, "body": readable_text(content, parts), "marks": marks[id_]}
        for id_, message_id, content, parts in tx.all(search_queries.texts_unindexed, these)
    ]
    if rows:
        tx.many(search_queries.index_message, rows)
    tx.run(append_queries.mark_indexed, these)
    tx.run(search_queries.leave_index_queue, these)


def add(tx: Transaction, rows: list[dict[str, Any]], marks: str) -> None:
    """Put messages (`id`, `body`) into the index."""
    tx.many(search_queries.index_message, [{"id": row["id"], "body": row["body"], "marks": marks} for row in rows])


def marks_in(tx: Transaction, owner_id: UUID, conversation_id: UUID, workspace_id: UUID | None) -> str:
    """The marks of a conversation's messages in the scope's tenant."""
    assert tx.scope.tenant_id is not None, "only a tenant has messages"
    return marks_of(tx.scope.tenant_id, owner_id, conversation_id, workspace_id)
