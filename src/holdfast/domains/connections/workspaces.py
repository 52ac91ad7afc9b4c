"""What connections do when a workspace ends: its tokens are revoked, and their platforms told."""

from datetime import datetime
from uuid import UUID

from holdfast.core.database import Transaction
from holdfast.core.followers import follows
from holdfast.domains.connections import queries


@follows("identity.archive_workspace")
def revoke_tokens(tx: Transaction, tenant_id: UUID, workspace_id: UUID, moment: datetime) -> None:
    """Tokens end with their workspace and must be given anew after it was restored; keys of AI providers stay."""
    workspace = {"in_tenant": tenant_id, "workspace_id": workspace_id, "moment": moment}
    tx.run(queries.revoke_tokens_in_workspace, workspace)
    tx.run(queries.queue_all_in_workspace, workspace)


@follows("identity.delete_workspace")
def revoke_everything(tx: Transaction, tenant_id: UUID, workspace_id: UUID, moment: datetime) -> None:
    """Nothing is left to be given out, keys of AI providers included."""
    workspace = {"in_tenant": tenant_id, "workspace_id": workspace_id, "moment": moment}
    tx.run(queries.revoke_all_in_workspace, workspace)
    tx.run(queries.queue_all_in_workspace, workspace)
