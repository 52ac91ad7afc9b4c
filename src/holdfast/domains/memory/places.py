"""Whom a fact is about: a person, who is the actor unless another is named, or a workspace."""

from dataclasses import dataclass
from uuid import UUID

from holdfast.core.database import Transaction
from holdfast.core.errors import InvalidInput
from holdfast.core.ids import as_id
from holdfast.core.scope import Scope
from holdfast.domains.identity import queries as identity_queries
from holdfast.domains.identity.errors import UserNotFound, WorkspaceNotFound, WorkspaceReadOnly
from holdfast.domains.identity.workspaces import check_workspace
from holdfast.domains.memory import queries
from holdfast.domains.memory.stored import Stored


@dataclass(frozen=True)
class About:
    """A person (`user_id`) or a workspace (`workspace_id`): one of the two."""

    user_id: UUID | None = None
    workspace_id: UUID | None = None

    @classmethod
    def given(cls, scope: Scope, *, user: UUID | str | None, workspace: UUID | str | None) -> "About":
        """What the caller named. Raises `InvalidInput` for both at once, or where nobody asks."""
        if workspace is not None:
            if user is not None:
                raise InvalidInput("user: a fact is about a person or a workspace; leave one out", field="user")
            return cls(workspace_id=as_id(workspace, field="workspace"))
        if user is not None:
            return cls(user_id=as_id(user, field="user"))
        if scope.actor_id is None:
            raise InvalidInput("user: facts are about a person; use store.tenant(…).user(…)", field="user")
        return cls(user_id=scope.actor_id)

    @classmethod
    def of(cls, stored: Stored) -> "About":
        """Whom a fact is about."""
        return cls(stored.owner_id, stored.workspace_id)

    @property
    def id(self) -> UUID:
        """Its id, whatever it is."""
        found = self.user_id or self.workspace_id
        assert found is not None, "one of the two is given"
        return found

    def check(self, tx: Transaction, *, writing: bool) -> None:
        """Raise unless the scope may read, or write, facts about it: `UserNotFound`, and what `check_workspace` raises.

        A visitor knows of no workspace. No statement for the actor's own; one for another person, one or two for a
        workspace.
        """
        if self.workspace_id is None:
            self._check_person(tx)
        else:
            self._check_open(tx, self.workspace_id)
            check_workspace(tx, self.workspace_id, writing=writing)

    def check_forgetting(self, tx: Transaction) -> None:
        """Like `check` for writing; but what is known of an archived workspace can still be forgotten."""
        if self.workspace_id is None:
            self._check_person(tx)
            return
        self._check_open(tx, self.workspace_id)
        check_workspace(tx, self.workspace_id, writing=False)
        mine = {"workspace_id": self.workspace_id}
        if tx.reach == "own" and tx.first(identity_queries.my_assignment, mine) == ("viewer",):
            raise WorkspaceReadOnly(self.workspace_id)

    def saw(self, tx: Transaction) -> None:
        """Facts about it were read: recorded where they are another person's."""
        if self.user_id is not None:
            tx.saw("user", self.user_id, owner=self.user_id)

    def _check_person(self, tx: Transaction) -> None:
        if self.user_id == tx.scope.actor_id:
            return
        if tx.reach == "own" or tx.first(queries.member, {"about_id": self.user_id}) is None:
            raise UserNotFound(str(self.user_id))

    def _check_open(self, tx: Transaction, workspace_id: UUID) -> None:
        if tx.scope.role == "visitor":
            raise WorkspaceNotFound(workspace_id)
