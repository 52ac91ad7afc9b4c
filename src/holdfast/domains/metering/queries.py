"""Every statement of the ledger, its sums and the prices, each named by what it is for."""

from functools import lru_cache
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    and_,
    bindparam,
    case,
    cast,
    func,
    insert,
    literal,
    or_,
    select,
    true,
    type_coerce,
    union_all,
)
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.types import Integer, Text

from holdfast.core.database import ACTOR, REACH, TENANT, Query
from holdfast.core.database.text_match import is_listed
from holdfast.core.database.types import Id, Money, Time
from holdfast.domains.identity.tables import memberships
from holdfast.domains.metering.models import Price, UsageEvent
from holdfast.domains.metering.periods import GRAINS
from holdfast.domains.metering.tables import (
    usage_conversations,
    usage_events,
    usage_prices,
    usage_requests,
    usage_rollups,
)

_e, _q, _u, _v, _p = usage_events.c, usage_requests.c, usage_rollups.c, usage_conversations.c, usage_prices.c
_IN = bindparam("in_tenant", type_=Id)
"""The tenant an operator's statement is about."""
SUMS = (
    "events", "requests", "failures", "tokens", "tokens_in", "tokens_out", "tokens_cached", "unpriced", "cost",
    "latency_ms", "timed",
)  # fmt: skip


def _given(table: Any, tenant: Any = TENANT) -> dict[str, Any]:
    return {c.name: tenant if c.name == "tenant_id" else bindparam(c.name, type_=c.type) for c in table.c}


def visible(columns: Any) -> ColumnElement[bool]:
    """The actor's own, or anybody's for those who reach the tenant."""
    return and_(columns.tenant_id == TENANT, or_(columns.user_id == ACTOR, REACH == "tenant"))


# -- the ledger --------------------------------------------------------------------------------------------------------

insert_request = Query(upsert(usage_requests).values(_given(usage_requests)).on_conflict_do_nothing())
"""One row for a request that is new, none for one that came before."""

requests = Query(
    select(_q.request_id, _q.event_id, _q.at).where(
        _q.tenant_id == TENANT, _q.recorded_by == ACTOR, is_listed(_q.request_id, "request_ids")
    )
)

insert_event = Query(insert(usage_events).values(_given(usage_events)))

_EVENT = [_e[name] for name in UsageEvent.__dataclass_fields__ if name != "replayed"]

event = Query(
    select(*_EVENT).where(
        visible(_e), _e.tenant_id == TENANT, _e.at == bindparam("at", type_=Time), _e.id == bindparam("id", type_=Id)
    ),
    UsageEvent,
)

_FILTERS: dict[str, tuple[str, Any]] = {
    "user": ("user_id", Id),
    "workspace": ("workspace_id", Id),
    "conversation": ("conversation_id", Id),
    "operation": ("operation", Text()),
    "model": ("model", Text()),
    "provider": ("provider", Text()),
}


@lru_cache(maxsize=256)
def page_of_events(*, filters: tuple[str, ...], since: bool, until: bool, after: bool) -> Query[UsageEvent]:
    """The newest first. By primary key; those of a conversation by ix_usage_events_conversation."""
    rows = select(*_EVENT).where(visible(_e), _e.tenant_id == TENANT, *_filtered(_e, filters))
    if since:
        rows = rows.where(_e.at >= bindparam("since", type_=Time))
    if until:
        rows = rows.where(_e.at < bindparam("until", type_=Time))
    if after:
        at, last = bindparam("after_at", type_=Time), bindparam("after_id", type_=Id)
        rows = rows.where(_e.at <= at, or_(_e.at < at, _e.id < last))
    return Query(rows.order_by(_e.at.desc(), _e.id.desc()).limit(bindparam("limit", type_=Integer)), UsageEvent)


def _filtered(columns: Any, filters: tuple[str, ...]) -> list[ColumnElement[bool]]:
    return [columns[_FILTERS[name][0]] == bindparam(f"only_{name}", type_=_FILTERS[name][1]) for name in filters]


_m = memberships.c
member = Query(select(_m.user_id).where(_m.tenant_id == TENANT, _m.user_id == bindparam("of_user", type_=Id)))

# -- sums --------------------------------------------------------------------------------------------------------------


