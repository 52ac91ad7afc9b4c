"""Telling platforms that tokens are revoked: a queue in the database, worked off one lease at a time.

A worker that dies leaves its job leased; when the lease has run out the next run takes it up. A platform that fails is
asked again after growing pauses, and given up after `Settings.revocation_attempts`, which `revocations()` shows.
"""

from datetime import timedelta
from typing import Any, Literal
from uuid import UUID

from holdfast.core.action import action, carry_out, composite
from holdfast.core.clock import now
from holdfast.core.crypto import running
from holdfast.core.database import Transaction, Work
from holdfast.core.ids import new_id
from holdfast.core.pages import check_limit
from holdfast.core.scope import Scope
from holdfast.domains.connections import queries
from holdfast.domains.connections.freshness import pause
from holdfast.domains.connections.models import RevocationReport
from holdfast.domains.connections.platforms import PLATFORMS
from holdfast.domains.connections.renewal import LEASES, TokenRenewal

Outcome = Literal["done", "waiting", "failed"]
Due = list[tuple[UUID, UUID]]


class Revoking(TokenRenewal):
    """The queue of revocations; see `Connections`."""

    @composite
    def run_revocations(self, *, limit: int = 100) -> RevocationReport:
        """Tell platforms to revoke what is due: of the actor's tenant, or, for the operator, of every tenant.

        Safe to run anywhere, any number of times at once. A worker does, every minute.
        """
        counted: dict[Outcome, int] = {"done": 0, "waiting": 0, "failed": 0}
        for tenant_id, connection_id in self._due(limit):
            outcome = self._tell(tenant_id, connection_id)
            if outcome is not None:
                counted[outcome] += 1
        return RevocationReport(**counted)

    @action("connections.run_revocations", writes=False)
    def _due(self, limit: int) -> Work[Due]:
        asked = {"moment": now(), "limit": check_limit(limit, self.settings.batch)}
        query = queries.due_anywhere if self.scope.is_operator else queries.due_of_tenant
        return lambda tx: tx.all(query, asked)

    def _tell(self, tenant_id: UUID, connection_id: UUID) -> Outcome | None:
        """Do one job, if nobody else has it."""
        scope = Scope(role="operator", tenant_id=tenant_id)
        moment = now()
        job: dict[str, Any] = {"id": connection_id, "lease": new_id(), "moment": moment}
        job["until"] = moment + timedelta(seconds=2 * LEASES * self.settings.platform_seconds)

        def take(tx: Transaction) -> tuple[Any, ...] | None:
            return tx.first(queries.to_revoke, job) if tx.run(queries.take_revocation, job) else None

        taken = running.write(self.engine, scope, "tenant", take)
        if taken is None:
            return None
        _, platform, access_token, refresh_token, version, attempts = taken
        problem = self._ask(platform, access_token, refresh_token)
        finish = self._done(job, version) if problem is None else self._postponed(job, problem, attempts)
        return carry_out(self.engine, scope, "connections.run_revocations", finish)

    def _ask(self, platform: str, access_token: str | None, refresh_token: str | None) -> str | None:
        """Revoke the refresh token, then the access token. None when both are gone, or else why not."""
        from holdfast.domains.connections import network  # imports an HTTP client, which only those who ask need

        client = self.settings.oauth_clients.get(platform)
        kinds: tuple[tuple[Literal["refresh", "access"], str | None], ...] = (
            ("refresh", refresh_token),
            ("access", access_token),
        )
        for kind, token in kinds:
            if token is not None:
                failed = network.revoke(
                    PLATFORMS[platform], client, token, kind=kind, seconds=self.settings.platform_seconds
                )
                if failed is not None:
                    return failed.reason
        return None

    def _done(self, job: dict[str, Any], version: int) -> Work[Outcome]:
        def work(tx: Transaction) -> Outcome:
            done = job | {"moment": now(), "seen_version": version}
            if tx.run(queries.finish_revocation, done) and not tx.run(queries.forget_tokens, done):
                tx.run(queries.requeue, done)
                tx.unchanged()
                return "waiting"
            tx.record("connection", job["id"], outcome="done")
            return "done"

        return work

    def _postponed(self, job: dict[str, Any], problem: str, attempts: int) -> Work[Outcome]:
        moment, outcome = now(), self._outcome(attempts)
        row = job | {
            "new_status": "failed" if outcome == "failed" else "queued",
            "new_error": problem,
            "new_next_at": moment + pause(attempts - 1, self.settings.platform_retry_seconds),
            "new_finished_at": moment if outcome == "failed" else None,
        }

        def work(tx: Transaction) -> Outcome:
            tx.run(queries.postpone_revocation, row)
            tx.record("connection", job["id"], outcome=outcome, reason=problem)
            if outcome == "waiting":
                tx.unchanged()
            return outcome

        return work

    def _outcome(self, attempts: int) -> Outcome:
        return "failed" if attempts >= self.settings.revocation_attempts else "waiting"
