"""Every statement about tenants, people and workspaces; credentials and preferences have files of their own."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import BindParameter, bindparam, delete, exists, insert, select, update

from holdfast.core.database import ACTOR, TENANT, Query
from holdfast.core.database.constructs import one_at_a_time
from holdfast.core.database.types import Id, Time
from holdfast.core.scope import Role
from holdfast.domains.identity.models import Assignment, Member, Status, Tenant, User, Workspace
from holdfast.domains.identity.tables import memberships, tenants, users, workspace_members, workspaces

_t, _u, _m, _w, _a = tenants.c, users.c, memberships.c, workspaces.c, workspace_members.c
IN = bindparam("in_tenant", type_=Id)
"""The tenant an operator's statement is about; a tenant's own statements take the scope's."""
OF_USER = bindparam("of_user", type_=Id)
_WORKSPACE_ID = bindparam("workspace_id", type_=Id)
_EMAIL: BindParameter[str] = bindparam("email")

wait_for_turn = Query(select(one_at_a_time("turn")), operator=True)
"""One creation of a name at a time, so that a check that it is free holds."""

_TENANT = (_t.id, _t.slug, _t.name, _t.settings, _t.created_at, _t.status)

tenant_by_slug = Query(select(*_TENANT).where(_t.slug == bindparam("slug")), Tenant, operator=True)

tenant_by_id = Query(select(*_TENANT).where(_t.id == IN), Tenant, operator=True)

own_tenant = Query(select(_t.id).where(_t.id == TENANT, _t.slug == bindparam("slug")))

every_tenant = Query(select(*_TENANT).order_by(_t.slug), Tenant, operator=True)

insert_tenant = Query(insert(tenants), operator=True)

set_settings = Query(
    update(tenants).where(_t.id == IN).values(settings=bindparam("new_settings", type_=_t.settings.type)),
    operator=True,
)

set_tenant_status = Query(
    update(tenants).where(_t.id == IN).values(status=bindparam("new_status")),
    operator=True,
)

set_profile = Query(
    update(tenants).where(_t.id == IN).values(profile=bindparam("new_profile", type_=_t.profile.type)),
    operator=True,
)

profile_by_slug = Query(
    select(_t.slug, _t.name, _t.status, _t.profile).where(_t.slug == bindparam("slug")), operator=True
)

_USER = (_u.id, _u.email, _u.created_at, _u.platform_role)

user_by_email = Query(select(*_USER).where(_u.email == _EMAIL), User, operator=True)

platform_users = Query(select(*_USER).where(_u.platform_role != "user").order_by(_u.email), User, operator=True)

insert_user = Query(insert(users), operator=True)

set_platform_role = Query(
    update(users).where(_u.id == OF_USER).values(platform_role=bindparam("new_role")),
    operator=True,
)

_MEMBER = (_u.id.label("user_id"), _u.email, _m.name, _m.role, _m.created_at, _m.status, _m.clearance)

_members = select(*_MEMBER).join(memberships, _m.user_id == _u.id)

member_by_email = Query(_members.where(_m.tenant_id == IN, _u.email == _EMAIL), Member, operator=True)

member_by_id = Query(_members.where(_m.tenant_id == IN, _m.user_id == OF_USER), Member, operator=True)


@dataclass(frozen=True, kw_only=True)
class Standing:
    """Whether a member is let in, and as what."""

    user_id: UUID
    role: Role
    status: Status
    tenant_status: Status
    clearance: str


_standings = (
    select(_m.user_id, _m.role, _m.status, _t.status.label("tenant_status"), _m.clearance)
    .select_from(users)
    .join(memberships, _m.user_id == _u.id)
    .join(tenants, _t.id == _m.tenant_id)
    .where(_m.tenant_id == IN)
)

member_standing = Query(_standings.where(_u.email == _EMAIL), Standing, operator=True)

member_standing_by_id = Query(_standings.where(_m.user_id == OF_USER), Standing, operator=True)

insert_membership = Query(insert(memberships), operator=True)

