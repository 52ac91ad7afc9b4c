"""A small table with secrets, for tests of the mechanism: in a metadata of its own, made on the store at hand."""

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import Column, MetaData, Table, Text, bindparam, insert, select, update

from holdfast.core.action import Actions, action
from holdfast.core.database import TENANT, Query, Transaction, Work
from holdfast.core.database.types import Id, KeyedHash, Secret
from holdfast.core.ids import new_id

metadata = MetaData()
vaulted = Table(
    "vaulted",
    metadata,
    Column("tenant_id", Id, primary_key=True),
    Column("id", Id, primary_key=True),
    Column("name", Text, nullable=False),
    Column("token", Secret("vaulted.token", row=("id",))),
    Column("spare", Secret("vaulted.spare", row=("id",))),
    Column("account", KeyedHash("vaulted.account")),
    info={"scoped": True},
)
_v = vaulted.c


@dataclass(frozen=True, kw_only=True)
class Kept:
    """A row."""

    id: UUID
    name: str
    token: str | None = field(repr=False)
    spare: str | None = field(repr=False)


_KEPT = (_v.id, _v.name, _v.token, _v.spare)
put = Query(insert(vaulted).values({c: bindparam(c.name, type_=c.type) for c in _v} | {_v.tenant_id: TENANT}))
set_token = Query(
    update(vaulted)
    .where(_v.tenant_id == TENANT, _v.id == bindparam("id", type_=Id))
    .values(token=bindparam("new_token", type_=_v.token.type))
)
every = Query(select(*_KEPT).where(_v.tenant_id == TENANT).order_by(_v.id), Kept)
one = Query(select(*_KEPT).where(_v.tenant_id == TENANT, _v.id == bindparam("id", type_=Id)), Kept)
by_account = Query(
    select(*_KEPT).where(_v.tenant_id == TENANT, _v.account == bindparam("account", type_=_v.account.type)), Kept
)
of_all = Query(select(_v.tenant_id, *_KEPT[:3]).order_by(_v.id), operator=True)
put_for = Query(insert(vaulted), operator=True)


class Vaulted(Actions):
    """What keeps secrets in the small table."""

    @action("conversations.append", writes=True)
    def put(self, name: str, token: str | None, *, spare: str | None = None, account: str | None = None) -> Work[UUID]:
        row = {"id": new_id(), "name": name, "token": token, "spare": spare, "account": account}

        def work(tx: Transaction) -> UUID:
            tx.run(put, row)
            return row["id"]  # type: ignore[return-value]

        return work

    @action("conversations.append", writes=True)
    def put_many(self, tokens: list[str]) -> Work[None]:
        empty = {"spare": None, "account": None}
        rows = [{"id": new_id(), "name": f"n{n}", "token": token, **empty} for n, token in enumerate(tokens)]
        return lambda tx: tx.many(put, rows)

    @action("conversations.append", writes=True)
    def change(self, row: UUID, token: str | None) -> Work[int]:
        return lambda tx: tx.run(set_token, {"id": row, "new_token": token})

    @action("conversations.read", writes=False)
    def get(self, row: UUID) -> Work[Kept | None]:
        return lambda tx: tx.first(one, {"id": row})

    @action("conversations.read", writes=False)
    def all(self) -> Work[list[Kept]]:
        return lambda tx: tx.all(every)

    @action("conversations.read", writes=False)
    def find(self, account: str) -> Work[list[Kept]]:
        return lambda tx: tx.all(by_account, {"account": account})


def make(store: Any) -> None:
    """The table, on a store."""
    with store.engine.admin() as connection:
        metadata.create_all(connection)
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql("GRANT ALL ON vaulted TO holdfast_app, holdfast_operator")


def of(store: Any, tenant: str = "acme", user: str = "amina@acme.test") -> Vaulted:
    """The small table as a person of a tenant has it."""
    return Vaulted(store.engine, store.tenant(tenant).user(user).access, store.settings)
