"""Analytics: how a tenant is used, from the ledger's sums and from what the other rooms count."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

from sqlalchemy import func, select

from holdfast.core.activity import Cost, Counted, activity, register_cost
from holdfast.core.database import TENANT, Query, Transaction
from holdfast.domains.identity.tables import memberships
from holdfast.domains.metering import queries, reporting
from holdfast.domains.metering.models import UsageLine
from holdfast.domains.metering.reporting import Asked

_m = memberships.c
_members = Query(select(func.count()).where(_m.tenant_id == TENANT, _m.role != "visitor", _m.status == "active"))


@dataclass(frozen=True, kw_only=True)
class DayOfUse:
    """One day (UTC). `users`: how many people did anything; `counts`: what the rooms counted, by what and label."""

    day: datetime
    users: int
    counts: dict[str, int]
    requests: int = 0
    failures: int = 0
    tokens: int = 0
    cost: Decimal = Decimal(0)
    unpriced: int = 0
    latency_ms: float | None = None


@dataclass(frozen=True, kw_only=True)
class UserDay:
    """What one person did on one day."""

    user: UUID
    day: datetime
    messages: int = 0
    requests: int = 0
    tokens: int = 0
    cost: Decimal = Decimal(0)


@dataclass(frozen=True, kw_only=True)
class WeekOfUse:
    """One week, from Monday. `returned`: how many of its people had been there the week before as well."""

    week: datetime
    users: int
    returned: int


@dataclass(frozen=True, kw_only=True)
class Analytics:
    """How the tenant was used, or for a member how they used it, from `since` to `until` (whole days of UTC).

    `members`: how many people could have used it. `mean_length` and `longest` are messages of conversations that were
    active in the period. `failure_rate`: the share of recorded events that ended in an error; None without events.
    """

    since: datetime
    until: datetime
    members: int
    users: int
    days: tuple[DayOfUse, ...]
    by_user: tuple[UserDay, ...]
    weeks: tuple[WeekOfUse, ...]
    models: tuple[UsageLine, ...]
    features: tuple[UsageLine, ...]
    workspaces: tuple[UsageLine, ...]
    intents: dict[str, int] = field(hash=False)
    ratings: dict[str, int] = field(hash=False)
    mean_length: float | None
    longest: int
    failure_rate: float | None
    total: UsageLine


def analyse(tx: Transaction, since: datetime, until: datetime) -> Analytics:
    """Everything for a period. Ten statements, in one transaction."""
    counted = activity(tx, since, until)
    by_day = _lines(tx, since, until, "day", "user")
    people = _people(counted, by_day)
    totals = Counter[tuple[str, str | None]]()
    for one in counted:
        totals[one.what, one.label] += one.number
    active = totals["conversation_lengths", "active"]
    whole = reporting.sum_up(by_day)
    ((members,),) = tx.all(_members)
    return Analytics(
        since=since,
        until=until,
        members=members,
        users=len({one.user for one in people}),
        days=tuple(_days(counted, by_day, people)),
        by_user=tuple(people),
        weeks=tuple(_weeks(people)),
        models=tuple(_lines(tx, since, until, "model")),
        features=tuple(_lines(tx, since, until, "operation")),
        workspaces=tuple(_lines(tx, since, until, "workspace")),
        intents={str(label): count for (what, label), count in totals.items() if what == "intents"},
        ratings={name: totals["ratings", name] for name in ("up", "down")},
        mean_length=totals["conversation_lengths", "messages"] / active if active else None,
        longest=totals["conversation_lengths", "longest"],
        failure_rate=whole.failures / whole.events if whole.events else None,
        total=whole,
    )


def _lines(tx: Transaction, since: datetime, until: datetime, *groups: str) -> list[UsageLine]:
    return list(reporting.report(tx, Asked(groups=groups, only={}, since=since, until=until)).lines)


def _people(counted: Iterable[Counted], lines: Iterable[UsageLine]) -> list[UserDay]:
    """Who did anything on which day."""
    wrote: Counter[tuple[datetime, UUID]] = Counter()
    for one in counted:
        if one.what == "messages" and one.label == "user" and one.day is not None and one.user_id is not None:
            wrote[one.day, one.user_id] += one.number
    used = {(line.period, line.user): line for line in lines if line.period is not None and line.user is not None}
    made = []
    for day, user in sorted({*wrote, *used}):
        line = used.get((day, user), UsageLine())
        sums = {"requests": line.requests, "tokens": line.tokens}
        made.append(UserDay(user=user, day=day, messages=wrote[day, user], cost=line.cost, **sums))
    return made


def _days(counted: Iterable[Counted], lines: Iterable[UsageLine], people: Iterable[UserDay]) -> list[DayOfUse]:
    counts: dict[datetime, Counter[str]] = defaultdict(Counter)
    users: Counter[datetime] = Counter()
    used: dict[datetime, list[UsageLine]] = defaultdict(list)
    for one in counted:
        if one.day is not None:
            counts[one.day][one.what if one.label is None else f"{one.what}.{one.label}"] += one.number
    for person in people:
        users[person.day] += 1
    for line in lines:
        if line.period is not None:
            used[line.period].append(line)
    made = []
    for day in sorted({*counts, *users, *used}):
        line = reporting.sum_up(used[day])
        made.append(
            DayOfUse(
                day=day,
                users=users[day],
                counts=dict(counts[day]),
                requests=line.requests,
                failures=line.failures,
                tokens=line.tokens,
                cost=line.cost,
                unpriced=line.unpriced,
                latency_ms=line.latency_ms,
            )
        )
    return made


def _weeks(people: Iterable[UserDay]) -> list[WeekOfUse]:
    there: dict[datetime, set[UUID]] = defaultdict(set)
    for one in people:
        there[one.day - timedelta(days=one.day.weekday())].add(one.user)
    before = {week: there.get(week - timedelta(days=7), set()) for week in there}
    return [
        WeekOfUse(week=week, users=len(there[week]), returned=len(there[week] & before[week])) for week in sorted(there)
    ]


def cost_of_conversation(tx: Transaction, conversation_id: UUID) -> Cost:
    """What the ledger has of a conversation, all of it: whoever sees the conversation may know what it cost."""
    query = queries.sums_of_conversations(by=(), filters=("conversation",))
    (row,) = tx.all(query, {"only_conversation": conversation_id})
    sums = dict(zip(queries.SUMS, row, strict=False))
    return Cost(requests=sums["requests"], tokens=sums["tokens"], cost=sums["cost"], unpriced=sums["unpriced"])


register_cost("conversation", cost_of_conversation)
