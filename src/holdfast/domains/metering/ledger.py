"""Recording: the one way an event gets into the ledger, and with it into the sums, in the same transaction."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from operator import itemgetter
from typing import Any

from holdfast.core.clock import to_microseconds
from holdfast.core.database import Transaction
from holdfast.core.ids import new_id
from holdfast.core.references import check_reference
from holdfast.core.scope import NIL, Scope
from holdfast.domains.identity.errors import UserNotFound
from holdfast.domains.identity.workspaces import check_workspace
from holdfast.domains.metering import charging, queries
from holdfast.domains.metering.checks import Draft, Tokens
from holdfast.domains.metering.counting import Counting
from holdfast.domains.metering.models import UsageEvent
from holdfast.domains.metering.periods import GRAINS, start_of
from holdfast.domains.metering.prices import cost_of

Listed = Sequence[Decimal | None]
"""For each draft, what the catalogue makes it cost."""

_SHOWN = [name for name in UsageEvent.__dataclass_fields__ if name != "replayed"]
_shown = itemgetter(*_SHOWN)


@dataclass(frozen=True, kw_only=True)
class Kept:
    """Events as they are in the ledger: those that are new, and those that came before."""

    new: list[UsageEvent]
    before: list[UsageEvent]


def check_places(tx: Transaction, drafts: Iterable[Draft]) -> None:
    """Whoever records may do so for that person, and sees the workspaces and conversations that are named.

    Raises `UserNotFound`, `WorkspaceNotFound`, `ConversationNotFound`.
    """
    drafts = list(drafts)
    others = {draft.user_id for draft in drafts} - {None, tx.scope.actor_id}
    for user_id in others:
        if tx.reach == "own" or tx.first(queries.member, {"of_user": user_id}) is None:
            raise UserNotFound(str(user_id))
    for workspace_id in {draft.workspace_id for draft in drafts if draft.workspace_id is not None}:
        check_workspace(tx, workspace_id, writing=False)
    for conversation_id in {draft.conversation_id for draft in drafts if draft.conversation_id is not None}:
        check_reference(tx, "conversation", conversation_id)


def record(
    tx: Transaction, drafts: Sequence[Draft], listed: Listed, moment: datetime, counting: Counting | None = None
) -> Kept:
    """Keep events, each request once, and charge them to the limits that apply. All or none.

    Statements, for one: its request, prices, limits, the event, its sums; one for each counter.
    """
    check_places(tx, drafts)
    new, before = _only_new(tx, rows_of(tx, drafts, listed, moment))
    if new:
        charging.charge(tx, new, counting)
        write(tx, new)
    return Kept(new=[event_of(row) for row in new], before=before)


def rows_of(tx: Transaction, drafts: Sequence[Draft], listed: Listed, moment: datetime) -> list[dict[str, Any]]:
    """The rows that drafts make, each with its cost."""
    prices = [queries.as_price(row) for row in _own_prices(tx, drafts)]
    priced = zip(drafts, listed, strict=True)
    return [_row(tx.scope, draft, cost_of(draft, prices, cost), moment) for draft, cost in priced]


def plain_row(scope: Scope, draft: Draft, listed: Decimal | None, moment: datetime) -> dict[str, Any]:
    """The row that a draft makes in a tenant without a price of its own."""
    return _row(scope, draft, cost_of(draft, [], listed), moment)


def row_of_lease(tx: Transaction, hold: Mapping[str, Any], moment: datetime) -> dict[str, Any]:
    """The row of a lease that was abandoned: all of it counts as used. Its taker's, where the schedule finds it."""
    draft = Draft(
        operation=hold["operation"],
        model=None,
        provider=None,
        tokens=Tokens(all=hold["tokens"]),
        cost=hold["cost"] or None,
        latency_ms=None,
        outcome="cancelled",
        requests=hold["requests"],
        conversation_id=None,
        workspace_id=hold["workspace_id"],
        user_id=hold["user_id"],
        at=hold["reserved_at"],
        request_id=None,
    )
    (row,) = rows_of(tx, [draft], [None], moment)
    recorded_by = row["recorded_by"] or hold["user_id"]
    return row | {"id": hold["id"], "credential_id": hold["credential_id"], "recorded_by": recorded_by}


def write(tx: Transaction, rows: Sequence[dict[str, Any]]) -> None:
    """Add rows to the ledger and to its sums."""
    if len(rows) == 1:
        tx.run(queries.insert_event, rows[0])
        tx.run(queries.add_to_each_rollup, _rollup_of_one(rows[0]))
    else:
        tx.many(queries.insert_event, rows)
        tx.many(queries.add_to_rollup, rollups(rows))
    conversations = _by_conversation(rows)
    if conversations:
        tx.many(queries.add_to_conversation, conversations)


def event_of(row: dict[str, Any]) -> UsageEvent:
    """The row as callers get it."""
    return UsageEvent(**dict(zip(_SHOWN, _shown(row), strict=True)))


def _own_prices(tx: Transaction, drafts: Sequence[Draft]) -> list[tuple[Any, ...]]:
    if all(draft.model is None or draft.cost is not None for draft in drafts):
        return []
    if len(drafts) == 1:
        return tx.all(queries.own_prices_of, {"model": drafts[0].model})
    return tx.all(queries.own_prices)


