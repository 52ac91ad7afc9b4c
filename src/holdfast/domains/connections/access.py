"""In which workspaces the actor may do what."""

from uuid import UUID

from holdfast.core.database import Transaction
from holdfast.domains.identity import queries as identity_queries
from holdfast.domains.identity.errors import WorkspaceReadOnly
from holdfast.domains.identity.workspaces import check_workspace

__all__ = ["check_ending", "check_workspace"]


def check_ending(tx: Transaction, workspace_id: UUID) -> None:
    """Like `check_workspace` for writing, but what is in an archived workspace can still be ended.

    Raises `WorkspaceNotFound`, `WorkspaceReadOnly`.
    """
    check_workspace(tx, workspace_id, writing=False)
    if tx.reach == "own" and tx.first(identity_queries.my_assignment, {"workspace_id": workspace_id}) == ("viewer",):
        raise WorkspaceReadOnly(workspace_id)