def _added(row: Any) -> Any:
    """What is added to the row of sums that there is, if there is one."""
    table, new = row.table, row.excluded
    now = table.c
    slowest = case((new.slowest_ms > now.slowest_ms, new.slowest_ms), else_=now.slowest_ms)
    added = {name: now[name] + new[name] for name in SUMS}
    keys = [column.name for column in table.primary_key]
    return row.on_conflict_do_update(index_elements=keys, set_={**added, "slowest_ms": slowest})


def _of_each_grain() -> Any:
    """One event's sums, by day, hour and month: in the order of the key, as everybody adds."""
    periods = union_all(
        *(
            select(literal(grain, Text()).label("grain"), bindparam(grain, type_=Time).label("period"))
            for grain in sorted(GRAINS)
        )
    ).subquery("periods")
    given = _given(usage_rollups) | {"grain": periods.c.grain, "period": periods.c.period}
    rows = select(*given.values()).select_from(periods).where(true())
    return upsert(usage_rollups).from_select(list(given), rows)


add_to_rollup = Query(_added(upsert(usage_rollups).values(_given(usage_rollups))))
add_to_each_rollup = Query(_added(_of_each_grain()))
"""The same for one event, and all of its periods at once."""
add_to_conversation = Query(_added(upsert(usage_conversations).values(_given(usage_conversations))))


def sum_of(column: Any) -> ColumnElement[Any]:
    """A whole number, 0 where there is nothing: PostgreSQL sums whole numbers to a decimal one."""
    total = cast(func.coalesce(func.sum(column, type_=BigInteger()), 0), BigInteger())
    return (type_coerce(total, Money()) if isinstance(column.type, Money) else total).label(column.name)


_GROUPS: dict[str, str] = {name: column for name, (column, _) in _FILTERS.items()}
STRETCHES = 5
"""A period is at most so many stretches: hours, days, months, days, hours."""


@lru_cache(maxsize=256)
def sums(*, by: tuple[str, ...], filters: tuple[str, ...], periods: bool, stretches: int) -> Query[Any]:
    """Sums of the roll-ups. `by`: dimensions; `periods`: for each period by itself. By primary key."""
    columns = [_u[_GROUPS[name]] for name in by]
    if periods:
        columns.insert(0, _u.period)
    parts = [_u.grain == bindparam(f"grain_{n}", type_=Text()) for n in range(stretches)]
    bounds = [(bindparam(f"since_{n}", type_=Time), bindparam(f"until_{n}", type_=Time)) for n in range(stretches)]
    within = [and_(part, _u.period >= one, _u.period < two) for part, (one, two) in zip(parts, bounds, strict=True)]
    rows = select(*columns, *(sum_of(_u[name]) for name in SUMS), func.max(_u.slowest_ms))
    rows = rows.where(visible(_u), _u.tenant_id == TENANT, or_(*within), *_filtered(_u, filters))
    return Query(rows.group_by(*columns).order_by(*columns) if columns else rows)


@lru_cache(maxsize=64)
def sums_of_conversations(*, by: tuple[str, ...], filters: tuple[str, ...]) -> Query[Any]:
    """Sums for conversations, over all time. By primary key."""
    columns = [_v[_GROUPS[name]] for name in by]
    rows = select(*columns, *(sum_of(_v[name]) for name in SUMS), func.max(_v.slowest_ms))
    rows = rows.where(visible(_v), _v.tenant_id == TENANT, *_filtered(_v, filters))
    return Query(rows.group_by(*columns).order_by(*columns) if columns else rows)


# -- prices ------------------------------------------------------------------------------------------------------------

_PRICE = (_p.model, _p.provider, _p.since, _p.input, _p.output, _p.cached)

own_prices = Query(select(*_PRICE).where(_p.tenant_id == TENANT))
own_prices_of = Query(select(*_PRICE).where(_p.tenant_id == TENANT, _p.model == bindparam("model", type_=Text())))
prices_in = Query(select(*_PRICE).where(_p.tenant_id == _IN).order_by(*_PRICE[:3]), operator=True)

_new_price = upsert(usage_prices).values(_given(usage_prices, _IN))
put_price = Query(
    _new_price.on_conflict_do_update(
        index_elements=["tenant_id", "model", "provider", "since"],
        set_={name: _new_price.excluded[name] for name in ("input", "output", "cached", "created_at")},
    ),
    operator=True,
)


def as_price(row: tuple[Any, ...]) -> Price:
    """A row of prices; an empty provider stands for any."""
    model, provider, since, into, out, cached = row
    return Price(
        model=model, provider=provider or None, since=since, input=into, output=out, cached=cached, source="tenant"
    )
