"""In which workspaces the actor may do what."""

from uuid import UUID

from holdfast.core.database import Transaction
from holdfast.domains.identity import queries as identity_queries
from holdfast.domains.identity.errors import WorkspaceNotFound


def check_workspace(tx: Transaction, workspace_id: UUID) -> None:
    """Raise `WorkspaceNotFound` unless it is one of the tenant's."""
    if tx.first(identity_queries.workspace, {"workspace_id": workspace_id}) is None:
        raise WorkspaceNotFound(workspace_id)
