"""Every statement on data keys. They are few to a tenant, found by `ix_data_keys_tenant_id`."""

from sqlalchemy import bindparam, insert, select

from holdfast.core.crypto.models import KeyRow
from holdfast.core.crypto.tables import data_keys
from holdfast.core.database.constructs import alongside, one_at_a_time
from holdfast.core.database.query import TENANT, Query
from holdfast.core.database.types import Id

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
