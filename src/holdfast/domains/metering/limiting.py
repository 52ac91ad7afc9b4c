"""Limits: set, listed, ended. Setting is rare, and waits for whoever is charging; counting never waits for it else."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from holdfast.core.action import action
from holdfast.core.clock import EPOCH, now
from holdfast.core.database import Transaction, Work
from holdfast.core.database.types import to_nano
from holdfast.core.errors import InvalidInput
from holdfast.core.ids import as_id, new_id
from holdfast.core.inputs import check_choice
from holdfast.domains.identity import queries as identity
from holdfast.domains.identity.errors import WorkspaceNotFound
from holdfast.domains.identity.room import check_email
from holdfast.domains.metering import recount_queries, recounting
from holdfast.domains.metering import setting_queries as queries
from holdfast.domains.metering.applying import turn_of
from holdfast.domains.metering.checks import check_count, check_money
from holdfast.domains.metering.counters import check_counters
from holdfast.domains.metering.errors import LimitNotFound
from holdfast.domains.metering.models import (
    COUNTERS,
    MEASURES,
    PERS,
    WHEN_AWAYS,
    Counter,
    Limit,
    Measure,
    Per,
    Recounted,
    WhenAway,
)
from holdfast.domains.metering.periods import end_of, start_of
from holdfast.domains.metering.reads import MeteringReads
from holdfast.domains.metering.standing import as_shown, live

LimitList = list[Limit]
_SHORTEST, _LONGEST = 60, 366 * 24 * 3600


class Limiting(MeteringReads):
    """Operations on limits."""

    @action("metering.set_limit", writes=True, as_operator=True)
    def set_limit(
        self,
        *,
        measure: Measure,
        amount: int | Decimal,
        per: Per,
        window: timedelta | None = None,
        tenant: str | None = None,
        workspace: UUID | str | None = None,
        user: str | None = None,
        key: UUID | str | None = None,
        counter: Counter | None = None,
        when_away: WhenAway | None = None,
    ) -> Work[Limit]:
        """Let a tenant, or one workspace, person (by e-mail address) or API key of it, use so much in a day or month of
        UTC, or in any `window`. `amount`: tokens, requests, or US dollars. Setting it again changes the amount.

        It counts what the period has seen already; one with a window counts from now. All limits that apply hold at
        once. Those that the platform sets, a tenant's administrators cannot change; theirs stand beside them.

        `counter`: where it is counted, in the "database" (unless given) or in the "redis" of `Settings.counters`, where
        many clients of one limit do not wait for one row. `when_away`: while Redis does not answer, "refuse" (unless
        given) what it would have to count, or "allow" it and count it afterwards. Setting it again with another counter
        ends it and begins a new one. Raises `WorkspaceNotFound`, `UserNotFound`, `TenantNotFound`, `InvalidInput`.
        """
        asked: dict[str, Any] = {
            "measure": check_choice(measure, MEASURES, field="measure"),
            "per": check_choice(per, PERS, field="per"),
            "window_seconds": _check_window(per, window),
            "set_by": self._setter(),
        }
        wanted = None if counter is None else check_choice(counter, COUNTERS, field="counter")
        away = None if when_away is None else check_choice(when_away, WHEN_AWAYS, field="when_away")
        if wanted == "redis":
            check_counters(self.engine)
        units = (
            to_nano(check_money(amount, field="amount")) if measure == "money" else check_count(amount, field="amount")
        )
        if sum(one is not None for one in (workspace, user, key)) > 1:
            raise InvalidInput("user: a limit is one workspace's, person's or key's; set one for each", field="user")
        named = (None if workspace is None else as_id(workspace, field="workspace"), user, key)
        address, key_id = None if user is None else check_email(user), None if key is None else as_id(key, field="key")

        def work(tx: Transaction) -> Limit:
            moment = now()
            tenant_id = self._tenant(tx, tenant).id
            subject, subject_id = self._subject(tx, tenant_id, named[0], address, key_id)
            place = {
                "in_tenant": tenant_id,
                "tenant_id": tenant_id,
                "subject": subject,
                "subject_id": subject_id,
                **asked,
            }
            tx.all(recount_queries.wait_for_turn, {"turn": turn_of(tenant_id)})
            limit_id = _put(tx, place, units, wanted, away, moment)
            said = {name: asked[name] for name in ("measure", "per", "set_by")}
            tx.record("limit", limit_id, tenant_id=tenant_id, subject=subject, amount=units, **said)
            return next(limit for limit in live(tx, tenant_id, moment) if limit.id == limit_id)

        return work

    @action("metering.set_limit", writes=True, on="limit", as_operator=True)
    def end_limit(self, limit: UUID | str, *, tenant: str | None = None) -> Work[None]:
        """End a limit; what it counted is forgotten, the ledger stays. Raises `LimitNotFound`, `TenantNotFound`."""
        limit_id, set_by = as_id(limit, field="limit"), self._setter()

        def work(tx: Transaction) -> None:
            tenant_id = self._tenant(tx, tenant).id
            tx.all(recount_queries.wait_for_turn, {"turn": turn_of(tenant_id)})
            gone = {"in_tenant": tenant_id, "limit_id": limit_id, "set_by": set_by, "moment": now()}
            if not tx.run(queries.end_limit, gone):
                raise LimitNotFound(limit_id)
            tx.record("limit", limit_id, tenant_id=tenant_id, ended=True)

        return work

    @action("metering.recount", writes=True, on="limit", as_operator=True)
    def recount(self, limit: UUID | str, *, tenant: str | None = None) -> Work[Recounted]:
        """Set a limit's counter to what the ledger and the open holds say of its present period: after a repair of the
        database by hand, or in doubt. What is reserved and settled meanwhile waits, and is counted.

        Reads the period's events, not their sums: a second for each million or so, during which the limit's
        reservations wait, and in the tenant whatever charges a limit. Of a limit in Redis the counter is built
        when this is committed; while Redis is away, when it is back, before anything passes. Raises `LimitNotFound`,
        `TenantNotFound`.
        """
        limit_id, moment = as_id(limit, field="limit"), now()

        def work(tx: Transaction) -> Recounted:
            tenant_id = self._tenant(tx, tenant).id
            was = recounting.recount_now(tx, self.engine, tenant_id, limit_id, moment)
            made = next(one for one in live(tx, tenant_id, moment) if one.id == limit_id)
            done = Recounted(limit=made, was_used=as_shown(made, was[0]), was_reserved=as_shown(made, was[1]))
            was_used, was_reserved = str(done.was_used), str(done.was_reserved)
            tx.record(
                "limit",
                limit_id,
                tenant_id=tenant_id,
                used=str(made.used),
                was_used=was_used,
                was_reserved=was_reserved,
            )
            return done

        return work

    @action("metering.list_limits", writes=False, as_operator=True)
    def limits(self, *, tenant: str | None = None) -> Work[LimitList]:
        """The limits and how they stand: those of the tenant; members see those that apply to them, but workspaces'."""
        moment = now()

        def work(tx: Transaction) -> LimitList:
            tenant_id = self._tenant(tx, tenant).id
            found = live(tx, tenant_id, moment)
            if self.scope.role not in ("member", "visitor"):
                return found
            mine = {tenant_id, self.scope.actor_id, self.scope.credential_id}
            return [limit for limit in found if limit.subject_id in mine]

        return work

    def _setter(self) -> str:
        return "platform" if self.scope.tenant_id is None else "tenant"

    def _subject(
        self, tx: Transaction, tenant_id: UUID, workspace: UUID | None, address: str | None, key: UUID | None
    ) -> tuple[str, UUID]:
        if workspace is not None:
            return "workspace", self._workspace_of(tx, tenant_id, workspace)
        if address is not None:
            return "user", self._member(tx, tenant_id, address).user_id
        return ("tenant", tenant_id) if key is None else ("key", key)

    def _workspace_of(self, tx: Transaction, tenant_id: UUID, workspace_id: UUID) -> UUID:
        if tx.first(identity.workspace_in, {"in_tenant": tenant_id, "workspace_id": workspace_id}) is None:
            raise WorkspaceNotFound(workspace_id)
        return workspace_id


