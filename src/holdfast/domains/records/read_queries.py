"""What is read of sets by anybody, each named by what it is for: of the tenant's own, and of those shared with it.

The same statements are made twice. `own` are held to the tenant; `shared` to a grant of another tenant's, by the one
construct that the guard takes for it. Each asks for the level: of a shared set one is read that the reader holds and
that was granted.
"""

from functools import lru_cache
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Integer, and_, bindparam, cast, func, or_, select, tuple_
from sqlalchemy.types import Text

from holdfast.core.database import LEVELS, TENANT, Query
from holdfast.core.database.grants import granted
from holdfast.core.database.json_paths import Plain
from holdfast.core.database.text_match import is_within
from holdfast.core.database.types import Id
from holdfast.domains.records.conditions import Shape, condition_of, value_at_path
from holdfast.domains.records.queries import SHOWN, THERE
from holdfast.domains.records.tables import record_changes, record_grants, record_sets, records

_r, _c, _g = records.c, record_changes.c, record_grants.c
_SET = bindparam("set_id", type_=Id)
_LIMIT = bindparam("limit", type_=Integer)
_TIE = (_r.key, _r.level)
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
_Conditions = tuple[ColumnElement[bool], ...]


class Reads:
    """The statements; `readable`: what holds records, `counted`: what holds the counts of a set's changes."""

    def __init__(self, readable: _Conditions, counted: _Conditions) -> None:
        self._readable = readable
        self.changes = Query(select(_c.changes, _c.removals).where(*counted))
        last = (_r.key == bindparam("key", type_=Plain), THERE)
        self.record = Query(select(*SHOWN).where(*readable, *last).order_by(_r.level.desc()).limit(1))
        after = tuple_(bindparam("after_key", type_=Plain), bindparam("after_level", type_=Plain))
        weighed = select(*_WEIGHED).where(*readable, _r.weight.is_not(None))
        self.weighed = Query(weighed.where(THERE, tuple_(*_TIE) > after).order_by(*_TIE).limit(_LIMIT))
        """A set's records with their weights, one lot after the other."""
        self.weighed_since = Query(weighed.where(_r.change > bindparam("change", type_=BigInteger())))
        """Those that changed after a change. Served by ix_records_change."""
        self.page = lru_cache(maxsize=1_000)(self._page)
        self.count = lru_cache(maxsize=1_000)(self._count)
        self.groups = lru_cache(maxsize=1_000)(self._groups)

    def _page(self, shape: Shape, *, order: str, descending: bool, after: bool) -> Query[Any]:
        """Records that a filter lets through, in the order of a column.

        Served by the primary key or the index of the column.
        """
        column = _r[order]
        columns = _TIE if order == "key" else (column, *_TIE)
        found = select(*SHOWN, *([] if order == "key" else [column]))
        rows = found.where(*self._readable, THERE, condition_of(shape))
        if order != "key":
            rows = rows.where(column.is_not(None))
        if after:
            place = tuple_(*(bindparam(f"after_{one.name}", type_=one.type) for one in columns))
            rows = rows.where(tuple_(*columns) < place if descending else tuple_(*columns) > place)
        return Query(rows.order_by(*((one.desc() if descending else one) for one in columns)).limit(_LIMIT))

    def _count(self, shape: Shape) -> Query[Any]:
        """How many records a filter lets through."""
        rows = select(func.count()).select_from(records)
        return Query(rows.where(*self._readable, THERE, condition_of(shape)))

    def _groups(self, shape: Shape, *, column: str | None, kind: str | None) -> Query[Any]:
        """How many records have each value, the most first: of an indexed column, or of one kind at the path `by`."""
        value = _r[column] if column is not None else value_at_path("by", kind)
        many = func.count().label("many")
        rows = select(value.label("value"), many)
        rows = rows.where(*self._readable, THERE, condition_of(shape), value.is_not(None))
        return Query(rows.group_by(value).order_by(many.desc(), value).limit(_LIMIT))


own = Reads(
    (_r.tenant_id == TENANT, _r.set_id == _SET, or_(_r.level == "", is_within(_r.level, LEVELS))),
    (_c.tenant_id == TENANT, _c.set_id == _SET),
)

# -- what other tenants share ------------------------------------------------------------------------------------------

_OWNER = bindparam("owner_id", type_=Id)
_LEVEL = or_(_r.level == "", and_(is_within(_r.level, LEVELS), is_within(_r.level, _g.at_levels)))
shared = Reads(
    (
        granted(records, record_grants, by="set_id", to="set_id", also=_LEVEL),
        _r.tenant_id == _OWNER,
        _r.set_id == _SET,
    ),
    (
        granted(record_changes, record_grants, by="set_id", to="set_id", also=_g.set_id == _SET),
        _c.tenant_id == _OWNER,
    ),
)

_s = record_sets.c
_SHARED = [column for column in _s if column.name not in ("tenant_id", "created_by")]
SHARED_COLUMNS = (*(column.name for column in _SHARED), "owner_id", "owner", "levels", "read_at", "reader")
_shared = select(*_SHARED, _g.tenant_id, _g.owner, _g.at_levels, _g.read_at, _g.reader)
_to_us = granted(record_sets, record_grants, by="id", to="set_id", also=_g.owner != "")
shared_sets = Query(_shared.where(_to_us).order_by(_g.owner, _s.name))
shared_set = Query(
    _shared.where(_to_us, _g.owner == bindparam("owner", type_=Text()), _s.name == bindparam("name", type_=Text()))
)
