"""Every statement of interop, each named by what it is for."""

from typing import Any

from sqlalchemy import Column, ColumnElement, Table, bindparam, delete, or_, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.types import Integer, Text

from holdfast.core.database import ACTOR, REACH, TENANT, Query
from holdfast.core.database.types import Id, Time
from holdfast.domains.interop.stored import StoredProfile, StoredSample
from holdfast.domains.interop.tables import interop_lots, interop_profiles, interop_samples

_p, _l, _s = interop_profiles.c, interop_lots.c, interop_samples.c
_VENDOR, _STANDARD = bindparam("vendor", type_=Text()), bindparam("standard", type_=Text())
_BATCH, _MOMENT = bindparam("batch_id", type_=Id), bindparam("moment", type_=Time)


def _within(owner: Column[Any]) -> ColumnElement[bool]:
    """One's own; anybody's of the tenant for who reaches that far."""
    return or_(REACH == "tenant", owner == ACTOR)


def _given(table: Table) -> dict[str, Any]:
    values: dict[str, Any] = {c.name: bindparam(c.name, type_=c.type) for c in table.c if c.name != "tenant_id"}
    return {"tenant_id": TENANT, **values}


# -- profiles ----------------------------------------------------------------------------------------------------------

_OF = (_p.tenant_id == TENANT, _p.vendor == _VENDOR, _p.standard == _STANDARD, _within(_p.owner_id))
insert_profile = Query(
    upsert(interop_profiles)
    .values(_given(interop_profiles))
    .on_conflict_do_nothing(index_elements=["tenant_id", "vendor", "standard"])
)
profile = Query(select(*(_p[name] for name in StoredProfile.__dataclass_fields__)).where(*_OF), StoredProfile)
"""By primary key."""
update_profile = Query(
    update(interop_profiles)
    .where(*_OF, _p.version == bindparam("seen_version", type_=Integer()))
    .values(
        profile=bindparam("new_profile", type_=_p.profile.type),
        messages=bindparam("new_messages", type_=_p.messages.type),
        version=_p.version + 1,
        updated_at=_MOMENT,
    )
)
"""No row where another analysis was quicker."""

# -- lots --------------------------------------------------------------------------------------------------------------

_IN_BATCH = (_l.tenant_id == TENANT, _l.batch_id == _BATCH, _within(_l.owner_id))
_BELOW = _l.number < bindparam("below", type_=Integer())
insert_lot = Query(upsert(interop_lots).values(_given(interop_lots)))
lots = Query(
    select(_l.batch_id, _l.number, _l.messages, _l.content)
    .where(*_IN_BATCH, _l.number >= bindparam("from_number", type_=Integer()), _BELOW)
    .order_by(_l.number)
)
delete_left = Query(delete(interop_lots).where(_l.created_at <= bindparam("before", type_=Time)), operator=True)
"""Lots that no job takes any more."""
delete_lots = Query(delete(interop_lots).where(*_IN_BATCH, _BELOW))

# -- samples -----------------------------------------------------------------------------------------------------------

insert_sample = Query(
    upsert(interop_samples)
    .values(_given(interop_samples))
    .on_conflict_do_nothing(index_elements=["tenant_id", "vendor", "standard", "digest"])
)
_OF_VENDOR = (_s.tenant_id == TENANT, _s.vendor == _VENDOR, _s.standard == _STANDARD, _within(_s.owner_id))
samples = Query(
    select(*(_s[name] for name in StoredSample.__dataclass_fields__))
    .where(
        *_OF_VENDOR,
        _s.type == bindparam("type", type_=Text()),
        _s.digest > bindparam("after", type_=Text()),
        _s.expires_at > _MOMENT,
    )
    .order_by(_s.digest)
    .limit(bindparam("limit", type_=Integer())),
    StoredSample,
)
"""Served by ix_interop_samples_type."""
delete_samples = Query(delete(interop_samples).where(*_OF_VENDOR))
delete_expired = Query(delete(interop_samples).where(_s.expires_at <= _MOMENT), operator=True)
