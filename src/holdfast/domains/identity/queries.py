"""Every statement of identity."""

from sqlalchemy import bindparam, insert, select, update

from holdfast.core.database import TENANT, Query
from holdfast.core.database.constructs import one_at_a_time
from holdfast.core.database.types import Id
from holdfast.domains.identity.models import Member, Tenant, User, Workspace
from holdfast.domains.identity.tables import memberships, tenants, users, workspaces

_t, _u, _m, _w = tenants.c, users.c, memberships.c, workspaces.c
_IN = bindparam("in_tenant", type_=Id)
"""The tenant an operator's statement is about; a tenant's own statements take the scope's."""

wait_for_turn = Query(select(one_at_a_time("turn")), operator=True)
"""One creation of a name at a time, so that a check that it is free holds."""

tenant_by_slug = Query(select(tenants).where(_t.slug == bindparam("slug")), Tenant, operator=True)

tenant_by_id = Query(select(tenants).where(_t.id == _IN), Tenant, operator=True)

every_tenant = Query(select(tenants).order_by(_t.slug), Tenant, operator=True)

insert_tenant = Query(insert(tenants), operator=True)

set_settings = Query(
    update(tenants).where(_t.id == _IN).values(settings=bindparam("new_settings", type_=_t.settings.type)),
    operator=True,
)

user_by_email = Query(select(users).where(_u.email == bindparam("email")), User, operator=True)

insert_user = Query(insert(users), operator=True)

_MEMBER = (_u.id.label("user_id"), _u.email, _m.name, _m.role, _m.created_at)

member_by_email = Query(
    select(*_MEMBER).join(memberships, _m.user_id == _u.id).where(_m.tenant_id == _IN, _u.email == bindparam("email")),
    Member,
    operator=True,
)

insert_membership = Query(insert(memberships), operator=True)

set_role = Query(
    update(memberships)
    .where(_m.tenant_id == _IN, _m.user_id == bindparam("of_user", type_=Id))
    .values(role=bindparam("new_role")),
    operator=True,
)

members = Query(
    select(*_MEMBER).join(memberships, _m.user_id == _u.id).where(_m.tenant_id == TENANT).order_by(_u.email), Member
)

_WORKSPACE = (_w.id, _w.name, _w.created_at)

insert_workspace = Query(insert(workspaces), operator=True)

workspace_by_name = Query(
    select(*_WORKSPACE).where(_w.tenant_id == _IN, _w.name == bindparam("name")), Workspace, operator=True
)

every_workspace = Query(select(*_WORKSPACE).where(_w.tenant_id == TENANT).order_by(_w.name), Workspace)

workspace = Query(
    select(*_WORKSPACE).where(_w.tenant_id == TENANT, _w.id == bindparam("workspace_id", type_=Id)), Workspace
)
