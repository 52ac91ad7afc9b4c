"""What becomes of a workspace's knowledge when it is deleted: nothing is left of it.

An archived workspace takes no changes (`check_workspace`), and can still be read; so there is nothing to do then.
"""

from datetime import datetime
from uuid import UUID

from holdfast.core import lexical, vectors
from holdfast.core.database import Transaction
from holdfast.core.followers import follows
from holdfast.domains.knowledge import base_queries
from holdfast.domains.knowledge.ingest import PURPOSE


@follows("identity.delete_workspace")
def delete(tx: Transaction, tenant_id: UUID, workspace_id: UUID, moment: datetime) -> None:
    """Delete its bases with all that is in them, whatever its clearance."""
    for (base_id,) in tx.all(base_queries.bases_in_workspace, {"in_tenant": tenant_id, "of_workspace": workspace_id}):
        lexical.remove_about(tx, tenant_id, PURPOSE, base_id)
        vectors.remove_about(tx, tenant_id, PURPOSE, base_id)
        for query in base_queries.purge_base:
            tx.run(query, {"in_tenant": tenant_id, "base_id": base_id})
