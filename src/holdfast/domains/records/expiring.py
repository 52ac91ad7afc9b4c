"""Records that expired: gone from every read at once, and deleted by background work, within the hour.

Each set is cleaned in its own tenant, in transactions of a few hundred records, by the rules that delete any record:
its words, its history and what is picked from go with it.
"""

from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

from holdfast.core import lexical
from holdfast.core.action import carry_out
from holdfast.core.clock import now
from holdfast.core.database import Transaction
from holdfast.core.database.engine import Engine
from holdfast.core.jobs import Run, job, schedule
from holdfast.core.jobs.kinds import Nothing
from holdfast.core.scope import LEVELS, OPERATOR, Scope
from holdfast.domains.records import picking, queries
from holdfast.domains.records.access import find_set
from holdfast.domains.records.storing import next_change

LOT = 500


def delete_expired(engine: Engine, *, moment: datetime | None = None) -> int:
    """Delete the records of every tenant that expired: how many. Does no harm twice, nor in two processes at once."""
    present, count = moment or now(), 0
    sets = engine.read(OPERATOR, "all", lambda tx: tx.all(queries.sets_with_expired, {"now": present}))
    for tenant_id, name in sets:
        scope = Scope(role="operator", tenant_id=tenant_id, levels=frozenset(LEVELS))
        while some := carry_out(engine, scope, "records.write", partial(_delete_some, name, present)):
            count += some
            if some < LOT:
                break
    return count


@job("records.delete_expired")
def _as_job(run: Run, _given: Nothing) -> dict[str, object]:
    return {"records": delete_expired(run.engine)}


schedule("records.delete_expired", "37 * * * *")


def _delete_some(name: str, present: datetime, tx: Transaction) -> int:
    of = find_set(tx, name)
    at: dict[str, Any] = {"set_id": of.id}
    gone: list[tuple[UUID, str]] = tx.all(queries.expired, at | {"now": present, "limit": LOT})
    if not gone:
        tx.unchanged()
        return 0
    ids, change = [record_id for record_id, _ in gone], next_change(tx, of)
    if change is not None:
        tx.run(queries.set_removal, at)
        tx.after_commit(partial(picking.tell, picking.Change(of.id, change, None)))
    if of.text:
        lexical.remove(tx, ids)
    if of.history:
        tx.many(queries.forget_version_of, [at | {"key": key, "record_id": record_id} for record_id, key in gone])
    tx.run(queries.delete_some, {"ids": ids})
    tx.record("record_set", of.id, name=of.name, expired=len(gone))
    return len(gone)
