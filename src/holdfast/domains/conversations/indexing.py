"""The search index: appended messages wait for it, and are indexed many at a time.

Indexing one message in the transaction that appends it touches a page or more for each of its words: it doubled the
cost of an append on SQLite, and PostgreSQL's own remedy, a list of pending entries, made a search for a rare word take
18 ms. Sixty-four at once cost little more than one. So an append only notes the message, in the same transaction; about
every sixty-fourth first indexes all that wait; and a search indexes what waits before it looks, so that it finds
everything appended before it began.
"""

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
    tenant_id = tx.scope.tenant_id
    assert tenant_id is not None, "only a tenant has messages"
    tx.all(queries.wait_for_turn, {"turn": f"index {tenant_id}"})
    rows = [
        {
            "id": message_id,
            "marks": marks_of(tenant_id, owner_id, conversation_id, workspace_id),
            "body": readable_text(content, parts),
        }
        for message_id, owner_id, conversation_id, workspace_id, content, parts in tx.all(queries.unindexed)
    ]
    tx.many(queries.index_message, rows)
    tx.many(queries.indexed, rows)