def _row(scope: Scope, draft: Draft, cost: tuple[Decimal | None, str], moment: datetime) -> dict[str, Any]:
    return {
        "id": new_id(),
        "at": draft.at,
        "request_id": draft.request_id,
        "user_id": draft.user_id or scope.actor_id,
        "workspace_id": draft.workspace_id,
        "conversation_id": draft.conversation_id,
        "credential_id": scope.credential_id,
        "operation": draft.operation,
        "model": draft.model,
        "provider": draft.provider,
        "outcome": draft.outcome,
        "requests": draft.requests,
        "tokens": draft.tokens.all,
        "tokens_in": draft.tokens.into,
        "tokens_out": draft.tokens.out,
        "tokens_cached": draft.tokens.cached,
        "cost": cost[0],
        "priced_by": cost[1],
        "latency_ms": draft.latency_ms,
        "recorded_by": scope.actor_id,
        "recorded_at": moment,
    }


def _only_new(tx: Transaction, rows: list[dict[str, Any]]) -> tuple[list[dict[str, Any]], list[UsageEvent]]:
    """Those whose request was never recorded, each once; and the events of the others."""
    asked = [{**row, "event_id": row["id"]} for row in rows if row["request_id"] is not None]
    if not asked:
        return rows, []
    if tx.many(queries.insert_request, asked) == len(asked):
        return rows, []
    ids = {row["request_id"] for row in asked}
    found = {name: (event_id, at) for name, event_id, at in tx.all(queries.requests, {"request_ids": list(ids)})}
    new = [row for row in rows if row["request_id"] is None or found[row["request_id"]][0] == row["id"]]
    own = {row["id"] for row in new}
    before = [tx.first(queries.event, {"id": i, "at": at}) for i, at in found.values() if i not in own]
    return new, [replace(event, replayed=True) for event in before if event is not None]


def _sums(row: dict[str, Any]) -> dict[str, Any]:
    latency = row["latency_ms"]
    return {
        "events": 1,
        "requests": row["requests"],
        "failures": int(row["outcome"] == "error"),
        "tokens": row["tokens"],
        "tokens_in": row["tokens_in"],
        "tokens_out": row["tokens_out"],
        "tokens_cached": row["tokens_cached"],
        "unpriced": int(row["cost"] is None and bool(row["model"] or row["tokens"])),
        "cost": row["cost"] or Decimal(0),
        "latency_ms": latency or 0,
        "timed": int(latency is not None),
        "slowest_ms": latency or 0,
    }


def _rollup_of_one(row: dict[str, Any]) -> dict[str, Any]:
    """What one event adds to the roll-ups, for all of them."""
    place = {"user_id": row["user_id"], "workspace_id": row["workspace_id"] or NIL, "operation": row["operation"]}
    place |= {"model": row["model"] or "", "provider": row["provider"] or ""}
    hour = start_of(row["at"], "hour")
    day = hour.replace(hour=0)
    return _sums(row) | place | {"hour": hour, "day": day, "month": day.replace(day=1)}


def rollups(rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """What events add to the roll-ups, in the order of the key: whoever adds to the same rows meets nobody halfway."""
    made: dict[tuple[Any, ...], dict[str, Any]] = {}
    for row in rows:
        place = (
            row["user_id"],
            row["workspace_id"] or NIL,
            row["operation"],
            row["model"] or "",
            row["provider"] or "",
        )
        key = (start_of(row["at"], "hour"), *place)
        _add(made, key, row)
    return _by_grain(made)


def _by_grain(hours: dict[tuple[Any, ...], dict[str, Any]]) -> list[dict[str, Any]]:
    """The sums of hours, and those of their days and months."""
    made: dict[tuple[Any, ...], dict[str, Any]] = {}
    for (hour, *place), sums in hours.items():
        for grain in GRAINS:
            _merge(made, (grain, start_of(hour, grain), *place), sums)
    names = ("grain", "period", "user_id", "workspace_id", "operation", "model", "provider")
    ordered = sorted(made.items(), key=lambda one: _ordered(one[0]))
    return [{**dict(zip(names, key, strict=True)), **sums} for key, sums in ordered]


def _by_conversation(rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    made: dict[tuple[Any, ...], dict[str, Any]] = {}
    for row in rows:
        if row["conversation_id"] is not None:
            _add(made, (row["conversation_id"], row["user_id"], row["model"] or "", row["provider"] or ""), row)
    names = ("conversation_id", "user_id", "model", "provider")
    return [{**dict(zip(names, key, strict=True)), **made[key]} for key in sorted(made, key=_ordered)]


def _ordered(key: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(to_microseconds(part) if isinstance(part, datetime) else part for part in key)


def _add(made: dict[tuple[Any, ...], dict[str, Any]], key: tuple[Any, ...], row: dict[str, Any]) -> None:
    _merge(made, key, _sums(row))


def _merge(made: dict[tuple[Any, ...], dict[str, Any]], key: tuple[Any, ...], sums: dict[str, Any]) -> None:
    held = made.get(key)
    if held is None:
        made[key] = dict(sums)
        return
    for name in queries.SUMS:
        held[name] += sums[name]
    held["slowest_ms"] = max(held["slowest_ms"], sums["slowest_ms"])
