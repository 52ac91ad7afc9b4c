"""Giving out tokens, renewed once however many ask.

Whoever finds a token about to expire takes the connection's lease, in one guarded UPDATE, and asks the platform outside
any transaction; everybody else, in this process or another, waits for the row to change. When the holder dies the lease
runs out and somebody else takes it. The answer is stored only over the version of the tokens it was asked for.
"""

import time
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from holdfast.core.action import action, carry_out, composite
from holdfast.core.addresses import check_reached
from holdfast.core.clock import now
from holdfast.core.database import Transaction, Work
from holdfast.core.errors import Unavailable
from holdfast.core.ids import as_id, new_id
from holdfast.core.oauth import OAuthClient
from holdfast.core.policy import allow
from holdfast.domains.connections import queries
from holdfast.domains.connections.access import check_workspace
from holdfast.domains.connections.checks import check_platform, check_provider
from holdfast.domains.connections.errors import ConnectionNotFound, ConnectionRevoked
from holdfast.domains.connections.freshness import grant_of, is_due, is_fresh, is_usable, pause, usable_or_refused
from holdfast.domains.connections.models import Held, ProviderSecret
from holdfast.domains.connections.platforms import PLATFORMS
from holdfast.domains.connections.reads import ConnectionReads

LEASES = 3
"""A lease in units of `Settings.platform_seconds`: to connect, to be answered, and to read the answer."""
SHORT_WAIT = 2.0
"""Seconds that a caller whose token is still good waits for somebody else's renewal."""
_FIRST_LOOK, _LONGEST_LOOK = 0.02, 0.25
"""Seconds between looks at a row that somebody else is about to change."""


@dataclass(frozen=True)
class Lease:
    """The right to renew `held`, until it runs out."""

    id: UUID
    held: Held


