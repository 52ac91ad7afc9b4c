"""Every statement of records, each named by what it is for."""

from functools import lru_cache
from typing import Any

from sqlalchemy import (
    BigInteger,
    Integer,
    bindparam,
    delete,
    exists,
    false,
    insert,
    or_,
    select,
    true,
    tuple_,
    update,
)
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.types import Text

from holdfast.core.database import ACTOR, LEVELS, TENANT, Query
from holdfast.core.database.constructs import alongside, one_at_a_time
from holdfast.core.database.json_paths import Code, Plain
from holdfast.core.database.keyed import rows_by_key
from holdfast.core.database.text_match import is_listed, is_within
from holdfast.core.database.types import Id, Json, Real, Time
from holdfast.core.scope import LEVELS as LEVEL_NAMES
from holdfast.domains.identity.tables import tenants
from holdfast.domains.records.conditions import Shape, condition_of
from holdfast.domains.records.tables import (
    PLACES,
    record_changes,
    record_grants,
    record_sets,
    record_versions,
    records,
)

_s, _r, _t = record_sets.c, records.c, tenants.c
_SET = bindparam("set_id", type_=Id)
_KEY = bindparam("key", type_=Plain)
_LEVEL = bindparam("level", type_=Plain)
_LIMIT = bindparam("limit", type_=Integer)
_NOW = bindparam("now", type_=Time)
_MOMENT = bindparam("moment", type_=Time)

wait_for_turn = Query(select(one_at_a_time("turn")))

# -- sets --------------------------------------------------------------------------------------------------------------

_SETS = [column for column in _s if column.name != "tenant_id"]
SET_COLUMNS = tuple(column.name for column in _SETS)
_sets = select(*_SETS).where(_s.tenant_id == TENANT)

sets = Query(_sets.order_by(_s.name))
set_by_name = Query(_sets.where(_s.name == bindparam("name", type_=Text())))
beside_others = Query(select(alongside("turn")))
"""Until this transaction ends the set is not defined anew or deleted; any number may change what is in it."""
insert_set = Query(
    insert(record_sets).values(
        tenant_id=TENANT, **{c.name: bindparam(c.name, type_=c.type) for c in _s if c.name != "tenant_id"}
    )
)
_REDEFINED = ("key", "description", "schema", "indexed", "text", "weight", "clearance", "expires", "history", "locked")
redefine_set = Query(
    update(record_sets)
    .where(_s.tenant_id == TENANT, _s.id == _SET)
    .values(**{name: bindparam(f"new_{name}", type_=_s[name].type) for name in _REDEFINED}, updated_at=_MOMENT)
)
delete_set = Query(delete(record_sets).where(_s.tenant_id == TENANT, _s.id == _SET))

_c = record_changes.c
_OF_SET = (_c.tenant_id == TENANT, _c.set_id == _SET)
insert_changes = Query(
    insert(record_changes).values(tenant_id=TENANT, set_id=_SET, changes=0, removals=0, leveled=false())
)
delete_changes = Query(delete(record_changes).where(*_OF_SET))
next_change = Query(update(record_changes).where(*_OF_SET).values(changes=_c.changes + 1))
set_removal = Query(update(record_changes).where(*_OF_SET).values(removals=_c.changes))
set_leveled = Query(update(record_changes).where(*_OF_SET, _c.leveled.is_(False)).values(leveled=true()))
is_leveled = Query(select(_c.leveled).where(*_OF_SET, _c.leveled.is_(True)))
changes = Query(select(_c.changes, _c.removals).where(*_OF_SET))

# -- records: each statement asks for the level ------------------------------------------------------------------------

_AT_LEVEL = or_(_r.level == "", is_within(_r.level, LEVELS))
_READABLE = (_r.tenant_id == TENANT, _r.set_id == _SET, _AT_LEVEL)
_LISTED = (_r.tenant_id == TENANT, _AT_LEVEL, is_listed(_r.id, "ids"))
"""By id, and by that alone: with the set beside it PostgreSQL may read the whole set. Served by ix_records_id."""
THERE = or_(_r.expires_at.is_(None), _r.expires_at > _NOW)
SHOWN = (_r.key, _r.data, _r.version, _r.level, _r.created_at, _r.updated_at, _r.expires_at)
_STORED = (_r.key, _r.level, _r.id, _r.version, _r.data, _r.created_at, _r.expires_at)

_k = (
    rows_by_key(records, *(one.name for one in _STORED), within="set_id", key="key", most=len(LEVEL_NAMES) + 1)
    .found()
    .c
)
stored = Query(select(*_k).where(or_(_k.level == "", is_within(_k.level, LEVELS))).order_by(_k.key, _k.level))
"""What there is of some keys, expired or not; nobody else changes it until this transaction ends. By primary key."""

