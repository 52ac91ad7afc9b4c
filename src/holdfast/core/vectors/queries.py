"""Every statement on vectors, each named by what it is for."""

from typing import Any

from sqlalchemy import (
    Boolean,
    Column,
    ColumnElement,
    Integer,
    Select,
    and_,
    bindparam,
    case,
    delete,
    exists,
    func,
    insert,
    not_,
    null,
    or_,
    select,
    type_coerce,
    update,
)
from sqlalchemy.sql.dml import Delete
from sqlalchemy.types import NullType, Text

from holdfast.core.database import TENANT, Query
from holdfast.core.database.constructs import one_at_a_time
from holdfast.core.database.types import Id, Time
from holdfast.core.database.vector_search import (
    Code,
    Vector,
    any_of,
    insert_or_replace,
    nearest_vectors,
    numbers,
    rowid,
    similarity,
)
from holdfast.core.vectors.models import Found, VectorIndex
from holdfast.core.vectors.tables import outside_vectors, vector_indexes, vectors

_i, _v, _o = vector_indexes.c, vectors.c, outside_vectors.c
_INDEX = bindparam("index_id", type_=Id)
_VECTOR = bindparam("vector", type_=Vector)
_K = bindparam("k", type_=Integer)

# -- indexes -----------------------------------------------------------------------------------------------------------

_OF_INDEX = (_i.tenant_id == TENANT, _i.id == _INDEX)
_FIELDS = [_i[name] for name in VectorIndex.__dataclass_fields__]

add_index = Query(
    insert(vector_indexes).values(
        tenant_id=TENANT, **{name: bindparam(name, type_=_i[name].type) for name in VectorIndex.__dataclass_fields__}
    )
)

_of = select(*_FIELDS).where(_i.tenant_id == TENANT, _i.purpose == bindparam("purpose", type_=Text)).order_by(_i.id)
_about = _i.about == bindparam("about", type_=Id)

indexes_of_purpose = Query(_of, VectorIndex)
indexes_about = Query(_of.where(_about), VectorIndex)
active_index = Query(_of.where(_about, _i.state == "active"), VectorIndex)
"""These are served by ix_vector_indexes_of."""

known_dimension = Query(
    select(_i.dimension)
    .where(
        _i.tenant_id == TENANT,
        _i.purpose == bindparam("purpose", type_=Text),
        _i.embedder == bindparam("embedder", type_=Text),
    )
    .limit(1)
)

index_alone = Query(select(*_FIELDS).where(*_OF_INDEX).with_for_update(), VectorIndex)
"""Until this transaction ends, nobody else stores into it, changes or drops it."""

index_shared = Query(select(*_FIELDS).where(*_OF_INDEX).with_for_update(read=True, key_share=True), VectorIndex)
"""Until this transaction ends it is not dropped."""

wait_for_turn = Query(select(one_at_a_time("turn")))
"""One change of what is active at a time."""

retire_active = Query(
    update(vector_indexes)
    .values(state="retired")
    .where(
        _i.tenant_id == TENANT,
        _i.purpose == bindparam("of_purpose", type_=Text),
        _i.about == bindparam("of_about", type_=Id),
        _i.state == "active",
    )
)

set_state = Query(update(vector_indexes).values(state=bindparam("new_state", type_=Text)).where(*_OF_INDEX))

delete_index = Query(delete(vector_indexes).where(*_OF_INDEX))

# -- vectors -----------------------------------------------------------------------------------------------------------

store = Query(
    insert_or_replace(
        vectors,
        {
            "tenant_id": TENANT,
            "item_id": bindparam("item_id", type_=Id),
            "index_id": _INDEX,
            "level": bindparam("level", type_=Text),
            "owner_id": bindparam("owner_id", type_=Id),
            "code": bindparam("code", type_=Code),
            "embedding": _VECTOR,
            "cell": null(),
        },
    )
)


def _items() -> tuple[ColumnElement[bool], ...]:
    return (_v.tenant_id == TENANT, any_of(_v.item_id, "item_ids"))


remove = Query(delete(vectors).where(*_items()))
"""From every index. Served by the primary key, like the next two."""

move = Query(update(vectors).values(level=bindparam("new_level", type_=Text), cell=null()).where(*_items()))
"""Without a cell: whoever holds codes in memory takes it for what it was (held.py)."""

stored_of = Query(select(_v.item_id).where(*_items(), _v.index_id == _INDEX))


of_item = Query(
    select(numbers(_v.embedding)).where(
        _v.tenant_id == TENANT,
        _v.index_id == _INDEX,
        _v.item_id == bindparam("item_id", type_=Id),
        any_of(_v.level, "at_levels"),
    )
)

# -- all of something, as the operator ---------------------------------------------------------------------------------

_OF_ABOUT = (
    _i.tenant_id == bindparam("in_tenant", type_=Id),
    _i.purpose == bindparam("purpose", type_=Text),
    _i.about == bindparam("about", type_=Id),
)
delete_about = Query(
    delete(vectors).where(
        _v.tenant_id == bindparam("in_tenant", type_=Id), _v.index_id.in_(select(_i.id).where(*_OF_ABOUT))
    ),
    operator=True,
)
delete_indexes_about = Query(delete(vector_indexes).where(*_OF_ABOUT), operator=True)


def _some(most: str) -> Select[tuple[object]]:
    """Served by ix_vectors_codes, on SQLite by ix_vectors_cells."""
    rows = select(_v.item_id).where(_v.tenant_id == TENANT, _v.index_id == _INDEX)
    return rows.limit(bindparam(most, type_=Integer))


def _lot() -> Delete:
    return delete(vectors).where(_v.tenant_id == TENANT, _v.index_id == _INDEX, _v.item_id.in_(_some("most")))


