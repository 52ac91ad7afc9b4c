"""Every statement on data keys. They are few to a tenant, found by `ix_data_keys_tenant_id`."""

from sqlalchemy import Integer, LargeBinary, Text, bindparam, func, insert, select, update

from holdfast.core.crypto.models import STORE, KeyRow
from holdfast.core.crypto.tables import data_keys
from holdfast.core.database.constructs import alongside, one_at_a_time
from holdfast.core.database.query import TENANT, Query
from holdfast.core.database.types import Id, Time

_k = data_keys.c
_IN = bindparam("in_tenant", type_=Id)

of_own_tenant = Query(select(data_keys).where(_k.tenant_id == TENANT), KeyRow)
of_any_tenant = Query(select(data_keys).where(_k.tenant_id == _IN), KeyRow, operator=True)

writing = Query(select(alongside("turn")))
writing_as_operator = Query(select(alongside("turn")), operator=True)
"""Held by every transaction that seals: the keys it found stay current until it ends."""

changing = Query(select(one_at_a_time("turn")), operator=True)
"""Waits for those who seal, and keeps others out until this transaction ends."""

insert_key = Query(insert(data_keys), operator=True)

any_key = Query(select(data_keys).where(_k.wrapped.is_not(None)).limit(1), KeyRow, operator=True)

every_key = Query(select(data_keys).order_by(_k.tenant_id, _k.created_at, _k.id), KeyRow, operator=True)

page_of_keys = Query(
    select(data_keys)
    .where(_k.id > bindparam("after", type_=Id), _k.wrapped.is_not(None), _k.tenant_id != STORE)
    .order_by(_k.id)
    .limit(bindparam("limit", type_=Integer)),
    KeyRow,
    operator=True,
)
"""The tenants' keys, a lot at a time, by primary key. UUIDv7: one that is made meanwhile comes last."""

rewrap_key = Query(
    update(data_keys)
    .where(_k.id == bindparam("key_id", type_=Id), _k.wrapped == bindparam("old", type_=LargeBinary))
    .values(wrapped=bindparam("blob", type_=LargeBinary), ring_key=bindparam("new_ring_key", type_=Text)),
    operator=True,
)
"""Only what is still as it was read: a key destroyed meanwhile stays destroyed."""

retire_keys = Query(
    update(data_keys)
    .where(_k.tenant_id == _IN, _k.purpose == bindparam("of_purpose"), _k.retired_at.is_(None))
    .values(retired_at=bindparam("moment", type_=Time)),
    operator=True,
)

destroy_keys = Query(
    update(data_keys)
    .where(_k.tenant_id == _IN, _k.wrapped.is_not(None))
    .values(wrapped=None, retired_at=func.coalesce(_k.retired_at, bindparam("moment", type_=Time))),
    operator=True,
)

forgotten_by_ring = Query(
    update(data_keys).where(_k.id == bindparam("key_id", type_=Id), _k.wrapped.is_(None)).values(ring_key=None),
    operator=True,
)
