"""Every statement of records, each named by what it is for."""

from functools import lru_cache
from typing import Any

from sqlalchemy import (
    BigInteger,
    Integer,
    bindparam,
    cast,
    delete,
    exists,
    false,
    func,
    insert,
    or_,
    select,
    true,
    tuple_,
    update,
)
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.types import Text

from holdfast.core.database import LEVELS, TENANT, Query
from holdfast.core.database.constructs import alongside, one_at_a_time
from holdfast.core.database.json_paths import Code, Plain
from holdfast.core.database.keyed import rows_by_key
from holdfast.core.database.text_match import is_listed, is_within
from holdfast.core.database.types import Id, Json, Real, Time
from holdfast.core.scope import LEVELS as LEVEL_NAMES
from holdfast.domains.records.conditions import Shape, condition_of, value_at_path
from holdfast.domains.records.tables import PLACES, record_changes, record_sets, record_versions, records

_s, _r = record_sets.c, records.c
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
_THERE = or_(_r.expires_at.is_(None), _r.expires_at > _NOW)
_SHOWN = (_r.key, _r.data, _r.version, _r.level, _r.created_at, _r.updated_at, _r.expires_at)
_STORED = (_r.key, _r.level, _r.id, _r.version, _r.data, _r.created_at, _r.expires_at)

record = Query(select(*_SHOWN).where(*_READABLE, _r.key == _KEY, _THERE).order_by(_r.level.desc()).limit(1))
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

# -- what is asked by filters: one statement for each shape of a question ----------------------------------------------

_TIE = (_r.key, _r.level)


@lru_cache(maxsize=1_000)
def page(shape: Shape, *, order: str, descending: bool, after: bool) -> Query[Any]:
    """Records that a filter lets through, in the order of a column.

    Served by the primary key or the index of the column.
    """
    column = _r[order]
    columns = _TIE if order == "key" else (column, *_TIE)
    rows = select(*_SHOWN, *([] if order == "key" else [column])).where(*_READABLE, _THERE, condition_of(shape))
    if order != "key":
        rows = rows.where(column.is_not(None))
    if after:
        place = tuple_(*(bindparam(f"after_{one.name}", type_=one.type) for one in columns))
        rows = rows.where(tuple_(*columns) < place if descending else tuple_(*columns) > place)
    return Query(rows.order_by(*((one.desc() if descending else one) for one in columns)).limit(_LIMIT))


@lru_cache(maxsize=1_000)
def count(shape: Shape) -> Query[Any]:
    """How many records a filter lets through."""
    return Query(select(func.count()).select_from(records).where(*_READABLE, _THERE, condition_of(shape)))


@lru_cache(maxsize=1_000)
def groups(shape: Shape, *, column: str | None, kind: str | None) -> Query[Any]:
    """How many records have each value, the most first: of an indexed column, or of one kind at the path `by`."""
    value = _r[column] if column is not None else value_at_path("by", kind)
    many = func.count().label("many")
    rows = select(value.label("value"), many).where(*_READABLE, _THERE, condition_of(shape), value.is_not(None))
    return Query(rows.group_by(value).order_by(many.desc(), value).limit(_LIMIT))


@lru_cache(maxsize=1_000)
def among(shape: Shape) -> Query[Any]:
    """Those of some records, by id, that a filter lets through."""
    rows = select(*_SHOWN, _r.id).where(*_LISTED, _THERE)
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
_WEIGHED = (
    _r.key,
    _r.level,
    _r.weight,
    cast(_r.data, Text()),
    _r.version,
    _r.created_at,
    _r.updated_at,
    _r.expires_at,
)
weighed = Query(
    select(*_WEIGHED)
    .where(
        *_READABLE,
        _THERE,
        _r.weight.is_not(None),
        tuple_(_r.key, _r.level) > tuple_(bindparam("after_key", type_=Plain), bindparam("after_level", type_=Plain)),
    )
    .order_by(*_TIE)
    .limit(_LIMIT)
)
"""A set's records with their weights, one lot after the other."""
weighed_since = Query(
    select(*_WEIGHED).where(*_READABLE, _r.change > bindparam("change", type_=BigInteger()), _r.weight.is_not(None))
)
"""Those that changed after a change. Served by ix_records_change."""
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

# -- what expired ------------------------------------------------------------------------------------------------------

sets_with_expired = Query(
    select(_s.tenant_id, _s.name)
    .where(exists().where(_r.tenant_id == _s.tenant_id, _r.set_id == _s.id, _r.expires_at <= _NOW))
    .order_by(_s.tenant_id, _s.name),
    operator=True,
)
expired = Query(select(_r.id, _r.key).where(*_READABLE, _r.expires_at <= _NOW).order_by(_r.expires_at).limit(_LIMIT))

stored_shown = Query(select(*_SHOWN, _r.id).where(*_READABLE, _r.key == _KEY, _r.level == _LEVEL))