delete_lot = Query(_lot())

count = Query(select(func.count()).select_from(vectors).where(_v.tenant_id == TENANT, _v.index_id == _INDEX))


def has_vector(item: Column[Any], index: str = "vector_index_id") -> ColumnElement[bool]:
    """A condition for other rooms' queries: whether the row of `item` has a vector in the index of the parameter
    `index`, here or outside.
    """
    of, wanted = item.table, bindparam(index, type_=Id)
    held = (of.c.tenant_id == TENANT, _v.tenant_id == TENANT, _v.item_id == item, _v.index_id == wanted)
    outside = (of.c.tenant_id == TENANT, _o.tenant_id == TENANT, _o.item_id == item, _o.index_id == wanted)
    return or_(exists().where(*held).correlate(of), exists().where(*outside, _o.state == "kept").correlate(of))


# -- the nearest -------------------------------------------------------------------------------------------------------


def _nearest(*, owned: bool, held: bool = False) -> Query[Found]:
    found = nearest_vectors(owned=owned, held=held).found()
    return Query(select(found.c.item_id, found.c.similarity), Found)


nearest = _nearest(owned=False)
"""Served by ix_vectors_codes, on SQLite by ix_vectors_cells, like the next."""
nearest_of_owner = _nearest(owned=True)


nearest_held = _nearest(owned=False, held=True)
"""Of rows named by `likely`, and of what is in no cell; rows served by rowid, the rest by ix_vectors_cells."""
nearest_held_of_owner = _nearest(owned=True, held=True)

cells_epoch = Query(select(_i.cells_epoch).where(*_OF_INDEX))

codes_of_cell = Query(
    select(rowid(vectors), _v.level, type_coerce(_v.owner_id, NullType), _v.code).where(
        _v.tenant_id == TENANT,
        _v.index_id == _INDEX,
        any_of(_v.level, "at_levels"),
        _v.cell == bindparam("cell", type_=Integer),
    )
)
"""Whosever they are and at every level, as they lie in the file. Served by ix_vectors_cells."""

_SIMILARITY = similarity(_v.embedding, _VECTOR).label("similarity")
_within = (
    select(_v.item_id, _SIMILARITY)
    .where(*_items(), _v.index_id == _INDEX, any_of(_v.level, "at_levels"))
    .order_by(_SIMILARITY.desc(), _v.item_id)
    .limit(_K)
)

nearest_within = Query(_within, Found)
"""Served by the primary key, like the next."""
nearest_within_of_owner = Query(_within.where(any_of(_v.owner_id, "owners")), Found)

# -- what outside indexes keep -----------------------------------------------------------------------------------------


def _noted(state: str) -> Query[Any]:
    return Query(
        insert_or_replace(
            outside_vectors,
            {
                "tenant_id": TENANT,
                "index_id": _INDEX,
                "item_id": bindparam("item_id", type_=Id),
                "place": bindparam("place", type_=Text),
                "state": state,
                "noted_at": bindparam("moment", type_=Time),
            },
        )
    )


note_outside = _noted("sending")
unwanted_outside = _noted("doubtful")

_OUTSIDE = (_o.tenant_id == TENANT, any_of(_o.item_id, "item_ids"))
_OF_OUTSIDE = (*_OUTSIDE, _o.index_id == _INDEX)

sent_outside = Query(update(outside_vectors).values(state="kept").where(*_OF_OUTSIDE, _o.state == "sending"))
kept_outside = Query(select(_o.item_id).where(*_OF_OUTSIDE, _o.state == "kept"))

_LEFT = case((or_(_o.state == "sending", _o.state == "doubtful"), "doubtful"), else_="removing")
leave_outside = Query(update(outside_vectors).values(state=_LEFT).where(*_OUTSIDE))
"""What it was of is gone. Served by ix_outside_vectors_item."""
leave_outside_index = Query(
    update(outside_vectors).values(state=_LEFT).where(_o.tenant_id == TENANT, _o.index_id == _INDEX)
)
leave_outside_about = Query(
    update(outside_vectors)
    .values(state=_LEFT)
    .where(_o.tenant_id == bindparam("in_tenant", type_=Id), _o.index_id.in_(select(_i.id).where(*_OF_ABOUT))),
    operator=True,
)

leave_outside_tenant = Query(
    update(outside_vectors).values(state=_LEFT).where(_o.tenant_id == bindparam("in_tenant", type_=Id)), operator=True
)

_IN_TENANT = _o.tenant_id == bindparam("in_tenant", type_=Id)
_GONE = or_(_o.state == "removing", _o.state == "doubtful")
_ASKED = (or_(bindparam("every", type_=Boolean), _IN_TENANT), _GONE)

outside_to_clear = Query(
    select(_o.tenant_id, _o.place, _o.index_id).where(*_ASKED).distinct().limit(bindparam("most", type_=Integer)),
    operator=True,
)
count_left_outside = Query(select(func.count()).select_from(outside_vectors).where(*_ASKED), operator=True)

_OF_LOT = (_IN_TENANT, _o.index_id == _INDEX, _o.place == bindparam("place", type_=Text), _GONE)
lot_to_clear = Query(
    select(_o.item_id, _o.state).where(*_OF_LOT).order_by(_o.item_id).limit(bindparam("most", type_=Integer)),
    operator=True,
)
cleared_outside = Query(
    delete(outside_vectors).where(
        *_OF_LOT,
        any_of(_o.item_id, "item_ids"),
        not_(and_(_o.state == "doubtful", _o.noted_at > bindparam("late", type_=Time))),
    ),
    operator=True,
)
index_lives = Query(
    select(_i.id).where(_i.tenant_id == bindparam("in_tenant", type_=Id), _i.id == _INDEX), operator=True
)
