"""What becomes of a workspace's conversations when it is archived, restored or deleted."""

from datetime import datetime
from uuid import UUID

from holdfast.core.database import Transaction
from holdfast.core.followers import follows
from holdfast.domains.conversations import queries


@follows("identity.archive_workspace")
def archive(tx: Transaction, tenant_id: UUID, workspace_id: UUID, moment: datetime) -> None:
    """Put the active ones away, marked with the workspace's own time, so that its return brings back just these."""
    tx.run(queries.archive_workspace, {"in_tenant": tenant_id, "of_workspace": workspace_id, "moment": moment})


@follows("identity.restore_workspace")
def restore(tx: Transaction, tenant_id: UUID, workspace_id: UUID, moment: datetime) -> None:
    """Bring back those that were put away at `moment`, when the workspace was archived."""
    tx.run(queries.restore_workspace, {"in_tenant": tenant_id, "of_workspace": workspace_id, "moment": moment})


@follows("identity.delete_workspace")
def delete(tx: Transaction, tenant_id: UUID, workspace_id: UUID, moment: datetime) -> None:
    """Delete all of them; they are purged later, as any deleted conversation is."""
    tx.run(queries.delete_workspace, {"in_tenant": tenant_id, "of_workspace": workspace_id, "moment": moment})
