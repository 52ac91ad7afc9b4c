"""A request that must take effect once: its answer is kept, in the transaction that has the effect.

A client that lost the connection does not know whether its request arrived. It sends the same key again; if the first
one took effect, that one's answer comes back and nothing is done. Because key and effect commit together there is no
moment at which one is there without the other. Requests that fail leave nothing, and may be sent again.
"""

from datetime import datetime, timedelta
from typing import Any, TypeVar

from sqlalchemy import BindParameter, Column, Index, Text, bindparam, delete, insert, select, tuple_

from holdfast.core.clock import now
from holdfast.core.database import ACTOR, TENANT, Query, Transaction, Work
from holdfast.core.database.constructs import one_at_a_time
from holdfast.core.database.engine import Engine
from holdfast.core.database.schema import scoped_table
from holdfast.core.database.types import Digest, Id, Json, Time
from holdfast.core.errors import InvalidInput
from holdfast.core.scope import NIL, OPERATOR, Once, Scope

T = TypeVar("T")

KEPT = timedelta(hours=24)
"""For at least so long an answer is kept."""
FORGOTTEN_AT_ONCE = 1_000


class KeyReused(InvalidInput):
    """The idempotency key came before, with another request."""

    code = "idempotency_key_reused"

    def __init__(self, key: str) -> None:
        super().__init__(
            f"Idempotency-Key: {key!r:.80} came before with another request; use a new key for each request",
            field="Idempotency-Key",
        )


class AlreadyDone(Exception):  # no error: what the first request was answered
    """The request took effect before. `answer` is what `Once.render` made of it then."""

    def __init__(self, answer: dict[str, object]) -> None:
        super().__init__("the request took effect before")
        self.answer = answer


idempotent_requests = scoped_table(
    "idempotent_requests",
    Column("actor_id", Id, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("digest", Digest, nullable=False),
    Column("answer", Json, nullable=False),
    Column("created_at", Time, nullable=False),
    Index("ix_idempotent_requests_created_at", "tenant_id", "created_at"),
    index=True,
)
"""Refers to no tenant: those of the platform have none."""

_r = idempotent_requests.c
_KEY: BindParameter[str] = bindparam("key")


class _Statements:
    """The same statements for an actor within a tenant and for the operator, who names both."""

    def __init__(self, tenant: Any, actor: Any, *, operator: bool) -> None:
        this = (_r.tenant_id == tenant, _r.actor_id == actor, _r.key == _KEY)
        named = {column.name: bindparam(column.name, type_=column.type) for column in _r}
        self.wait_for_turn = Query(select(one_at_a_time("turn")), operator=operator)
        self.find = Query(select(_r.digest, _r.answer).where(*this), operator=operator)
        self.insert = Query(
            insert(idempotent_requests).values({**named, "tenant_id": tenant, "actor_id": actor}), operator=operator
        )


_own = _Statements(TENANT, ACTOR, operator=False)
_operators = _Statements(bindparam("in_tenant", type_=Id), bindparam("of_actor", type_=Id), operator=True)

_KEYS = (_r.tenant_id, _r.actor_id, _r.key)
_old = select(*_KEYS).where(_r.created_at < bindparam("before", type_=Time)).limit(bindparam("most"))
_forget = Query(delete(idempotent_requests).where(tuple_(*_KEYS).in_(_old)), operator=True)


def once(scope: Scope, operation: str, work: Work[T]) -> Work[T]:
    """`work`; for a request that must take effect once, done unless it was done before.

    Then `AlreadyDone` is raised, or `KeyReused` when that was another request.
    """
    wanted = scope.once
    if wanted is None or wanted.operation != operation:
        return work
    kept = {"in_tenant": scope.tenant_id or NIL, "of_actor": scope.actor_id or NIL, "key": wanted.key}

    def work_once(tx: Transaction) -> T:
        statements = _operators if tx.scope.is_operator else _own
        tx.all(statements.wait_for_turn, {"turn": f"once {kept['in_tenant']} {kept['of_actor']} {wanted.key}"})
        found = tx.first(statements.find, kept)
        if found is not None:
            raise _answered(wanted, *found)
        done = work(tx)
        tx.run(statements.insert, {**kept, "digest": wanted.digest, "answer": wanted.render(done), "created_at": now()})
        return done

    return work_once


def _answered(wanted: Once, digest: str, answer: dict[str, object]) -> AlreadyDone | KeyReused:
    return AlreadyDone(answer) if digest == wanted.digest else KeyReused(wanted.key)


def forget_old(engine: Engine, *, moment: datetime | None = None) -> int:
    """Forget the answers that were kept long enough, so many in each transaction: how many."""
    asked, count = {"before": (moment or now()) - KEPT, "most": FORGOTTEN_AT_ONCE}, 0
    while True:
        some = engine.write(OPERATOR, "all", lambda tx: tx.run(_forget, asked))
        count += some
        if some < FORGOTTEN_AT_ONCE:
            return count
