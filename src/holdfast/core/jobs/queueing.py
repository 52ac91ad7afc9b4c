"""Putting work into the queue, in the transaction of what asks for it: both are there, or neither."""

import threading
import weakref
from datetime import datetime
from typing import Any
from uuid import UUID

from holdfast.core.clock import as_utc, now
from holdfast.core.database import Transaction
from holdfast.core.ids import new_id
from holdfast.core.inputs import check_name
from holdfast.core.jobs import queries
from holdfast.core.jobs.kinds import Kind, named, spelled
from holdfast.core.jobs.models import Job
from holdfast.core.scope import NIL
from holdfast.core.tracing import current_traceparent

KEY_CHARS = 200
_listening: "weakref.WeakSet[threading.Event]" = weakref.WeakSet()


def enqueue(
    tx: Transaction,
    kind: str,
    arguments: object = None,
    *,
    key: str | None = None,
    not_before: datetime | None = None,
    tenant_id: UUID | None = None,
) -> Job:
    """Queue a job of the scope's tenant, for the person who asks: its body acts as they, with the role they have then.

    `arguments`: an instance of the kind's dataclass, or a dict of its fields. `key`: under the same one the same person
    gets the job that was made first, however it ended. `tenant_id` is for the operator: of that tenant, not of the
    store; its body acts as the operator in that tenant. The job's attempts are part of the trace that is current here.
    Costs one statement; with a key three. Workers of this process are woken after the commit; others look every
    `Settings.job_poll_seconds`. Raises `UnknownJobKind`, `InvalidInput`.
    """
    known = named(kind)
    row = new_row(known, arguments, key=key, not_before=not_before)
    row |= {
        "in_tenant": tx.scope.tenant_id or tenant_id or NIL,
        "requested_by": tx.scope.actor_id or NIL,
        "request_id": tx.scope.request_id,
        "traceparent": current_traceparent(),
    }
    return insert(tx, row)


def new_row(kind: Kind, arguments: object, *, key: str | None, not_before: datetime | None) -> dict[str, Any]:
    """The columns of a new job but for whose it is. Raises `InvalidInput`."""
    moment = now()
    absent = (
        "checkpoint",
        "total",
        "traceparent",
        "note",
        "result",
        "error",
        "reason",
        "started_at",
        "finished_at",
        "cancel_asked_at",
    )
    return {
        **dict.fromkeys(absent),
        "id": new_id(),
        "kind": kind.name,
        "key": None if key is None else check_name(key, field="key", most_chars=KEY_CHARS),
        "status": "queued",
        "arguments": spelled(kind.check(arguments)),
        "done": 0,
        "attempts": 0,
        "max_attempts": kind.max_attempts,
        "fence": 0,
        "created_at": moment,
        "due_at": moment if not_before is None else as_utc(not_before, field="not_before"),
    }


def insert(tx: Transaction, row: dict[str, Any]) -> Job:
    """Write a row, unless there is one under its key."""
    statements = queries.of_any if tx.scope.is_operator else queries.of_tenant
    if row["key"] is not None:
        tx.all(statements.wait_for_turn, {"turn": f"job {row['in_tenant']} {row['kind']} {row['key']}"})
        found = tx.first(statements.by_key, row)
        if found is not None:
            return found
    tx.run(statements.insert, row)
    tx.after_commit(wake)
    shown = {name: row[name] for name in Job.__dataclass_fields__ if name in row}
    return Job(**shown, tenant_id=row["in_tenant"])


def wake() -> None:
    """Have the workers of this process look now. One of another store looks in vain, which costs it one read."""
    for woken in list(_listening):
        woken.set()


def listen(woken: threading.Event) -> None:
    """Have an event set whenever there is new work."""
    _listening.add(woken)
