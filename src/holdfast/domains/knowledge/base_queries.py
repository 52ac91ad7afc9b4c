"""Every statement on bases, each named by what it is for."""

from typing import Any

from sqlalchemy import bindparam, delete, exists, insert, or_, select, update
from sqlalchemy.types import Text

from holdfast.core.database import ACTOR, REACH, TENANT, Query
from holdfast.core.database.constructs import one_at_a_time
from holdfast.core.database.types import Id, Json, Time
from holdfast.domains.identity.tables import workspace_members
from holdfast.domains.knowledge.models import KnowledgeBase
from holdfast.domains.knowledge.tables import chunks, documents, knowledge_bases

_a, _b = workspace_members.c, knowledge_bases.c
BASE = bindparam("base_id", type_=Id)
MOMENT = bindparam("moment", type_=Time)


def columns(table: Any, into: Any) -> list[Any]:
    """The columns of a table that a model has fields for."""
    return [table[name] for name in into.__dataclass_fields__ if name in table]


def insert_all(table: Any) -> Query[Any]:
    """An INSERT of every column."""
    given = {c.name: bindparam(c.name, type_=c.type) for c in table.c if c.name != "tenant_id"}
    return Query(insert(table).values(tenant_id=TENANT, **given))


wait_for_turn = Query(select(one_at_a_time("turn")))

_assigned = (
    exists()
    .where(_a.tenant_id == TENANT, _b.tenant_id == TENANT, _a.workspace_id == _b.workspace_id)
    .correlate(knowledge_bases)
)
OPEN = or_(_b.workspace_id.is_(None), REACH == "tenant", ~_assigned, _assigned.where(_a.user_id == ACTOR))
"""In no workspace, or in one that is open to the actor: nobody is assigned to it, or the actor is."""

_bases = select(*columns(_b, KnowledgeBase)).where(_b.tenant_id == TENANT, OPEN)

bases = Query(_bases.order_by(_b.name, _b.id), KnowledgeBase)
base = Query(_bases.where(_b.id == BASE), KnowledgeBase)
base_by_name = Query(_bases.where(_b.name == bindparam("name", type_=Text())), KnowledgeBase)


def _held(**how: Any) -> tuple[Query[KnowledgeBase], Query[KnowledgeBase]]:
    """A base by id and by name, kept from others until the transaction ends."""
    by = (_b.id == BASE, _b.name == bindparam("name", type_=Text()))
    one, other = (Query(_bases.where(this).with_for_update(of=knowledge_bases, **how), KnowledgeBase) for this in by)
    return one, other


base_shared, base_shared_by_name = _held(read=True, key_share=True)
"""Others change what is in it too, and until the transaction ends nobody deletes it."""
base_alone, base_alone_by_name = _held()
"""Nobody else changes it or what is in it; who does already is waited for."""
insert_base = insert_all(knowledge_bases)
edit_base = Query(
    update(knowledge_bases)
    .where(_b.tenant_id == TENANT, _b.id == BASE)
    .values(
        name=bindparam("new_name", type_=Text()),
        description=bindparam("new_description", type_=Text()),
        clearance=bindparam("new_clearance", type_=Text()),
        metadata=bindparam("new_metadata", type_=Json),
        updated_at=MOMENT,
    )
)
name_taken = Query(select(_b.id).where(_b.tenant_id == TENANT, _b.name == bindparam("name", type_=Text())))
delete_base = Query(delete(knowledge_bases).where(_b.tenant_id == TENANT, _b.id == BASE))
set_embedder = Query(
    update(knowledge_bases)
    .where(_b.tenant_id == TENANT, _b.id == BASE)
    .values(embedder=bindparam("new_embedder", type_=Text()), updated_at=MOMENT)
)

# -- a workspace that is deleted, as the operator ----------------------------------------------------------------------

_IN = bindparam("in_tenant", type_=Id)
bases_in_workspace = Query(
    select(_b.id)
    .where(_b.tenant_id == _IN, _b.workspace_id == bindparam("of_workspace", type_=Id))
    .order_by(_b.id)
    .with_for_update(),
    operator=True,
)
"""Whoever is changing what is in them is waited for."""
purge_base = tuple(
    Query(delete(table).where(table.c.tenant_id == _IN, column == BASE), operator=True)
    for table, column in ((chunks, chunks.c.base_id), (documents, documents.c.base_id), (knowledge_bases, _b.id))
)
