"""Holds that nobody ended are ended, and those that ended long ago deleted: by background work, in every tenant.

What a hold kept comes back as soon as somebody needs it (`reserving.reclaim`); this is for limits at which nobody comes
up, so that what is reserved, and the ledger, say how it is. By the same rule: a hold's units come back, a lease's count
as used, in the name of whoever took it.
"""

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from holdfast.core.clock import now
from holdfast.core.database.engine import Engine
from holdfast.core.ids import first_id_at
from holdfast.core.jobs import Run, job, schedule
from holdfast.core.jobs.kinds import Nothing
from holdfast.core.scope import OPERATOR, Scope
from holdfast.domains.metering import hold_queries as queries
from holdfast.domains.metering.reserving import RECLAIMED_AT_ONCE, reclaim

KEPT = timedelta(days=30)
"""So long after its end a hold can be found: settled late, or settled again with the first result."""
LOT = 500


@dataclass(frozen=True, kw_only=True)
class Swept:
    """How many holds and leases were ended because their time was up, and how many that had ended were deleted."""

    ended: int
    deleted: int


def sweep(engine: Engine, *, moment: datetime | None = None) -> Swept:
    """End what expired, and delete what ended 30 days ago. Does no harm twice, nor in two processes at once.

    A hundred holds, each with its counters, or five hundred deletions to a transaction.
    """
    present = moment or now()
    tenants = engine.read(OPERATOR, "all", lambda tx: tx.all(queries.tenants_with_expired, {"moment": present}))
    ended = sum(_sweep_tenant(engine, tenant_id, present) for (tenant_id,) in tenants)
    return Swept(ended=ended, deleted=_forget(engine, present - KEPT))


def _forget(engine: Engine, before: datetime) -> int:
    """Delete what ended before a moment, so many to a transaction."""
    asked, deleted = {"made_before": first_id_at(before), "before": before, "most": LOT}, 0
    for (tenant_id,) in engine.read(OPERATOR, "all", lambda tx: tx.all(queries.tenants_with_old, asked)):
        while some := _forget_some(engine, {**asked, "in_tenant": tenant_id}):
            deleted += some
    return deleted


def _forget_some(engine: Engine, asked: dict[str, Any]) -> int:
    return engine.write(OPERATOR, "all", lambda tx: tx.run(queries.forget_holds, asked))


@job("metering.sweep", submit="jobs.schedules")
def _sweep_as_job(run: Run, _given: Nothing) -> dict[str, object]:
    return asdict(sweep(run.engine))


schedule("metering.sweep", "53 * * * *")


def _sweep_tenant(engine: Engine, tenant_id: UUID, present: datetime) -> int:
    scope, count = Scope(role="operator", tenant_id=tenant_id, face="job"), 0
    while some := engine.write(scope, "tenant", lambda tx: reclaim(tx, present, engine)):
        count += some
        if some < RECLAIMED_AT_ONCE:
            break
    return count
