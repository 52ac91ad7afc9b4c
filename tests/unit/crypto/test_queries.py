"""A statement that touches a secret must know its row; one that touches none is prepared as ever."""

import pytest
from sqlalchemy import Column, MetaData, Table, bindparam, delete, func, insert, select, update
from support.vaulted import vaulted

from holdfast.core.database import TENANT, Query
from holdfast.core.database.prepared import Prepared
from holdfast.core.database.schema import every_table
from holdfast.core.database.secrets import PreparedWithSecrets
from holdfast.core.database.sqlite import SqliteEngine
from holdfast.core.database.types import Id, KeyedHash, Secret

_v = vaulted.c
MINE = _v.tenant_id == TENANT
THIS = _v.id == bindparam("id", type_=Id)
TOKEN = bindparam("new_token", type_=_v.token.type)
CHANGE = update(vaulted).where(THIS).values(token=TOKEN)
GIVES_BACK = update(vaulted).where(MINE).values(name="x").returning(_v.token)
of_store = Table(
    "of_store",
    MetaData(),
    Column("id", Id, primary_key=True),
    Column("secret", Secret("of_store.secret", row=("id",), of_store=True)),
    info={"scoped": False},
)

LACKING = {
    "a read without the row's key": lambda: Query(select(_v.token).where(MINE)),
    "a read under another name": lambda: Query(select(_v.id.label("other"), _v.token).where(MINE)),
    "an update without the row's key": lambda: Query(update(vaulted).where(MINE).values(token=TOKEN)),
    "the operator's read without the tenant": lambda: Query(select(_v.id, _v.token), operator=True),
    "the operator's update without the tenant": lambda: Query(CHANGE, operator=True),
    "an update that gives back a secret": lambda: Query(GIVES_BACK),
    "the operator's hash without the tenant": lambda: Query(
        select(_v.id).where(_v.account == bindparam("account", type_=_v.account.type)), operator=True
    ),
    "a tenant's read of a secret of the store": lambda: Query(select(of_store)),
}  # fmt: skip


@pytest.mark.parametrize("what", LACKING)
def test_a_statement_that_does_not_know_the_row_is_refused(what):
    with pytest.raises(TypeError, match=r"is a secret of"):
        LACKING[what]().prepared(SqliteEngine.dialect)


KNOWING = {
    "a read": lambda: Query(select(_v.id, _v.token).where(MINE)),
    "an update": lambda: Query(update(vaulted).where(MINE, THIS).values(token=TOKEN)),
    "an insert": lambda: Query(insert(vaulted), operator=True),
    "the operator's read": lambda: Query(select(_v.tenant_id, _v.id, _v.token), operator=True),
    "a search by hash": lambda: Query(select(_v.id).where(MINE, _v.account == bindparam("a", type_=_v.account.type))),
    "a secret of the store": lambda: Query(select(of_store), operator=True),
}
WITHOUT = {
    "a count": lambda: Query(select(func.count()).select_from(vaulted).where(MINE)),
    "other columns": lambda: Query(select(_v.id, _v.name).where(MINE)),
    "an update of others": lambda: Query(update(vaulted).where(MINE).values(name=bindparam("new_name"))),
    "a delete": lambda: Query(delete(vaulted).where(MINE, THIS)),
}


@pytest.mark.parametrize("what", KNOWING)
def test_what_knows_the_row_is_prepared_with_secrets(what):
    assert type(KNOWING[what]().prepared(SqliteEngine.dialect)) is PreparedWithSecrets


@pytest.mark.parametrize("what", WITHOUT)
def test_what_touches_no_secret_runs_as_ever(what):
    assert type(WITHOUT[what]().prepared(SqliteEngine.dialect)) is Prepared


def test_sqlalchemys_own_executor_writes_no_secret():
    for column in (_v.token, _v.account):
        with pytest.raises(TypeError, match="written by a Query"):
            column.type.bind_processor(SqliteEngine.dialect)("in the clear")


def test_labels_are_unique_and_name_their_column():
    found = [column for table in every_table() for column in table.columns]
    labels = [column.type.label for column in found if isinstance(column.type, (Secret, KeyedHash))]
    assert len(labels) == len(set(labels))
    for column in found:
        if isinstance(column.type, Secret):
            assert column.type.label == f"{column.table.name}.{column.name}"
            keys = {key.name for key in column.table.primary_key.columns} - {"tenant_id"}
            assert keys <= set(column.type.row), "the row's key is what identifies it"
