"""The search index on an engine of one writer: appended messages wait, and are indexed many at a time.

Indexing one message in the commit that appends it writes nine pages for its few words, and doubles the cost of an
append; sixty-four at once cost little more than one. So an append only notes the message (one row, the same commit),
about every sixty-fourth indexes all that wait, and a search indexes what waits before it looks: it misses nothing that
was appended before it began. PostgreSQL's GIN index does the same by itself.
"""

from uuid import UUID

from holdfast.core.database import Transaction
from holdfast.domains.conversations import queries
from holdfast.domains.conversations.drafts import marks_of, readable_text

EVERY = 64


def add(tx: Transaction, message_id: UUID) -> None:
    """Note a message for the index; now and then, index all that wait. Ids end in random bits, so no count is kept."""
    tx.run(queries.queue_for_index, {"id": message_id})
    if message_id.int % EVERY == 0:
        catch_up(tx)


def is_behind(tx: Transaction) -> bool:
    """Whether messages of the tenant wait."""
    return tx.first(queries.any_unindexed) is not None


def catch_up(tx: Transaction) -> None:
    """Index every message of the tenant that waits."""
    tenant_id = tx.scope.tenant_id
    assert tenant_id is not None, "only a tenant has messages"
    rows = [
        {
            "id": message_id,
            "marks": marks_of(tenant_id, owner_id, conversation_id, workspace_id),
            "body": readable_text(content, parts),
        }
        for message_id, owner_id, conversation_id, workspace_id, content, parts in tx.all(queries.unindexed)
    ]
    tx.many(queries.index_message, rows)
    tx.run(queries.empty_index_queue)