def _put(
    tx: Transaction, place: dict[str, Any], units: int, counter: str | None, away: str | None, moment: datetime
) -> UUID:
    """A new limit, or the one there is with another amount."""
    found = tx.first(queries.live_limit, place)
    limit_id: UUID | None
    limit_id, there, when_away = found or (None, "database", "refuse")
    row = {**place, "counter": counter or there, "when_away": away or when_away}
    if row["counter"] == "database" and row["when_away"] == "allow":
        raise InvalidInput("when_away: is for counter='redis'; in the database is the ledger too", field="when_away")
    if limit_id is not None and row["counter"] != there:
        tx.run(queries.end_limit, {**place, "limit_id": limit_id, "moment": moment})
        limit_id = None
    if limit_id is None:
        return _begin(tx, row, units, moment)
    change = {"limit_id": limit_id, "new_amount": units, "new_when_away": row["when_away"], "moment": moment}
    tx.run(queries.change_amount, {**place, **change})
    return limit_id


def _begin(tx: Transaction, place: dict[str, Any], units: int, moment: datetime) -> UUID:
    """A new limit, and the counter of the period it begins in, from what the ledger says was used in it."""
    limit_id, per = new_id(), place["per"]
    period = EPOCH if per == "window" else start_of(moment, per)
    row = {**place, "id": limit_id, "amount": units, "created_at": moment, "updated_at": moment, "ended_at": None}
    row["counts_from"] = moment if per == "window" else period
    tx.run(queries.insert_limit, row)
    used, in_redis = 0, place["counter"] == "redis"
    if per != "window" and not in_redis:
        query = recount_queries.used_before(place["subject"], place["measure"])
        (found,) = tx.all(query, {**place, "period": period, "period_end": end_of(period, per)})
        used = to_nano(found[0]) if place["measure"] == "money" else found[0]
    counted = {"period": EPOCH if in_redis else period, "units": used}
    tx.run(recount_queries.insert_counter, {**place, "limit_id": limit_id, **counted})
    return limit_id


def _check_window(per: str, window: timedelta | None) -> int:
    if (per == "window") != (window is not None):
        raise InvalidInput("window: goes with per='window', and with nothing else", field="window")
    if window is None:
        return 0
    seconds = window.total_seconds() if isinstance(window, timedelta) else 0
    if seconds != int(seconds) or not _SHORTEST <= seconds <= _LONGEST:
        raise InvalidInput(
            f"window: {window!s:.40} is not a whole number of seconds from a minute to a year", field="window"
        )
    return int(seconds)
