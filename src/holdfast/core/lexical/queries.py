"""Every statement of the text index."""

from typing import Any

from sqlalchemy import BigInteger, ColumnElement, and_, bindparam, cast, delete, func, insert, or_, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.types import Text

from holdfast.core.database import ACTOR, LEVELS, REACH, TENANT, Query
from holdfast.core.database.text_match import is_listed, is_within, search_lexical
from holdfast.core.database.types import Id
from holdfast.core.lexical.tables import lexical_counts, lexical_index
from holdfast.core.scope import NIL

_i, _n = lexical_index.c, lexical_counts.c
_NIL = bindparam("nil", value=NIL, type_=Id)
_IN = bindparam("in_tenant", type_=Id)


def _visible(table: Any) -> ColumnElement[bool]:
    """At a level of the scope's or at none; the actor's own or nobody's, or within an administrator's reach."""
    return and_(
        table.tenant_id == TENANT,
        or_(table.level == "", is_within(table.level, LEVELS)),
        or_(table.owner_id == _NIL, table.owner_id == ACTOR, REACH == "tenant"),
    )


insert_item = Query(
    insert(lexical_index).values(
        tenant_id=TENANT, **{c.name: bindparam(c.name, type_=c.type) for c in _i if c.name != "tenant_id"}
    )
)

items = Query(
    select(_i.item_id, _i.purpose, _i.about, _i.level, _i.owner_id, _i.length, _i.words).where(
        _visible(_i), _i.tenant_id == TENANT, is_listed(_i.item_id, "ids")
    )
)
"""By primary key."""

delete_items = Query(delete(lexical_index).where(_visible(_i), _i.tenant_id == TENANT, is_listed(_i.item_id, "ids")))

move_item = Query(
    update(lexical_index)
    .where(_visible(_i), _i.tenant_id == TENANT, _i.item_id == bindparam("item_id", type_=Id))
    .values(level=bindparam("new_level", type_=Text()), words=bindparam("new_words", type_=Text()))
)

_found = search_lexical().found()
matching = Query(select(_found.c.item_id, _found.c.words))

_new = upsert(lexical_counts).values(
    tenant_id=TENANT, **{c.name: bindparam(c.name, type_=c.type) for c in _n if c.name != "tenant_id"}
)
add_counts = Query(
    _new.on_conflict_do_update(
        index_elements=["tenant_id", "purpose", "about", "word", "level", "owner_id"],
        set_={"items": _n["items"] + _new.excluded["items"], "length": _n.length + _new.excluded.length},
    )
)

_OF_PLACE = (
    _n.purpose == bindparam("purpose", type_=Text()),
    _n.about == bindparam("about", type_=Id),
    _n.level == bindparam("level", type_=Text()),
    _n.owner_id == bindparam("owner_id", type_=Id),
)

forget_words = Query(
    delete(lexical_counts).where(
        _n.tenant_id == TENANT, *_OF_PLACE, _n.word == bindparam("word", type_=Id), _n["items"] <= 0
    )
)

_AT = (
    _visible(_n),
    _n.tenant_id == TENANT,
    _n.purpose == bindparam("purpose", type_=Text()),
    is_listed(_n.about, "abouts"),
)


def _sum(column: Any) -> ColumnElement[int]:
    """A whole number: PostgreSQL sums them to a decimal one."""
    return cast(func.sum(column), BigInteger)


counts = Query(
    select(_n.word, _sum(_n["items"]), _sum(_n.length)).where(*_AT, is_listed(_n.word, "words")).group_by(_n.word)
)
"""In how many texts that the scope may see each of `words` (digests) is. By primary key."""

delete_about = Query(
    delete(lexical_index).where(
        _i.tenant_id == _IN, _i.purpose == bindparam("purpose", type_=Text()), _i.about == bindparam("about", type_=Id)
    ),
    operator=True,
)
delete_counts_about = Query(
    delete(lexical_counts).where(
        _n.tenant_id == _IN, _n.purpose == bindparam("purpose", type_=Text()), _n.about == bindparam("about", type_=Id)
    ),
    operator=True,
)
