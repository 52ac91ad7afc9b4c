"""Every statement of connections, each named by what it is for."""

from functools import lru_cache
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Integer,
    Select,
    and_,
    bindparam,
    case,
    exists,
    func,
    insert,
    literal,
    null,
    or_,
    select,
    tuple_,
    update,
)
from sqlalchemy.types import Text

from holdfast.core.database import ACTOR, REACH, TENANT, Query
from holdfast.core.database.constructs import one_at_a_time
from holdfast.core.database.types import Id, Json, Time
from holdfast.domains.connections.models import Connection, Held, Revocation, Snapshot
from holdfast.domains.connections.platforms import PLATFORMS
from holdfast.domains.connections.tables import connections, metric_snapshots, revocations
from holdfast.domains.identity.tables import workspace_members

_c, _r, _s, _a = connections.c, revocations.c, metric_snapshots.c, workspace_members.c
_IN = bindparam("in_tenant", type_=Id)
"""The tenant an operator's statement is about; a tenant's own statements take the scope's."""
_WORKSPACE = bindparam("workspace_id", type_=Id)
_PLATFORM: BindParameter[str] = bindparam("platform")
_ID = bindparam("id", type_=Id)
_VERSION = bindparam("seen_version", type_=Integer)
_MOMENT = bindparam("moment", type_=Time)
_LEASE = bindparam("lease", type_=Id)

_REFRESHABLE = and_(_c.refresh_token.is_not(None), _c.status != "revoked").label("refreshable")
_EXPIRED = and_(_c.status == "active", _c.refresh_token.is_(None), _c.expires_at <= _MOMENT)
_STATUS = case((_EXPIRED, "expired"), else_=_c.status).label("status")
"""As it is at the moment: a token that nothing renews expires without anybody writing it down."""
_CONNECTION = [
    *(_c[name] for name in Connection.__dataclass_fields__ if name not in ("refreshable", "status")),
    _REFRESHABLE,
    _STATUS,
]
_HELD = [
    *(_c[name] for name in Held.__dataclass_fields__ if name not in ("refreshable", "refresh_token")),
    _REFRESHABLE,
]

wait_for_turn = Query(select(one_at_a_time("turn")))
"""One change of a workspace's connection to a platform at a time."""

# -- connections -------------------------------------------------------------------------------------------------------

_OF = (_c.tenant_id == TENANT, _c.workspace_id == _WORKSPACE, _c.platform == _PLATFORM)


_assigned = (
    exists()
    .where(_a.tenant_id == TENANT, _c.tenant_id == TENANT, _a.workspace_id == _c.workspace_id)
    .correlate(connections)
)
_WITHIN_REACH = or_(REACH == "tenant", ~_assigned, _assigned.where(_a.user_id == ACTOR))
"""In a workspace that is open to the actor: nobody is assigned to it, or the actor is."""


def _newest(rows: Select[Any]) -> Select[Any]:
    """The live one, or else the last that was revoked: ids grow with time, and a live one is the newest."""
    return rows.where(*_OF).order_by(_c.id.desc()).limit(1)


connection = Query(_newest(select(*_CONNECTION)), Connection)
"""Served by ix_connections_listed."""

held = Query(_newest(select(*_HELD)), Held)

api_key = Query(_newest(select(_c.id, _c.status, _c.api_key, _c.base_url)))

connection_by_id = Query(select(*_CONNECTION).where(_c.tenant_id == TENANT, _c.id == _ID), Connection)


@lru_cache(maxsize=16)
def page_of_connections(*, workspace: bool, platform: bool, status: bool, after: bool) -> Query[Connection]:
    """By workspace, platform and age. Served by ix_connections_listed."""
    rows = select(*_CONNECTION).where(_c.tenant_id == TENANT, _WITHIN_REACH)
    if workspace:
        rows = rows.where(_c.workspace_id == _WORKSPACE)
    if platform:
        rows = rows.where(_c.platform == _PLATFORM)
    rows = rows.where(_STATUS.element == bindparam("status") if status else _c.status != "revoked")
    order = tuple_(_c.workspace_id, _c.platform, _c.id)
    if after:
        place = (("after_workspace", Id()), ("after_platform", Text()), ("after_id", Id()))
        rows = rows.where(order > tuple_(*(bindparam(name, type_=kind) for name, kind in place)))
    return Query(rows.order_by(*order).limit(bindparam("limit", type_=Integer)), Connection)