set_role = Query(
    update(memberships).where(_m.tenant_id == IN, _m.user_id == OF_USER).values(role=bindparam("new_role")),
    operator=True,
)

set_status = Query(
    update(memberships).where(_m.tenant_id == IN, _m.user_id == OF_USER).values(status=bindparam("new_status")),
    operator=True,
)

set_clearance = Query(
    update(memberships).where(_m.tenant_id == IN, _m.user_id == OF_USER).values(clearance=bindparam("new_clearance")),
    operator=True,
)

_people = _members.where(_m.role != "visitor").order_by(_u.email)

members = Query(_people.where(_m.tenant_id == TENANT), Member)

members_in = Query(_people.where(_m.tenant_id == IN), Member, operator=True)

_WORKSPACE = (_w.id, _w.name, _w.created_at, _w.archived_at)

insert_workspace = Query(insert(workspaces), operator=True)

_workspace_in = select(*_WORKSPACE).where(_w.tenant_id == IN, _w.deleted_at.is_(None))

workspace_by_name = Query(_workspace_in.where(_w.name == bindparam("name")), Workspace, operator=True)

workspace_in = Query(_workspace_in.where(_w.id == _WORKSPACE_ID), Workspace, operator=True)

_workspaces_in = _workspace_in.order_by(_w.name)

workspaces_in = Query(_workspaces_in.where(_w.archived_at.is_(None)), Workspace, operator=True)

archived_workspaces_in = Query(_workspaces_in.where(_w.archived_at.is_not(None)), Workspace, operator=True)

_somebodys = exists().where(_a.tenant_id == TENANT, _w.tenant_id == _a.tenant_id, _a.workspace_id == _w.id)
_mine = _somebodys.where(_a.user_id == ACTOR)
_open = ~_somebodys | _mine
"""A workspace that nobody is assigned to is open to all; otherwise to those who are."""

_workspaces = select(*_WORKSPACE).where(_w.tenant_id == TENANT, _w.deleted_at.is_(None))

every_workspace = Query(_workspaces.where(_w.archived_at.is_(None)).order_by(_w.name), Workspace)

every_archived_workspace = Query(_workspaces.where(_w.archived_at.is_not(None)).order_by(_w.name), Workspace)

open_workspaces = Query(_workspaces.where(_w.archived_at.is_(None), _open).order_by(_w.name), Workspace)

open_archived_workspaces = Query(_workspaces.where(_w.archived_at.is_not(None), _open).order_by(_w.name), Workspace)

workspace = Query(_workspaces.where(_w.id == _WORKSPACE_ID), Workspace)

open_workspace = Query(_workspaces.where(_w.id == _WORKSPACE_ID, _open), Workspace)

my_assignment = Query(
    select(_a.role).where(_a.tenant_id == TENANT, _a.workspace_id == _WORKSPACE_ID, _a.user_id == ACTOR)
)

set_archived = Query(
    update(workspaces)
    .where(_w.tenant_id == IN, _w.id == _WORKSPACE_ID)
    .values(archived_at=bindparam("moment", type_=Time)),
    operator=True,
)

set_deleted = Query(
    update(workspaces)
    .where(_w.tenant_id == IN, _w.id == _WORKSPACE_ID)
    .values(deleted_at=bindparam("moment", type_=Time)),
    operator=True,
)

_ASSIGNMENT = (_a.workspace_id, _a.user_id, _u.email, _a.role, _a.created_at)

assignments_in = Query(
    select(*_ASSIGNMENT)
    .join(users, _u.id == _a.user_id)
    .where(_a.tenant_id == IN, _a.workspace_id == _WORKSPACE_ID)
    .order_by(_u.email),
    Assignment,
    operator=True,
)

insert_assignment = Query(insert(workspace_members), operator=True)

delete_assignment = Query(
    delete(workspace_members).where(_a.tenant_id == IN, _a.workspace_id == _WORKSPACE_ID, _a.user_id == OF_USER),
    operator=True,
)
