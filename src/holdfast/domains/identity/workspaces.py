"""Workspaces: made, listed, assigned to people, archived, deleted."""

from dataclasses import replace
from uuid import UUID

from holdfast.core.action import action
from holdfast.core.clock import now
from holdfast.core.database import Transaction, Work
from holdfast.core.followers import call_followers
from holdfast.core.ids import as_id, new_id
from holdfast.core.inputs import check_choice, check_name
from holdfast.domains.identity import queries
from holdfast.domains.identity.errors import (
    NotAssigned,
    WorkspaceArchived,
    WorkspaceExists,
    WorkspaceNotArchived,
    WorkspaceNotFound,
    WorkspaceReadOnly,
)
from holdfast.domains.identity.models import Assignment, Workspace
from holdfast.domains.identity.room import IdentityRoom, check_email

WORKSPACE_ROLES = ("editor", "viewer")
_ADMINISTER = ("owner", "admin")
_SEE_ALL = (*_ADMINISTER, "auditor")


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
        """The workspaces that are open to the caller, by name; `archived`: those that were put away instead."""

        def work(tx: Transaction) -> list[Workspace]:
            if self.scope.tenant_id is None:
                query = queries.archived_workspaces_in if archived else queries.workspaces_in
                return tx.all(query, {"in_tenant": self._tenant(tx, tenant).id})
            self._check_own_tenant(tx, tenant)
            if self.scope.role in _SEE_ALL:
                return tx.all(queries.every_archived_workspace if archived else queries.every_workspace)
            return tx.all(queries.open_archived_workspaces if archived else queries.open_workspaces)

        return work

    @action("identity.assign", writes=True, on="workspace", as_operator=True)
    def assign(
        self, workspace: UUID | str, email: str, role: str = "editor", *, tenant: str | None = None
    ) -> Work[Assignment]:
        """Let a member work in a workspace, as editor or viewer. From then on it is closed to who is not assigned, but
        for owners and administrators. Raises `WorkspaceNotFound`, `UserNotFound`, `InvalidInput`.
        """
        workspace_id = as_id(workspace, field="workspace")
        given = check_choice(role, WORKSPACE_ROLES, field="role")
        address = check_email(email)

        def work(tx: Transaction) -> Assignment:
            tenant_id = self._tenant(tx, tenant).id
            place = {"in_tenant": tenant_id, "workspace_id": workspace_id}
            self._workspace_in_turn(tx, tenant_id, workspace_id)
            member = self._member(tx, tenant_id, address)
            tx.run(queries.delete_assignment, {**place, "of_user": member.user_id})
            row = {"workspace_id": workspace_id, "user_id": member.user_id, "role": given, "created_at": now()}
            tx.run(queries.insert_assignment, {"tenant_id": tenant_id, **row})
            tx.record("workspace", workspace_id, tenant_id=tenant_id, user=str(member.user_id), role=given)
            return Assignment(email=member.email, **row)  # type: ignore[arg-type]  # the row above

        return work

    @action("identity.assign", writes=True, on="workspace", as_operator=True)
    def unassign(self, workspace: UUID | str, email: str, *, tenant: str | None = None) -> Work[None]:
        """Take a member out of a workspace. With nobody left, it is open to every member again.

        Raises `WorkspaceNotFound`, `UserNotFound`, `NotAssigned`.
        """
        workspace_id = as_id(workspace, field="workspace")
        address = check_email(email)

        def work(tx: Transaction) -> None:
            tenant_id = self._tenant(tx, tenant).id
            place = {"in_tenant": tenant_id, "workspace_id": workspace_id}
            self._workspace_in_turn(tx, tenant_id, workspace_id)
            member = self._member(tx, tenant_id, address)
            if tx.run(queries.delete_assignment, {**place, "of_user": member.user_id}) == 0:
                raise NotAssigned(address)
            tx.record("workspace", workspace_id, tenant_id=tenant_id, user=str(member.user_id), role=None)

        return work

    @action("identity.list_assignments", writes=False, on="workspace", as_operator=True)
    def list_assignments(self, workspace: UUID | str, *, tenant: str | None = None) -> Work[list[Assignment]]:
        """Who is assigned to a workspace, by e-mail address. Raises `WorkspaceNotFound`."""
        workspace_id = as_id(workspace, field="workspace")

        def work(tx: Transaction) -> list[Assignment]:
            tenant_id = self._tenant(tx, tenant).id
            self._workspace(tx, tenant_id, workspace_id)
            return tx.all(queries.assignments_in, {"in_tenant": tenant_id, "workspace_id": workspace_id})

        return work

    @action("identity.archive_workspace", writes=True, on="workspace", as_operator=True)
    def archive_workspace(self, workspace: UUID | str, *, tenant: str | None = None) -> Work[Workspace]:
        """Put a workspace away with what is in it; nothing new goes in. Raises `WorkspaceNotFound`."""
        workspace_id = as_id(workspace, field="workspace")

        def work(tx: Transaction) -> Workspace:
            tenant_id = self._tenant(tx, tenant).id
            found = self._workspace_in_turn(tx, tenant_id, workspace_id)
            if found.archived_at is not None:
                tx.unchanged()
                return found
            moment = now()
            tx.run(queries.set_archived, {"in_tenant": tenant_id, "workspace_id": workspace_id, "moment": moment})
            call_followers("identity.archive_workspace", tx, tenant_id, workspace_id, moment)
            tx.record("workspace", workspace_id, tenant_id=tenant_id, archived=True)
            return replace(found, archived_at=moment)

        return work

    @action("identity.restore_workspace", writes=True, on="workspace", as_operator=True)
    def restore_workspace(self, workspace: UUID | str, *, tenant: str | None = None) -> Work[Workspace]:
        """Take an archived workspace into use again, with what went with it. Raises `WorkspaceNotFound`.

        Followers are told the moment at which it was archived, so that what had been put away before stays so.
        """
        workspace_id = as_id(workspace, field="workspace")

        def work(tx: Transaction) -> Workspace:
            tenant_id = self._tenant(tx, tenant).id
            found = self._workspace_in_turn(tx, tenant_id, workspace_id)
            if found.archived_at is None:
                tx.unchanged()
                return found
            tx.run(queries.set_archived, {"in_tenant": tenant_id, "workspace_id": workspace_id, "moment": None})
            call_followers("identity.restore_workspace", tx, tenant_id, workspace_id, found.archived_at)
            tx.record("workspace", workspace_id, tenant_id=tenant_id, archived=False)
            return replace(found, archived_at=None)

        return work

    @action("identity.delete_workspace", writes=True, on="workspace", as_operator=True)
    def delete_workspace(self, workspace: UUID | str, *, tenant: str | None = None) -> Work[None]:
        """Delete an archived workspace with what is in it. Its name is free again.

        Raises `WorkspaceNotFound`, `WorkspaceNotArchived`.
        """
        workspace_id = as_id(workspace, field="workspace")

        def work(tx: Transaction) -> None:
            tenant_id = self._tenant(tx, tenant).id
            if self._workspace_in_turn(tx, tenant_id, workspace_id).archived_at is None:
                raise WorkspaceNotArchived(workspace_id)
            moment = now()
            tx.run(queries.set_deleted, {"in_tenant": tenant_id, "workspace_id": workspace_id, "moment": moment})
            call_followers("identity.delete_workspace", tx, tenant_id, workspace_id, moment)
            tx.record("workspace", workspace_id, tenant_id=tenant_id, deleted=True)

        return work

    def _workspace_in_turn(self, tx: Transaction, tenant_id: UUID, workspace_id: UUID) -> Workspace:
        """The same, and no other change of it comes between."""
        tx.all(queries.wait_for_turn, {"turn": f"workspace {workspace_id}"})
        return self._workspace(tx, tenant_id, workspace_id)

    def _workspace(self, tx: Transaction, tenant_id: UUID, workspace_id: UUID) -> Workspace:
        """A workspace of a tenant, that was not deleted."""
        found = tx.first(queries.workspace_in, {"in_tenant": tenant_id, "workspace_id": workspace_id})
        if found is None:
            raise WorkspaceNotFound(workspace_id)
        return found


def check_workspace(tx: Transaction, workspace_id: UUID, *, writing: bool) -> None:
    """Raise unless the scope may use a workspace: other rooms ask before they put something in or show it.

    Raises `WorkspaceNotFound` (there is none, or it is closed to the caller), and for writing `WorkspaceArchived` and
    `WorkspaceReadOnly`.
    """
    asked = {"workspace_id": workspace_id}
    found = tx.first(queries.workspace if tx.scope.role in _SEE_ALL else queries.open_workspace, asked)
    if found is None:
        raise WorkspaceNotFound(workspace_id)
    if not writing:
        return
    if found.archived_at is not None:
        raise WorkspaceArchived(workspace_id)
    if tx.scope.role not in _ADMINISTER and tx.first(queries.my_assignment, asked) == ("viewer",):
        raise WorkspaceReadOnly(workspace_id)