class TokenRenewal(ConnectionReads):
    """Tokens and keys; see `Connections`."""

    @composite
    def token(self, platform: str, *, workspace: UUID | str) -> str:
        """The access token, good for five minutes or more: renewed first if it must be.

        However many threads and processes ask, the platform is asked once, and all get the new token. While the
        platform fails, the old token is given out as long as it is good. Each time leaves a line in the trail.

        Raises `ConnectionNotFound`, `WorkspaceNotFound`, `ConnectionRevoked`, `ConnectionExpired` (a person must
        authorize again), `PlatformFailing` (repeat the call later), `OAuthClientMissing`.
        """
        name, workspace_id = check_platform(platform), as_id(workspace, field="workspace")
        client = self.settings.oauth_clients.get(name)
        began, pauses = time.monotonic(), _FIRST_LOOK
        while True:
            held, moment = self._held(name, workspace_id), now()
            if held.access_token is not None and is_fresh(held, moment):
                return held.access_token
            if client is None or not is_due(held, moment):
                return self._given(held, usable_or_refused(held, moment, has_client=client is not None))
            lease = self._take_lease(held)
            if lease is not None:
                self._renew(lease, client)
                continue
            if time.monotonic() - began > self._patience(usable=is_usable(held, moment)):
                return self._given(held, usable_or_refused(held, moment, has_client=True))
            time.sleep(pauses)
            pauses = min(pauses * 1.5, _LONGEST_LOOK)

    @composite
    def secret(self, provider: str, *, workspace: UUID | str) -> ProviderSecret:
        """An AI provider's key and address; leaves a line in the trail.

        The address is one that may be reached by what its name resolves to now (setting `private_addresses`).
        Raises `ConnectionNotFound`, `WorkspaceNotFound`, `ConnectionRevoked`, `AddressRefused`.
        """
        found = self._secret(check_provider(provider), as_id(workspace, field="workspace"))
        if found.base_url is not None:
            check_reached(found.base_url, self.settings.private_addresses, field="base_url")
        return found

    @action("connections.token", writes=False, on="workspace_id")
    def _secret(self, name: str, workspace_id: UUID) -> Work[ProviderSecret]:
        self._check_grant()

        def work(tx: Transaction) -> ProviderSecret:
            check_workspace(tx, workspace_id, writing=True)
            found = tx.first(queries.api_key, {"platform": name, "workspace_id": workspace_id})
            if found is None:
                raise ConnectionNotFound(name, workspace_id)
            id_, status, api_key, base_url = found
            if status == "revoked":
                raise ConnectionRevoked(name)
            _record_given(tx, id_, name, workspace_id)
            return ProviderSecret(provider=name, api_key=api_key, base_url=base_url)

        return work

    @action("connections.token", writes=False, on="workspace_id")
    def _held(self, platform: str, workspace_id: UUID) -> Work[Held]:
        self._check_grant()

        def work(tx: Transaction) -> Held:
            check_workspace(tx, workspace_id, writing=True)
            found = tx.first(queries.held, {"platform": platform, "workspace_id": workspace_id})
            if found is None:
                raise ConnectionNotFound(platform, workspace_id)
            if found.status == "revoked":
                raise ConnectionRevoked(platform)
            if is_fresh(found, now()):  # so it is what the caller gets
                _record_given(tx, found.id, platform, workspace_id)
            return found

        return work

    @action("connections.token", writes=False)
    def _given(self, held: Held, token: str) -> Work[str]:
        """A token that is not renewed although it should be."""

        def work(tx: Transaction) -> str:
            _record_given(tx, held.id, held.platform, held.workspace_id)
            return token

        return work

    def _check_grant(self) -> None:
        """An API key that may only read gets no secret."""
        allow(self.scope, "connections.token", writes=True)

    def _patience(self, *, usable: bool) -> float:
        """How long to wait for others: the old token will do, or several of them may have to die one after another."""
        return SHORT_WAIT if usable else 2 * LEASES * self.settings.platform_seconds

    @action("connections.token", writes=True, recorded=False)
    def _take_lease(self, held: Held) -> Work[Lease | None]:
        """The lease, unless somebody has it, or has renewed or failed to since the tokens were seen."""
        moment = now()
        asked: dict[str, Any] = {"id": held.id, "lease": new_id(), "moment": moment}
        asked |= {"seen_version": held.version, "seen_failures": held.failures}
        asked["until"] = moment + timedelta(seconds=LEASES * self.settings.platform_seconds)

        def work(tx: Transaction) -> Lease | None:
            if not tx.run(queries.take_lease, asked):
                return None
            found = tx.first(queries.held_under_lease, asked)
            return None if found is None else Lease(asked["lease"], found)

        return work

    def _renew(self, lease: Lease, client: OAuthClient) -> None:
        """Ask the platform and store what came of it. The answer is kept even if the caller may do nothing by then."""
        from holdfast.domains.connections import network  # imports an HTTP client, which only those who ask need

        held, grant = lease.held, grant_of(lease.held) or "refresh_token"
        token = held.refresh_token if grant == "refresh_token" else held.access_token
        try:
            answer = network.renew(
                PLATFORMS[held.platform], client, token or "", grant=grant, seconds=self.settings.platform_seconds
            )
        except BaseException:
            self._settle(self._released(lease))
            raise
        if isinstance(answer, network.Failed):
            self._settle(self._failed(lease, answer.reason, final=answer.final))
        else:
            kept = answer.refresh_token or held.refresh_token
            self._settle(self._renewed(lease, answer.access_token, kept, answer.expires_in))

    def _renewed(
        self, lease: Lease, access_token: str, refresh_token: str | None, expires_in: int | None
    ) -> Work[None]:
        moment = now()
        row = {
            "id": lease.held.id,
            "seen_version": lease.held.version,
            "new_access_token": access_token,
            "new_refresh_token": refresh_token,
            "new_expires_at": None if expires_in is None else moment + timedelta(seconds=expires_in),
            "moment": moment,
        }

        def work(tx: Transaction) -> None:
            if tx.run(queries.store_renewed, row):
                _record(tx, lease.held, "renewed")
            elif tx.run(queries.store_late, row):
                tx.run(queries.requeue, row)
                _record(tx, lease.held, "renewed after it was revoked")
            else:
                tx.unchanged()

        return work

    def _failed(self, lease: Lease, reason: str, *, final: bool) -> Work[None]:
        moment, held = now(), lease.held
        row = {
            "id": held.id,
            "seen_version": held.version,
            "lease": lease.id,
            "new_status": "expired" if final else "error",
            "new_error": reason,
            "new_retry_at": None if final else moment + pause(held.failures, self.settings.platform_retry_seconds),
            "moment": moment,
        }

        def work(tx: Transaction) -> None:
            if tx.run(queries.store_failure, row):
                _record(tx, held, "refused" if final else "failed", reason=reason)
            else:
                tx.unchanged()

        return work

    def _released(self, lease: Lease) -> Work[None]:
        def work(tx: Transaction) -> None:
            tx.run(queries.release_lease, {"id": lease.held.id, "lease": lease.id})
            tx.unchanged()

        return work

    def _settle(self, work: Work[object]) -> None:
        """Store what a platform answered, for as long as a lease lasts: a new refresh token is there only once."""
        import stamina  # imported only here, for it takes a twentieth of the time that Holdfast takes to start

        patience = LEASES * self.settings.platform_seconds
        for attempt in stamina.retry_context(on=Unavailable, attempts=None, timeout=patience, wait_max=1.0):
            with attempt:
                carry_out(self.engine, self.scope, "connections.token", work)


def _record_given(tx: Transaction, connection_id: UUID, platform: str, workspace_id: UUID) -> None:
    """A secret leaves the store: who got it is written before they do."""
    tx.record("connection", connection_id, platform=platform, workspace=str(workspace_id), outcome="given out")


def _record(tx: Transaction, held: Held, outcome: str, *, reason: str | None = None) -> None:
    about = {"platform": held.platform, "workspace": str(held.workspace_id), "outcome": outcome}
    tx.record("connection", held.id, **about if reason is None else about | {"reason": reason})  # type: ignore[arg-type]  # details
