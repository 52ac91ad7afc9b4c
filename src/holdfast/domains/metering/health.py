"""The health of the platform: one look at everything that a store depends on and at what waits in it.

For whoever runs it: counts and times, no tenant and nothing that a tenant keeps.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from time import perf_counter
from typing import Any, Literal

from sqlalchemy import func, select

from holdfast.core.clock import now
from holdfast.core.database import Query, Transaction
from holdfast.core.database.constructs import store_bytes
from holdfast.core.database.engine import Engine
from holdfast.core.health import queues
from holdfast.core.settings import Settings
from holdfast.domains.identity.tables import tenants, users
from holdfast.domains.metering.counters import counters_of

LATE_SECONDS = 900
"""Who has waited so long in a queue needs a look: no schedule runs less often but those for the holds."""
_HOLDS_SECONDS = 2 * 3600
"""Expired holds are swept once an hour, and sooner where somebody needs what they hold."""

_sizes: Query[Any] = Query(
    select(
        store_bytes(),
        select(func.count()).select_from(tenants).scalar_subquery(),
        select(func.count()).select_from(users).scalar_subquery(),
    ),
    operator=True,
)


@dataclass(frozen=True, kw_only=True)
class Dependency:
    """The database, or a Redis: whether it answered, and after how long."""

    name: Literal["database", "redis of the cache", "redis of limits"]
    reachable: bool
    milliseconds: float | None


@dataclass(frozen=True, kw_only=True)
class Queue:
    """What waits, runs or failed, over all tenants. `oldest_seconds`: for how long the first of them has."""

    name: str
    kind: Literal["waits", "running", "failed"]
    number: int
    oldest_seconds: float | None


@dataclass(frozen=True, kw_only=True)
class BreakerState:
    """A circuit breaker of this process: `half_open` lets one call through to see."""

    name: str
    state: Literal["closed", "half_open", "open"]
    failed: int
    refused: int
    opened: int


@dataclass(frozen=True, kw_only=True)
class Health:
    """The platform at one moment. `wrong`: what needs a look, by the rule of `wrong_with`; empty when all is well.

    `connections` of `pool` to the database are in use by this process; `bytes` is the size of the store.
    """

    at: datetime
    wrong: tuple[str, ...]
    dependencies: tuple[Dependency, ...]
    queues: tuple[Queue, ...]
    breakers: tuple[BreakerState, ...]
    connections: int
    pool: int
    bytes: int
    tenants: int
    users: int


def reach(engine: Engine) -> list[Dependency]:
    """Ask each Redis that this store knows for an answer: a round trip each, with the settings' time limit."""
    return list(_reached(engine))


def _reached(engine: Engine) -> Iterator[Dependency]:
    remote = engine.levels.remote
    if remote is not None:
        yield _answer("redis of the cache", remote.answers)
    counters = counters_of(engine)
    if counters is not None:
        yield _answer("redis of limits", counters.answers)


def _answer(name: Literal["redis of the cache", "redis of limits"], asks: Callable[[], bool]) -> Dependency:
    began = perf_counter()
    answered = asks()
    return Dependency(name=name, reachable=answered, milliseconds=_since(began) if answered else None)


def look(tx: Transaction, engine: Engine, settings: Settings, reached: list[Dependency]) -> Health:
    """Everything at once, in one transaction: about ten statements. Those about the trail, background work and holds go
    along indexes; the size of a store on PostgreSQL is asked of its files.
    """
    began, moment = perf_counter(), now()
    ((size, tenant_count, user_count),) = tx.all(_sizes)
    took = _since(began)
    found = tuple(
        Queue(
            name=one.queue,
            kind=one.kind,
            number=one.number,
            oldest_seconds=None if one.oldest is None else max(0.0, (moment - one.oldest).total_seconds()),
        )
        for one in queues(tx, moment)
    )
    dependencies = (Dependency(name="database", reachable=True, milliseconds=took), *reached)
    breakers = tuple(
        BreakerState(
            name=one.name,
            state=one.state,
            failed=one.counts.failed,
            refused=one.counts.refused,
            opened=one.counts.opened,
        )
        for one in engine.breakers
    )
    return Health(
        at=moment,
        wrong=tuple(wrong_with(dependencies, found, breakers)),
        dependencies=dependencies,
        queues=found,
        breakers=breakers,
        connections=engine.in_use(),
        pool=int(settings.pool),
        bytes=size,
        tenants=tenant_count,
        users=user_count,
    )


def wrong_with(
    dependencies: tuple[Dependency, ...], found: tuple[Queue, ...], breakers: tuple[BreakerState, ...]
) -> Iterator[str]:
    """What needs a look: what does not answer, breakers that are not closed, what failed, and queues whose oldest has
    waited 15 minutes (holds: two hours).
    """
    for one in dependencies:
        if not one.reachable:
            yield f"the {one.name} does not answer"
    for breaker in breakers:
        if breaker.state != "closed":
            yield f"the breaker {breaker.name} is {breaker.state.replace('_', '-')}"
    for queue in found:
        late = _HOLDS_SECONDS if queue.name == "expired holds" else LATE_SECONDS
        if queue.kind == "failed" and queue.number:
            yield f"{queue.name}: {queue.number:,} failed"
        elif queue.kind == "waits" and (queue.oldest_seconds or 0) >= late:
            yield f"{queue.name}: the oldest of {queue.number:,} has waited {queue.oldest_seconds:,.0f} s"


def _since(began: float) -> float:
    return round((perf_counter() - began) * 1000, 3)