insert_record = Query(
    upsert(records)
    .values(tenant_id=TENANT, **{c.name: bindparam(c.name, type_=c.type) for c in _r if c.name != "tenant_id"})
    .on_conflict_do_nothing(index_elements=["tenant_id", "set_id", "key", "level"])
)
"""Nothing where somebody else has just stored one of that key: it waits for them, and then touches no row."""
_NEW = {
    **{name: bindparam(f"new_{name}", type_=Code()) for name in PLACES},
    "data": bindparam("new_data", type_=Json),
    "weight": bindparam("new_weight", type_=Real),
    "change": bindparam("new_change", type_=BigInteger()),
    "expires_at": bindparam("new_expires_at", type_=Time),
    "level": bindparam("new_level", type_=Plain),
}
update_record = Query(
    update(records)
    .where(*_READABLE, _r.key == _KEY, _r.level == _LEVEL)
    .values(**_NEW, version=_r.version + 1, updated_at=_MOMENT)
)
rewrite_record = Query(
    update(records)
    .where(*_READABLE, _r.key == _KEY, _r.level == _LEVEL)
    .values(**{name: value for name, value in _NEW.items() if name not in ("data", "level")})
)
"""Only how it is kept: it is the same record, at the same version."""
delete_some = Query(delete(records).where(*_LISTED))
any_record = Query(select(_r.key).where(*_READABLE).limit(1))

_TIE = (_r.key, _r.level)


@lru_cache(maxsize=1_000)
def among(shape: Shape) -> Query[Any]:
    """Those of some records, by id, that a filter lets through."""
    rows = select(*SHOWN, _r.id).where(*_LISTED, THERE)
    return Query(rows.where(condition_of(shape)))


every_stored = Query(
    select(*_STORED)
    .where(
        *_READABLE,
        tuple_(_r.key, _r.level) > tuple_(bindparam("after_key", type_=Plain), bindparam("after_level", type_=Plain)),
    )
    .order_by(*_TIE)
    .limit(_LIMIT)
)
"""A set's records one lot after the other, expired or not."""
START = {"after_key": "", "after_level": ""}
"""Before the first of them: no key is empty."""
_v = record_versions.c
_OF_VERSIONS = (_v.tenant_id == TENANT, _v.set_id == _SET)
_OPEN_VERSIONS = (*_OF_VERSIONS, or_(_v.level == "", is_within(_v.level, LEVELS)))
insert_version = Query(
    insert(record_versions).values(
        tenant_id=TENANT, **{c.name: bindparam(c.name, type_=c.type) for c in _v if c.name != "tenant_id"}
    )
)
versions = Query(
    select(_v.key, _v.version, _v.level.label("clearance"), _v.data, _v.changed_by, _v.changed_at)
    .where(*_OPEN_VERSIONS, _v.key == _KEY)
    .order_by(_v.changed_at.desc(), _v.record_id.desc(), _v.version.desc())
    .limit(_LIMIT)
)
forget_versions = Query(delete(record_versions).where(*_OPEN_VERSIONS, _v.key == _KEY))
delete_versions = Query(delete(record_versions).where(*_OPEN_VERSIONS))
forget_version_of = Query(
    delete(record_versions).where(*_OPEN_VERSIONS, _v.key == _KEY, _v.record_id == bindparam("record_id", type_=Id))
)

# -- what other tenants are let read -----------------------------------------------------------------------------------

_g = record_grants.c
_GRANT = (_g.tenant_id == TENANT, _g.set_id == _SET)
_READER_ID = bindparam("of_reader", type_=Id)
tenant_named = Query(select(_t.id).where(_t.slug == bindparam("slug", type_=Text())), operator=True)
own_name = Query(select(_t.slug).where(_t.id == TENANT))
insert_grant = Query(
    insert(record_grants).values(
        tenant_id=TENANT, **{c.name: bindparam(c.name, type_=c.type) for c in _g if c.name != "tenant_id"}
    )
)
change_grant = Query(
    update(record_grants)
    .where(*_GRANT, _g.reader_id == _READER_ID)
    .values(at_levels=bindparam("new_levels", type_=Plain), granted_by=ACTOR, granted_at=_MOMENT)
)
delete_grant = Query(delete(record_grants).where(*_GRANT, _g.reader == bindparam("reader", type_=Text())))
grants = Query(
    select(_g.reader_id, _g.reader, _g.at_levels, _g.granted_by, _g.granted_at, _g.read_at)
    .where(*_GRANT)
    .order_by(_g.reader)
)
note_reading = Query(
    update(record_grants)
    .where(*_GRANT, _g.reader_id == _READER_ID, or_(_g.read_at.is_(None), _g.read_at < bindparam("day", type_=Time)))
    .values(read_at=bindparam("day", type_=Time))
)
"""Touches a row once a day, whoever of them comes first."""

# -- what expired ------------------------------------------------------------------------------------------------------

sets_with_expired = Query(
    select(_s.tenant_id, _s.name)
    .where(exists().where(_r.tenant_id == _s.tenant_id, _r.set_id == _s.id, _r.expires_at <= _NOW))
    .order_by(_s.tenant_id, _s.name),
    operator=True,
)
expired = Query(select(_r.id, _r.key).where(*_READABLE, _r.expires_at <= _NOW).order_by(_r.expires_at).limit(_LIMIT))

stored_shown = Query(select(*SHOWN, _r.id).where(*_READABLE, _r.key == _KEY, _r.level == _LEVEL))
