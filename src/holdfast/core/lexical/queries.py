"""Every statement of the text index."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    and_,
    bindparam,
    case,
    cast,
    delete,
    func,
    insert,
    literal_column,
    or_,
    select,
    true,
    update,
)
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.types import Text

from holdfast.core.database import ACTOR, LEVELS, REACH, TENANT, Params, Procedure, Query, Transaction
from holdfast.core.database.text_match import counts_of, is_listed, is_within, search_lexical
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

_PLACE = {
    "purpose": bindparam("purpose", type_=Text()),
    "about": bindparam("about", type_=Id),
    "level": bindparam("level", type_=Text()),
    "owner_id": bindparam("owner_id", type_=Id),
}
_COUNTS, _ALL = bindparam("counts", type_=Text()), bindparam("all", type_=Id)
_LENGTH = bindparam("length", type_=BigInteger())
_told = counts_of(_COUNTS).rows()
_new = upsert(lexical_counts).from_select(
    ["tenant_id", "word", "items", "length", *_PLACE],
    select(
        TENANT,
        _told.c.digest,
        _told.c.number,
        case((_told.c.digest == _ALL, _LENGTH), else_=0),
        *_PLACE.values(),
    ).where(true()),
)
_add_counts = Query(
    _new.on_conflict_do_update(
        index_elements=["tenant_id", "purpose", "about", "word", "level", "owner_id"],
        set_={"items": _n["items"] + _new.excluded["items"], "length": _n.length + _new.excluded.length},
    )
)
_forget_words = Query(
    delete(lexical_counts).where(
        _n.tenant_id == TENANT,
        *(_n[name] == place for name, place in _PLACE.items()),
        _n.word.in_(select(_told.c.digest).where(_told.c.number < 0)),
        _n["items"] <= 0,
    )
)


def _count(tx: Transaction, params: Params) -> Sequence[Any]:
    told = tx.run(_add_counts, params)
    tx.run(_forget_words, params)
    return (told,)


count_words = Procedure(
    name="count_lexical",
    query=Query(
        select(literal_column("told", BigInteger())).select_from(
            func.count_lexical(*_PLACE.values(), _COUNTS, _ALL, _LENGTH).table_valued("told")
        )
    ),
    steps=_count,
    result=lambda row, _params: int(row[0]),
)
"""Count the words of one place up or down, `counts`; `length` is that of its texts, counted for `all`, the digest of
no word. Words that no text has any longer go. One call, or two statements."""

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