insert_connection = Query(
    insert(connections).values(
        tenant_id=TENANT, **{c.name: bindparam(c.name, type_=c.type) for c in _c if c.name != "tenant_id"}
    )
)

replace_tokens = Query(
    update(connections)
    .where(_c.tenant_id == TENANT, _c.id == _ID, _c.status != "revoked")
    .values(
        account=bindparam("new_account", type_=Text()),
        base_url=bindparam("new_base_url", type_=Text()),
        metadata=bindparam("new_metadata", type_=Json),
        status="active",
        error=null(),
        access_token=bindparam("new_access_token", type_=_c.access_token.type),
        refresh_token=bindparam("new_refresh_token", type_=_c.refresh_token.type),
        api_key=bindparam("new_api_key", type_=_c.api_key.type),
        expires_at=bindparam("new_expires_at", type_=Time),
        version=_c.version + 1,
        failures=0,
        retry_at=null(),
        lease_by=null(),
        lease_until=null(),
        updated_at=_MOMENT,
        refreshed_at=null(),
    )
)

# -- renewing ----------------------------------------------------------------------------------------------------------

_AS_SEEN = (_c.tenant_id == TENANT, _c.id == _ID, _c.version == _VERSION, _c.status != "revoked")

take_lease = Query(
    update(connections)
    .where(*_AS_SEEN, _c.failures == bindparam("seen_failures", type_=Integer))
    .where(or_(_c.lease_until.is_(None), _c.lease_until <= _MOMENT))
    .values(lease_by=_LEASE, lease_until=bindparam("until", type_=Time))
)
"""One caller renews; whoever comes second finds the lease taken, the tokens changed, or a failure more."""

held_under_lease = Query(
    select(*_HELD, _c.refresh_token).where(_c.tenant_id == TENANT, _c.id == _ID, _c.lease_by == _LEASE), Held
)

store_renewed = Query(
    update(connections)
    .where(*_AS_SEEN)
    .values(
        status="active",
        error=null(),
        access_token=bindparam("new_access_token", type_=_c.access_token.type),
        refresh_token=bindparam("new_refresh_token", type_=_c.refresh_token.type),
        expires_at=bindparam("new_expires_at", type_=Time),
        version=_c.version + 1,
        failures=0,
        retry_at=null(),
        lease_by=null(),
        lease_until=null(),
        updated_at=_MOMENT,
        refreshed_at=_MOMENT,
    )
)
"""Asks for the version only, not for the lease: an answer that comes after the lease ran out is still the newest."""

store_late = Query(
    update(connections)
    .where(_c.tenant_id == TENANT, _c.id == _ID, _c.status == "revoked")
    .values(
        access_token=bindparam("new_access_token", type_=_c.access_token.type),
        refresh_token=bindparam("new_refresh_token", type_=_c.refresh_token.type),
        version=_c.version + 1,
    )
)
"""Tokens that came for a connection revoked meanwhile: kept only until the platform has revoked them."""

store_failure = Query(
    update(connections)
    .where(*_AS_SEEN, _c.lease_by == _LEASE)
    .values(
        status=bindparam("new_status"),
        error=bindparam("new_error"),
        failures=_c.failures + 1,
        retry_at=bindparam("new_retry_at", type_=Time),
        lease_by=null(),
        lease_until=null(),
        updated_at=_MOMENT,
    )
)

release_lease = Query(
    update(connections)
    .where(_c.tenant_id == TENANT, _c.id == _ID, _c.lease_by == _LEASE)
    .values(lease_by=null(), lease_until=null())
)

