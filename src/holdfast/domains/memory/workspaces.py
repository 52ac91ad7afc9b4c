"""What becomes of the facts about a workspace when it is deleted: they are forgotten. Archived, it keeps them."""

from datetime import datetime
from uuid import UUID

from holdfast.core.database import Transaction
from holdfast.core.followers import follows
from holdfast.domains.memory import indexing, queries


@follows("identity.delete_workspace")
def forget(tx: Transaction, tenant_id: UUID, workspace_id: UUID, moment: datetime) -> None:
    """Every version, every source, every trace in a search index."""
    place = {"in_tenant": tenant_id, "workspace_id": workspace_id}
    indexing.remove_workspace(tx, tenant_id, workspace_id)
    tx.run(queries.forget_statements_in_workspace, place)
    tx.run(queries.forget_workspace, place)
