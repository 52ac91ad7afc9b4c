"""Connections: put, token, revoke, snapshot."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from holdfast.core.action import action
from holdfast.core.addresses import check_named
from holdfast.core.clock import as_utc, now
from holdfast.core.database import Transaction, Work
from holdfast.core.errors import InvalidInput
from holdfast.core.ids import as_id, new_id
from holdfast.core.inputs import check_document, check_name
from holdfast.domains.connections import queries
from holdfast.domains.connections.access import check_ending, check_workspace
from holdfast.domains.connections.checks import check_any, check_platform, check_secrets
from holdfast.domains.connections.errors import ConnectionNotFound
from holdfast.domains.connections.models import Connection, Snapshot
from holdfast.domains.connections.reads import find
from holdfast.domains.connections.revoking import Revoking


class Connections(Revoking):
    """The access of workspaces to advertising and analytics platforms, and to AI providers."""

    @action("connections.put", writes=True, on="workspace")
    def put(
        self,
        platform: str,
        *,
        workspace: UUID | str,
        access_token: str | None = None,
        refresh_token: str | None = None,
        expires_at: datetime | None = None,
        api_key: str | None = None,
        base_url: str | None = None,
        account: str | None = None,
        metadata: Mapping[str, object] | None = None,
    ) -> Work[Connection]:
        """Store what a person authorized, in place of what was there: nothing of the old is kept.

        Platforms (google_analytics, google_ads, meta_ads, linkedin_ads) take an access token, a refresh token or both;
        `expires_at` None means the access token never expires. AI providers (openai, anthropic, ollama,
        openai_compatible) take an `api_key` and a `base_url`: https, or http on this machine; where it may lead, the
        setting `private_addresses` says.

        Raises `WorkspaceNotFound`, `InvalidInput`, `AddressRefused`; no message shows a secret.
        """
        name, workspace_id, moment = check_any(platform), as_id(workspace, field="workspace"), now()
        given = check_secrets(
            name,
            access_token=access_token,
            refresh_token=refresh_token,
            expires_at=expires_at,
            api_key=api_key,
            base_url=base_url,
        )
        if base_url is not None:
            over_http = self.scope.face == "http" and self.settings.private_addresses == "loopback"
            check_named(base_url, "none" if over_http else self.settings.private_addresses, field="base_url")
        given["account"] = self._check_account(account)
        given["metadata"] = self._check_document(metadata, "metadata")
        asked: dict[str, Any] = {"platform": name, "workspace_id": workspace_id, "moment": moment}
        actor = self._actor()

        def work(tx: Transaction) -> Connection:
            check_workspace(tx, workspace_id, writing=True)
            tx.all(queries.wait_for_turn, {"turn": f"connection {workspace_id} {name}"})
            known = tx.first(queries.connection, asked)
            if known is None or known.status == "revoked":
                tx.run(queries.insert_connection, _new_row(asked, given, actor))
            else:
                changed = {f"new_{column}": value for column, value in given.items()}
                tx.run(queries.replace_tokens, {"id": known.id, "moment": moment, **changed})
            return _recorded(tx, find(tx, asked))

        return work

    @action("connections.revoke", writes=True, on="workspace")
    def revoke(self, platform: str, *, workspace: UUID | str) -> Work[Connection]:
        """End a connection: from now on it gives out nothing, and a key is forgotten at once.

        Telling the platform is queued for `run_revocations`, which then forgets the tokens. Revoking again tries again
        what was given up. Raises `ConnectionNotFound`, `WorkspaceNotFound`.
        """
        asked: dict[str, Any] = {
            "platform": check_any(platform),
            "workspace_id": as_id(workspace, field="workspace"),
            "moment": now(),
        }

        def work(tx: Transaction) -> Connection:
            check_ending(tx, asked["workspace_id"])
            tx.all(queries.wait_for_turn, {"turn": f"connection {asked['workspace_id']} {asked['platform']}"})
            changed = tx.run(queries.revoke, asked)
            tx.run(queries.queue_revocation, asked)
            found = _recorded(tx, find(tx, asked))
            if not tx.run(queries.requeue_failed, asked | {"id": found.id}) and not changed:
                tx.unchanged()
            return found

        return work

    @action("connections.snapshot", writes=True, on="workspace")
    def snapshot(
        self,
        platform: str,
        *,
        workspace: UUID | str,
        metrics: Mapping[str, object],
        taken_at: datetime | None = None,
    ) -> Work[Snapshot]:
        """Keep a platform's metrics (a JSON object) as they were at `taken_at`, by default now.

        The same moment again replaces what was kept for it. Raises `ConnectionNotFound` where the workspace never had
        a connection to the platform, `WorkspaceNotFound`, `InvalidInput`.
        """
        moment = now()
        row: dict[str, Any] = {
            "id": new_id(),
            "workspace_id": as_id(workspace, field="workspace"),
            "platform": check_platform(platform),
            "metrics": self._check_metrics(metrics),
            "taken_at": moment if taken_at is None else self._check_past(taken_at, moment),
            "created_by": self._actor(),
            "created_at": moment,
        }

        def work(tx: Transaction) -> Snapshot:
            check_workspace(tx, row["workspace_id"], writing=True)
            if tx.first(queries.connection, row | {"moment": moment}) is None:
                raise ConnectionNotFound(row["platform"], row["workspace_id"])
            return _keep(tx, row)

        return work

    def _actor(self) -> UUID:
        if self.scope.actor_id is None:
            raise InvalidInput("user: a connection is made by a person; use store.tenant(…).user(…)", field="user")
        return self.scope.actor_id

    def _check_account(self, account: str | None) -> str | None:
        return None if account is None else check_name(account, field="account", most_chars=self.settings.title_chars)

    def _check_metrics(self, metrics: Mapping[str, object]) -> dict[str, object]:
        if not metrics:
            raise InvalidInput("metrics: is empty; a snapshot says something", field="metrics")
        return self._check_document(metrics, "metrics")

    def _check_document(self, value: Mapping[str, object] | None, field: str) -> dict[str, object]:
        limits = {"most_bytes": self.settings.metadata_bytes, "most_depth": self.settings.metadata_depth}
        return check_document(value, field=field, **limits)

    def _check_past(self, taken_at: datetime, moment: datetime) -> datetime:
        taken = as_utc(taken_at, field="taken_at")
        if taken > moment:
            raise InvalidInput(f"taken_at: {taken:%Y-%m-%dT%H:%M:%SZ} has not been yet", field="taken_at")
        return taken


def _new_row(asked: dict[str, Any], given: dict[str, object], actor: UUID) -> dict[str, object]:
    moment = asked["moment"]
    absent = dict.fromkeys(("error", "retry_at", "lease_by", "lease_until", "refreshed_at", "revoked_at"))
    return {
        "id": new_id(),
        "workspace_id": asked["workspace_id"],
        "platform": asked["platform"],
        "status": "active",
        "version": 1,
        "failures": 0,
        "created_by": actor,
        "created_at": moment,
        "updated_at": moment,
        **absent,
        **given,
    }


def _recorded(tx: Transaction, changed: Connection) -> Connection:
    tx.record("connection", changed.id, platform=changed.platform, workspace=str(changed.workspace_id))
    return changed


def _keep(tx: Transaction, row: dict[str, Any]) -> Snapshot:
    tx.all(queries.wait_for_turn, {"turn": f"snapshot {row['workspace_id']} {row['platform']}"})
    of_moment = row | {"at": row["taken_at"], "new_metrics": row["metrics"]}
    if not tx.run(queries.replace_snapshot, of_moment):
        tx.run(queries.insert_snapshot, row)
    kept = tx.first(queries.snapshot_at, of_moment)
    assert kept is not None, "written above"
    tx.record("snapshot", kept.id, platform=kept.platform, workspace=str(kept.workspace_id))
    return kept