# -- revoking ----------------------------------------------------------------------------------------------------------

_HAS_TOKENS = or_(_c.access_token.is_not(None), _c.refresh_token.is_not(None))

_REVOKED = {"status": "revoked", "error": null(), "api_key": null(), "lease_by": null(), "lease_until": null()}
_REVOKED_NOW = {**_REVOKED, "version": _c.version + 1, "revoked_at": _MOMENT, "updated_at": _MOMENT}

revoke = Query(update(connections).where(*_OF, _c.status != "revoked").values(**_REVOKED_NOW))

_all_in_workspace = (
    update(connections)
    .where(_c.tenant_id == _IN, _c.workspace_id == _WORKSPACE, _c.status != "revoked")
    .values(**_REVOKED_NOW)
)

revoke_all_in_workspace = Query(_all_in_workspace, operator=True)

revoke_tokens_in_workspace = Query(_all_in_workspace.where(_HAS_TOKENS), operator=True)

_QUEUE_COLUMNS = ["tenant_id", "connection_id", "status", "attempts", "next_at", "created_at"]


def _to_queue(tenant: BindParameter[Any], *conditions: Any) -> Any:
    """Revoked connections with tokens that no revocation stands for yet."""
    same = (_r.tenant_id == tenant, _c.tenant_id == tenant, _r.connection_id == _c.id)
    known = select(_r.connection_id).where(*same).correlate(connections).exists()
    values = (_c.tenant_id, _c.id, literal("queued", Text()), literal(0, Integer), _MOMENT, _MOMENT)
    rows = select(*values).where(_c.tenant_id == tenant, *conditions, _c.status == "revoked", _HAS_TOKENS, ~known)
    return insert(revocations).from_select(_QUEUE_COLUMNS, rows)


queue_revocation = Query(_to_queue(TENANT, *_OF))

queue_all_in_workspace = Query(_to_queue(_IN, _c.workspace_id == _WORKSPACE), operator=True)

_AGAIN = update(revocations).values(
    status="queued",
    attempts=0,
    error=null(),
    next_at=_MOMENT,
    lease_by=null(),
    lease_until=null(),
    finished_at=null(),
)

requeue = Query(_AGAIN.where(_r.tenant_id == TENANT, _r.connection_id == _ID, _r.status != "queued"))

requeue_failed = Query(_AGAIN.where(_r.tenant_id == TENANT, _r.connection_id == _ID, _r.status == "failed"))

_DUE = (
    _r.status == "queued",
    _r.next_at <= _MOMENT,
    or_(_r.lease_until.is_(None), _r.lease_until <= _MOMENT),
)
_LIMIT = bindparam("limit", type_=Integer)

due_of_tenant = Query(
    select(_r.tenant_id, _r.connection_id).where(_r.tenant_id == TENANT, *_DUE).order_by(_r.next_at).limit(_LIMIT)
)
due_anywhere = Query(
    select(_r.tenant_id, _r.connection_id).where(*_DUE).order_by(_r.next_at).limit(_LIMIT), operator=True
)
"""Both served by ix_revocations_due."""

_THIS_JOB = (_r.tenant_id == TENANT, _r.connection_id == _ID)

take_revocation = Query(
    update(revocations)
    .where(*_THIS_JOB, *_DUE)
    .values(lease_by=_LEASE, lease_until=bindparam("until", type_=Time), attempts=_r.attempts + 1)
)

to_revoke = Query(
    select(_c.id, _c.platform, _c.access_token, _c.refresh_token, _c.version, _r.attempts)
    .join(revocations, (_r.tenant_id == _c.tenant_id) & (_r.connection_id == _c.id))
    .where(_c.tenant_id == TENANT, _r.tenant_id == TENANT, _c.id == _ID, _r.lease_by == _LEASE)
)

_REVOCATION = (
    _r.connection_id, _c.workspace_id, _c.platform, _r.status, _r.attempts, _r.error, _r.next_at, _r.created_at,
    _r.finished_at,
)  # fmt: skip


