"""Something in every table of metering; what a limit's counter in Redis says."""

from datetime import timedelta
from typing import Any

from holdfast.core.clock import EPOCH, now
from holdfast.domains.metering import recount_queries as queries
from holdfast.domains.metering.applying import Applied
from holdfast.domains.metering.counters import Asked, counters_of


def keep_usage(root: Any, person: Any, tenant: str) -> None:
    """A price, a limit, an event of a conversation, and a hold, of a person. `root`: the operator's scope."""
    window = timedelta(hours=1)
    root.metering.set_price("home", input=1, output=2, tenant=tenant)
    root.metering.set_limit(tenant=tenant, measure="requests", per="window", window=window, amount=99)
    chat = person.conversations.create()
    person.metering.record("chat", model="home", tokens_in=5, conversation=chat.id, request_id="r-1")
    person.metering.hold(tokens=5)


def in_redis(store: Any, tenant: str, limit: Any) -> tuple[int, int] | None:
    """What the counter itself says: used and held; None where it counts for nothing."""
    tenant_id = store.tenant(tenant).tenant.id
    names = [getattr(limit, name) for name in ("id", "subject", "subject_id", "measure", "per")]
    applied = Applied(*names, limit.window_seconds or 0, int(limit.amount), "redis", "refuse", EPOCH)
    here = {"in_tenant": tenant_id, "limit_id": limit.id, "period": EPOCH}
    epoch, behind = store.engine.read(store.system().scope, "all", lambda tx: tx.first(queries.count_in, here))
    if behind is not None:
        return None
    counters = counters_of(store.engine)
    assert counters is not None
    found = counters.standing(tenant_id, Asked(applied, applied.period(now()), 0, epoch), now())
    return found[:2] if found else None
