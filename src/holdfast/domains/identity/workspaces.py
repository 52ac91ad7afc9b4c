"""Workspaces: made, listed, assigned, archived, deleted."""

from holdfast.core.action import action
from holdfast.core.clock import now
from holdfast.core.database import Transaction, Work
from holdfast.core.ids import new_id
from holdfast.core.inputs import check_name
from holdfast.domains.identity import queries
from holdfast.domains.identity.errors import WorkspaceExists
from holdfast.domains.identity.models import Workspace
from holdfast.domains.identity.room import IdentityRoom


class Workspaces(IdentityRoom):
    """Operations on workspaces."""

    @action("identity.create_workspace", writes=True, as_operator=True)
    def create_workspace(self, name: str, *, tenant: str | None = None) -> Work[Workspace]:
        """Make a workspace; its name is unique in the tenant. Raises `WorkspaceExists`, `InvalidInput`."""
        title = check_name(name, field="name", most_chars=self.settings.title_chars)

        def work(tx: Transaction) -> Workspace:
            tenant_id = self._tenant(tx, tenant).id
            tx.all(queries.wait_for_turn, {"turn": f"workspace {tenant_id} {title}"})
            if tx.first(queries.workspace_by_name, {"in_tenant": tenant_id, "name": title}) is not None:
                raise WorkspaceExists(title)
            made = Workspace(id=new_id(), name=title, created_at=now())
            tx.run(queries.insert_workspace, {"tenant_id": tenant_id, **made.__dict__, "deleted_at": None})
            tx.record("workspace", made.id, tenant_id=tenant_id, name=title)
            return made

        return work

    @action("identity.list_workspaces", writes=False)
    def list_workspaces(self, *, tenant: str | None = None, archived: bool = False) -> Work[list[Workspace]]:
        """The tenant's workspaces that are open to the caller, by name; `archived`: those that were put away."""

        def work(tx: Transaction) -> list[Workspace]:
            if self.scope.tenant_id is None:
                query = queries.archived_workspaces_in if archived else queries.workspaces_in
                return tx.all(query, {"in_tenant": self._tenant(tx, tenant).id})
            self._check_own_tenant(tx, tenant)
            return tx.all(queries.every_archived_workspace if archived else queries.every_workspace)

        return work
