"""Every statement on vectors, each named by what it is for."""

from sqlalchemy import ColumnElement, Exists, Integer, Select, bindparam, delete, exists, func, insert, select, update
from sqlalchemy.sql.dml import Delete
from sqlalchemy.types import Text

from holdfast.core.database import TENANT, Query
from holdfast.core.database.constructs import one_at_a_time
from holdfast.core.database.types import Id
from holdfast.core.database.vector_search import (
    Code,
    Vector,
    any_of,
    insert_or_replace,
    nearest_vectors,
    numbers,
    similarity,
)
from holdfast.core.vectors.models import Found, VectorIndex
from holdfast.core.vectors.tables import vector_indexes, vectors

_i, _v = vector_indexes.c, vectors.c
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
        },
    )
)


def _items() -> tuple[ColumnElement[bool], ...]:
    return (_v.tenant_id == TENANT, any_of(_v.item_id, "item_ids"))


remove = Query(delete(vectors).where(*_items()))
"""From every index. Served by the primary key, like the next two."""

move = Query(update(vectors).values(level=bindparam("new_level", type_=Text)).where(*_items()))

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
    """Served by ix_vectors_codes."""
    rows = select(_v.item_id).where(_v.tenant_id == TENANT, _v.index_id == _INDEX)
    return rows.limit(bindparam(most, type_=Integer))


def _lot() -> Delete:
    return delete(vectors).where(_v.tenant_id == TENANT, _v.index_id == _INDEX, _v.item_id.in_(_some("most")))


delete_lot = Query(_lot())

count = Query(select(func.count()).select_from(vectors).where(_v.tenant_id == TENANT, _v.index_id == _INDEX))


def has_vector(item: ColumnElement[object], index: str = "vector_index_id") -> Exists:
    """A condition for other rooms' queries: whether `item` has a vector in the index of the parameter `index`."""
    held = (_v.tenant_id == TENANT, _v.item_id == item, _v.index_id == bindparam(index, type_=Id))
    return exists().where(*held)


# -- the nearest -------------------------------------------------------------------------------------------------------


def _nearest(*, owned: bool) -> Query[Found]:
    found = nearest_vectors(owned=owned).found()
    return Query(select(found.c.item_id, found.c.similarity), Found)


nearest = _nearest(owned=False)
"""Served by ix_vectors_codes, like the next."""
nearest_of_owner = _nearest(owned=True)

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