@lru_cache(maxsize=16)
def page_of_revocations(*, workspace: bool, status: bool, after: bool) -> Query[Revocation]:
    """The newest first, by primary key."""
    rows = (
        select(*_REVOCATION)
        .join(connections, (_r.tenant_id == _c.tenant_id) & (_r.connection_id == _c.id))
        .where(_c.tenant_id == TENANT, _r.tenant_id == TENANT, _WITHIN_REACH)
    )
    if workspace:
        rows = rows.where(_c.workspace_id == _WORKSPACE)
    if status:
        rows = rows.where(_r.status == bindparam("status"))
    if after:
        rows = rows.where(_r.connection_id < bindparam("after_id", type_=Id))
    return Query(rows.order_by(_r.connection_id.desc()).limit(_LIMIT), Revocation)


forget_tokens = Query(
    update(connections)
    .where(_c.tenant_id == TENANT, _c.id == _ID, _c.status == "revoked", _c.version == _VERSION)
    .values(access_token=null(), refresh_token=null())
)
"""Not those that came late, after the platform was asked: they grew the version."""

finish_revocation = Query(
    update(revocations)
    .where(*_THIS_JOB, _r.lease_by == _LEASE)
    .values(status="done", error=null(), finished_at=_MOMENT, lease_by=null(), lease_until=null())
)

postpone_revocation = Query(
    update(revocations)
    .where(*_THIS_JOB, _r.lease_by == _LEASE)
    .values(
        status=bindparam("new_status"),
        error=bindparam("new_error"),
        next_at=bindparam("new_next_at", type_=Time),
        finished_at=bindparam("new_finished_at", type_=Time),
        lease_by=null(),
        lease_until=null(),
    )
)

# -- snapshots ---------------------------------------------------------------------------------------------------------

_SNAPSHOT = [column for column in _s if column.name != "tenant_id"]
_OF_PLATFORM = (_s.tenant_id == TENANT, _s.workspace_id == _WORKSPACE, _s.platform == _PLATFORM)

insert_snapshot = Query(
    insert(metric_snapshots).values(tenant_id=TENANT, **{c.name: bindparam(c.name, type_=c.type) for c in _SNAPSHOT})
)

replace_snapshot = Query(
    update(metric_snapshots)
    .where(*_OF_PLATFORM, _s.taken_at == bindparam("at", type_=Time))
    .values(metrics=bindparam("new_metrics", type_=Json))
)

snapshot_at = Query(select(*_SNAPSHOT).where(*_OF_PLATFORM, _s.taken_at == bindparam("at", type_=Time)), Snapshot)

_newer = metric_snapshots.alias("newer")


def _is_latest_of(platform: str) -> ColumnElement[bool]:
    of_platform = (_newer.c.workspace_id == _WORKSPACE, _newer.c.platform == platform)
    latest = select(func.max(_newer.c.taken_at)).where(_newer.c.tenant_id == TENANT, *of_platform).scalar_subquery()
    return and_(_s.platform == platform, _s.taken_at == latest)


latest_snapshots = Query(
    select(*_SNAPSHOT)
    .where(
        _s.tenant_id == TENANT,
        _s.workspace_id == _WORKSPACE,
        _s.taken_at >= bindparam("since", type_=Time),
        or_(*(_is_latest_of(platform) for platform in PLATFORMS)),
    )
    .order_by(_s.taken_at.desc(), _s.platform),
    Snapshot,
)
"""The newest of each platform, however many were kept. Each is looked up in the unique key."""


@lru_cache(maxsize=2)
def page_of_snapshots(*, after: bool) -> Query[Snapshot]:
    """One platform's, the newest first. Served by the unique key."""
    rows = select(*_SNAPSHOT).where(*_OF_PLATFORM)
    if after:
        rows = rows.where(_s.taken_at < bindparam("after_time", type_=Time))
    return Query(rows.order_by(_s.taken_at.desc()).limit(_LIMIT), Snapshot)
