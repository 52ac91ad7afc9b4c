"""Finishing a run: on PostgreSQL in one round trip, where who started it finishes it and it may end so."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, func, literal_column, select

from holdfast.core import trail
from holdfast.core.database import ACTOR, REACH, TENANT, NotAtOnce, Params, Procedure, Query, Transaction
from holdfast.domains.runs import queries
from holdfast.domains.runs.checks import Given
from holdfast.domains.runs.durations import bucket_of
from holdfast.domains.runs.models import Ending, Run
from holdfast.domains.runs.starting import EVENT
from holdfast.domains.runs.tables import runs
from holdfast.domains.runs.telling import duration

_ENDING = {
    "id": "id", "new_status": "status", "new_output": "output", "new_output_bytes": "output_bytes",
    "new_error": "error", "moment": "finished_at",
}  # fmt: skip
"""What the caller gives, and the column that it goes into."""
_FOUND = tuple(name for name in Run.__dataclass_fields__ if name not in _ENDING.values())
"""What the caller does not know."""


def ending(run: Any, status: Ending, output: Given, error: str | None, moment: datetime) -> dict[str, Any]:
    """How a run ends, as parameters."""
    row: dict[str, Any] = {"id": run, "new_status": status, "new_error": error, "moment": moment}
    return row | {"new_output": output.kept, "new_output_bytes": output.size}


def end(tx: Transaction, seen: Run, params: Params) -> Run | None:
    """End it as it was seen, for that alone; None if it is not so any more."""
    took = duration(seen.started_at, params["moment"])
    as_seen = {"seen_status": seen.status, "seen_waits": seen.waits}
    timed = {"new_duration": took, "new_bucket": bucket_of(took)}
    if not tx.run(queries.finish, {**params, **as_seen, **timed}):
        return None
    return replace(seen, duration_ms=took, **{name: params[given] for given, name in _ENDING.items()})


def _steps(tx: Transaction, params: Params) -> Sequence[Any]:
    """What finish_run does on a server."""
    seen = tx.first(queries.run, params)
    ended = end(tx, seen, params) if seen is not None and _is_plain(tx, seen, params["new_status"]) else None
    if ended is None:
        return (None,) * len(_FOUND)
    tx.run(trail.insert_event, params)
    return [getattr(ended, name) for name in _FOUND]


def _is_plain(tx: Transaction, seen: Run, status: Ending) -> bool:
    mine = seen.started_by == tx.scope.actor_id
    return mine and not seen.ended and not (seen.status == "waiting" and status == "success")


def _result(row: Sequence[Any], params: Params) -> Run:
    found = dict(zip(_FOUND, row, strict=True))
    if found["workflow_id"] is None:
        raise NotAtOnce
    return Run(**found, **{name: params[given] for given, name in _ENDING.items()})


finish_run = Procedure(
    name="finish_run",
    query=Query(
        select(*[literal_column(name, runs.c[name].type) for name in _FOUND]).select_from(
            func.finish_run(
                TENANT,
                ACTOR,
                REACH,
                *[bindparam(given, type_=runs.c[name].type) for given, name in _ENDING.items()],
                *[trail.parameter(name) for name in EVENT],
            ).table_valued("workflow_id")
        )
    ),
    steps=_steps,
    result=_result,
)
"""Changes nothing, and raises `NotAtOnce`, where the run is another's, waits, has ended or is not there."""
