"""What ended long ago is cleaned up: sessions, visitors who left nothing, answers kept for repeated requests.

A few hundred rows in each transaction, so that nobody waits for it. It does no harm twice, nor in two processes at
once.
"""

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import BindParameter, bindparam, delete, exists, select

from holdfast.core.action import carry_out
from holdfast.core.clock import now
from holdfast.core.database import Query, Transaction
from holdfast.core.database.engine import Engine
from holdfast.core.database.schema import every_table
from holdfast.core.database.types import Time
from holdfast.core.jobs import Run, job, schedule
from holdfast.core.jobs.kinds import Nothing
from holdfast.core.once import forget_old
from holdfast.core.scope import OPERATOR
from holdfast.domains.identity.purging import delete_person
from holdfast.domains.identity.queries import IN, OF_USER
from holdfast.domains.identity.tables import memberships, oidc_logins, sessions

KEPT = timedelta(days=7)
"""So long after its end a session is kept: whoever shows its token until then is in the trail."""
BATCH = 500
"""So many rows of each kind go in one transaction."""

_BEFORE = bindparam("before", type_=Time)
_MOST: BindParameter[int] = bindparam("most")
_s, _m = sessions.c, memberships.c

_ended = select(_s.id).where((_s.expires_at < _BEFORE) | (_s.revoked_at < _BEFORE)).limit(_MOST)
_delete_sessions = Query(delete(sessions).where(_s.id.in_(_ended)), operator=True)

_delete_logins = Query(delete(oidc_logins).where(oidc_logins.c.expires_at < _BEFORE), operator=True)

_delete_membership = Query(delete(memberships).where(_m.tenant_id == IN, _m.user_id == OF_USER), operator=True)


@dataclass(frozen=True, kw_only=True)
class Cleaned:
    """How many there were."""

    sessions: int = 0
    visitors: int = 0
    answers: int = 0


def clean(engine: Engine, *, moment: datetime | None = None) -> Cleaned:
    """Delete the sessions that ended a week ago, the visitors who can come back no more and left nothing, and the
    answers that were kept long enough. Leaves one line in the store's own trail for each transaction that deleted.
    """
    present = moment or now()
    ended = visitors = 0
    while True:
        some, others = carry_out(engine, OPERATOR, "identity.clean", lambda tx: _clean_some(tx, present))
        ended, visitors = ended + some, visitors + others
        if max(some, others) < BATCH:
            return Cleaned(sessions=ended, visitors=visitors, answers=forget_old(engine, moment=present))


@job("identity.clean")
def _clean_as_job(run: Run, _given: Nothing) -> dict[str, object]:
    return asdict(clean(run.engine))


schedule("identity.clean", "23 * * * *")


def _clean_some(tx: Transaction, present: datetime) -> tuple[int, int]:
    asked = {"before": present - KEPT, "most": BATCH}
    ended = tx.run(_delete_sessions, asked)
    tx.run(_delete_logins, asked)
    gone: list[tuple[UUID, UUID]] = tx.all(_gone_visitors(), asked)
    for tenant_id, user_id in gone:
        tx.run(_delete_membership, {"in_tenant": tenant_id, "of_user": user_id})
        delete_person(tx, user_id)
    if ended or gone:
        tx.record("store", sessions=ended, visitors=len(gone))
    else:
        tx.unchanged()
    return ended, len(gone)


@cache
def _gone_visitors() -> Query[tuple[Any, ...]]:
    """Visitors that nothing refers to any more, no session and nothing that they wrote, whichever room keeps it."""
    left = select(_m.tenant_id, _m.user_id).where(_m.role == "visitor", _m.created_at < _BEFORE)
    for table in every_table():
        for key in table.foreign_key_constraints:
            if key.referred_table is memberships:
                tenant, person = (table.c[name] for name in key.column_keys)
                left = left.where(~exists().where(tenant == _m.tenant_id, person == _m.user_id))
    return Query(left.limit(_MOST), operator=True)
