"""Reading connections: what is there and how it stands; never a token."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from holdfast.core.action import Actions, action
from holdfast.core.clock import EPOCH, now
from holdfast.core.database import Transaction, Work
from holdfast.core.errors import InvalidInput
from holdfast.core.ids import as_id
from holdfast.core.inputs import check_choice
from holdfast.core.pages import Page, check_limit
from holdfast.domains.connections import cursors, queries
from holdfast.domains.connections.access import check_workspace
from holdfast.domains.connections.checks import check_any, check_platform
from holdfast.domains.connections.errors import ConnectionNotFound
from holdfast.domains.connections.models import (
    STATUSES,
    Connection,
    ConnectionStatus,
    Revocation,
    RevocationStatus,
    Snapshot,
)

SnapshotList = list[Snapshot]
"""Named here because the class has a method called `list`."""

_REVOCATION_STATUSES: tuple[RevocationStatus, ...] = ("queued", "done", "failed")


class ConnectionReads(Actions):
    """What can be read of connections; see `Connections`."""

    @action("connections.list", writes=False, on="workspace")
    def get(self, platform: str, *, workspace: UUID | str) -> Work[Connection]:
        """A workspace's connection to a platform or provider, without its secrets: the live one, or the last revoked.

        Raises `ConnectionNotFound`, `WorkspaceNotFound`.
        """
        asked = {"platform": check_any(platform), "workspace_id": as_id(workspace, field="workspace")}

        def work(tx: Transaction) -> Connection:
            check_workspace(tx, asked["workspace_id"], writing=False)  # type: ignore[arg-type]  # as_id gave it
            return find(tx, asked)

        return work

    @action("connections.list", writes=False, on="workspace")
    def list(
        self,
        *,
        workspace: UUID | str | None = None,
        platform: str | None = None,
        status: ConnectionStatus | None = None,
        limit: int = 50,
        cursor: str | None = None,
    ) -> Work[Page[Connection]]:
        """A page of connections, without their secrets, by workspace and platform. Revoked ones only when asked for.

        Without `workspace`, those of every workspace the actor may see. Raises `WorkspaceNotFound`, `InvalidCursor`.
        """
        params: dict[str, Any] = {
            "workspace_id": None if workspace is None else as_id(workspace, field="workspace"),
            "platform": None if platform is None else check_any(platform),
            "status": None if status is None else check_choice(status, STATUSES, field="status"),
        }
        question = ("connections.list", self.scope.tenant_id, self.scope.actor_id, *params.values())
        params |= {"limit": check_limit(limit, self.settings.page) + 1, "moment": now()}
        if cursor is not None:
            params |= cursors.place_of_connection(question, cursor)
        query = queries.page_of_connections(
            workspace=workspace is not None,
            platform=platform is not None,
            status=status is not None,
            after=cursor is not None,
        )

        def work(tx: Transaction) -> Page[Connection]:
            if workspace is not None:
                check_workspace(tx, params["workspace_id"], writing=False)
            return cursors.page_of_connections(tx.all(query, params), limit, question)

        return work

    @action("connections.list", writes=False, on="workspace")
    def revocations(
        self,
        *,
        workspace: UUID | str | None = None,
        status: RevocationStatus | None = None,
        limit: int = 50,
        cursor: str | None = None,
    ) -> Work[Page[Revocation]]:
        """A page of what platforms were, or are still to be, told to revoke, the newest first."""
        params: dict[str, Any] = {
            "workspace_id": None if workspace is None else as_id(workspace, field="workspace"),
            "status": None if status is None else check_choice(status, _REVOCATION_STATUSES, field="status"),
        }
        question = ("connections.revocations", self.scope.tenant_id, self.scope.actor_id, *params.values())
        params |= {"limit": check_limit(limit, self.settings.page) + 1}
        if cursor is not None:
            params |= cursors.place_of_revocation(question, cursor)
        query = queries.page_of_revocations(
            workspace=workspace is not None, status=status is not None, after=cursor is not None
        )

        def work(tx: Transaction) -> Page[Revocation]:
            if workspace is not None:
                check_workspace(tx, params["workspace_id"], writing=False)
            return cursors.page_of_revocations(tx.all(query, params), limit, question)

        return work

    @action("connections.read_snapshots", writes=False, on="workspace")
    def snapshots(self, *, workspace: UUID | str, fresh_within: timedelta | None = None) -> Work[SnapshotList]:
        """The newest snapshot of each platform, each with its age; only those younger than `fresh_within`, if given.

        Raises `WorkspaceNotFound`.
        """
        workspace_id, moment = as_id(workspace, field="workspace"), now()
        since = EPOCH if fresh_within is None else _since(moment, fresh_within)

        def work(tx: Transaction) -> SnapshotList:
            check_workspace(tx, workspace_id, writing=False)
            found = tx.all(queries.latest_snapshots, {"workspace_id": workspace_id, "since": since})
            return [cursors.aged(snapshot, moment) for snapshot in found]

        return work

    @action("connections.read_snapshots", writes=False, on="workspace")
    def snapshot_history(
        self, platform: str, *, workspace: UUID | str, limit: int = 50, cursor: str | None = None
    ) -> Work[Page[Snapshot]]:
        """A page of a platform's snapshots, the newest first."""
        moment = now()
        params: dict[str, Any] = {
            "platform": check_platform(platform),
            "workspace_id": as_id(workspace, field="workspace"),
        }
        question = ("connections.snapshot_history", self.scope.tenant_id, self.scope.actor_id, *params.values())
        params |= {"limit": check_limit(limit, self.settings.page) + 1}
        if cursor is not None:
            params |= cursors.place_of_snapshot(question, cursor)
        query = queries.page_of_snapshots(after=cursor is not None)

        def work(tx: Transaction) -> Page[Snapshot]:
            check_workspace(tx, params["workspace_id"], writing=False)
            found = [cursors.aged(snapshot, moment) for snapshot in tx.all(query, params)]
            return cursors.page_of_snapshots(found, limit, question)

        return work


def find(tx: Transaction, asked: dict[str, Any]) -> Connection:
    """The connection of a workspace (`workspace_id`) to a `platform`. Raises `ConnectionNotFound`."""
    found = tx.first(queries.connection, asked | {"moment": now()})
    if found is None:
        raise ConnectionNotFound(asked["platform"], asked["workspace_id"])
    return found


def _since(moment: datetime, fresh_within: timedelta) -> datetime:
    if not isinstance(fresh_within, timedelta) or fresh_within <= timedelta(0):
        raise InvalidInput(f"fresh_within: {fresh_within!r:.80} is not a positive timedelta", field="fresh_within")
    return moment - min(fresh_within, moment - EPOCH)
