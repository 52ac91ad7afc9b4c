"""Every statement about passwords, sessions and API keys. They span tenants, so all run as the operator."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, NamedTuple, TypeVar
from uuid import UUID

from sqlalchemy import Integer, Select, Text, bindparam, delete, func, insert, literal_column, select, update
from sqlalchemy.sql.selectable import FromClause
from sqlalchemy.types import TypeEngine

from holdfast.core.database import Params, Procedure, Query, Transaction
from holdfast.core.database.types import Digest, Id, Json, Time
from holdfast.core.scope import Role
from holdfast.domains.identity.models import ApiKey, PlatformRole, Session, Status
from holdfast.domains.identity.queries import IN, OF_USER
from holdfast.domains.identity.tables import api_keys, memberships, passwords, sessions, tenants, users

_s, _k, _p, _u, _m, _t = sessions.c, api_keys.c, passwords.c, users.c, memberships.c, tenants.c
_THIS = bindparam("this_id", type_=Id)
_DIGEST = bindparam("digest", type_=Digest)
_MOMENT = bindparam("moment", type_=Time)
_BUT = bindparam("but", type_=Id)


T = TypeVar("T")


class ByHolder(NamedTuple, Generic[T]):
    """The statements that list one kind of credential: of a tenant or of the platform, of everybody or of a person."""

    in_tenant: Query[T]
    of_member: Query[T]
    on_platform: Query[T]
    of_platform_user: Query[T]


def _by_holder(rows: Select[Any], of: Any, kind: type[T]) -> ByHolder[T]:
    """`of`: the columns of the table."""
    person = of.user_id == OF_USER
    return ByHolder(
        in_tenant=Query(rows.where(of.tenant_id == IN), kind, operator=True),
        of_member=Query(rows.where(of.tenant_id == IN, person), kind, operator=True),
        on_platform=Query(rows.where(of.tenant_id.is_(None)), kind, operator=True),
        of_platform_user=Query(rows.where(of.tenant_id.is_(None), person), kind, operator=True),
    )


@dataclass(frozen=True, kw_only=True)
class Credential:
    """What was kept of a secret that was shown, and how its holder stands now."""

    id: UUID
    tenant_id: UUID | None
    user_id: UUID
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None
    platform_role: PlatformRole
    tenant_status: Status | None
    role: Role | None
    status: Status | None
    clearance: str | None
    scopes: list[str] | None = field(default=None, hash=False)
    ends_at: datetime | None = None
    idle_seconds: int | None = None
    address: str | None = None
    agent: str | None = None


_COMMON = ("id", "tenant_id", "user_id", "expires_at", "revoked_at", "last_used_at")
_HOLDER = (_u.platform_role, _t.status.label("tenant_status"), _m.role, _m.status, _m.clearance)
_HOLDER_TYPES = {name: Text() for name in ("platform_role", "tenant_status", "role", "status", "clearance")}


def _with_holder(table: FromClause, *columns: str) -> Select[tuple[object, ...]]:
    of = table.c
    return (
        select(*(of[name] for name in columns), *_HOLDER)
        .select_from(table)
        .join(users, _u.id == of.user_id)
        .outerjoin(tenants, _t.id == of.tenant_id)
        .outerjoin(memberships, (_m.tenant_id == of.tenant_id) & (_m.user_id == of.user_id))
        .where(of.digest == _DIGEST)
    )


_OF_SESSION = {"ends_at": Time(), "idle_seconds": Integer(), "address": Text(), "agent": Text()}
_OF_API_KEY = {"scopes": Json()}


def _shown(name: str, table: FromClause, more: Mapping[str, TypeEngine[Any]]) -> Procedure[Credential | None]:
    """Who shows a secret: one row, of nulls when nobody was ever given it. By the table's unique digest."""
    there = Query(_with_holder(table, *_COMMON, *more), operator=True)
    columns = {**{column: table.c[column].type for column in _COMMON}, **more, **_HOLDER_TYPES}
    nobody = (None,) * len(columns)

    def steps(tx: Transaction, params: Params) -> Sequence[Any]:
        return tx.first(there, params) or nobody

    return Procedure(
        name=name,
        query=Query(
            select(*[literal_column(column, kind) for column, kind in columns.items()]).select_from(
                getattr(func, name)(_DIGEST).table_valued("id")
            ),
            operator=True,
        ),
        steps=steps,
        result=lambda row, _params: None if row[0] is None else Credential(**dict(zip(columns, row, strict=True))),
    )


session_shown = _shown("session_shown", sessions, _OF_SESSION)

api_key_shown = _shown("api_key_shown", api_keys, _OF_API_KEY)

touch_session = Query(
    update(sessions)
    .where(_s.id == _THIS, _s.revoked_at.is_(None), _s.last_used_at < _MOMENT)
    .values(
        last_used_at=_MOMENT,
        expires_at=bindparam("until", type_=Time),
        address=bindparam("from_address"),
        agent=bindparam("by_agent"),
    ),
    operator=True,
)

touch_api_key = Query(update(api_keys).where(_k.id == _THIS).values(last_used_at=_MOMENT), operator=True)

insert_session = Query(insert(sessions), operator=True)

_SESSION = tuple(_s[name] for name in (*_COMMON, "created_at", "ends_at", "address", "agent"))

session_by_id = Query(select(*_SESSION).where(_s.id == _THIS), Session, operator=True)

_live_sessions = select(*_SESSION).where(_s.revoked_at.is_(None), _s.expires_at > _MOMENT).order_by(_s.id.desc())

live_sessions = _by_holder(_live_sessions, _s, Session)

revoke_session = Query(
    update(sessions).where(_s.id == _THIS, _s.revoked_at.is_(None)).values(revoked_at=_MOMENT), operator=True
)

_revoke = update(sessions).where(_s.user_id == OF_USER, _s.revoked_at.is_(None), _s.id != _BUT)

revoke_sessions = Query(_revoke.where(_s.tenant_id == IN).values(revoked_at=_MOMENT), operator=True)

revoke_platform_sessions = Query(_revoke.where(_s.tenant_id.is_(None)).values(revoked_at=_MOMENT), operator=True)

insert_api_key = Query(insert(api_keys), operator=True)

_API_KEY = tuple(_k[name] for name in (*_COMMON, "name", "scopes", "hint", "created_at", "created_by"))

api_key_by_id = Query(select(*_API_KEY).where(_k.id == _THIS), ApiKey, operator=True)

_api_keys = select(*_API_KEY).order_by(_k.id)

every_api_key = _by_holder(_api_keys, _k, ApiKey)

revoke_api_key = Query(
    update(api_keys).where(_k.id == _THIS, _k.revoked_at.is_(None)).values(revoked_at=_MOMENT), operator=True
)

_revoke_keys = update(api_keys).where(_k.user_id == OF_USER, _k.revoked_at.is_(None), _k.id != _BUT)

revoke_api_keys = Query(_revoke_keys.where(_k.tenant_id == IN).values(revoked_at=_MOMENT), operator=True)

revoke_platform_api_keys = Query(_revoke_keys.where(_k.tenant_id.is_(None)).values(revoked_at=_MOMENT), operator=True)

password_of = Query(select(_p.hash).where(_p.tenant_id == IN, _p.user_id == OF_USER), operator=True)

delete_password = Query(delete(passwords).where(_p.tenant_id == IN, _p.user_id == OF_USER), operator=True)

insert_password = Query(insert(passwords), operator=True)

replace_hash = Query(
    update(passwords)
    .where(_p.tenant_id == IN, _p.user_id == OF_USER, _p.hash == bindparam("old_hash"))
    .values(hash=bindparam("new_hash")),
    operator=True,
)

_LOGIN = (
    _u.id.label("user_id"),
    _p.hash,
    _u.platform_role,
    _m.tenant_id,
    _t.status.label("tenant_status"),
    _m.role,
    _m.status,
)


@dataclass(frozen=True, kw_only=True)
class Login:
    """Who would be logged in, if the password is right."""

    user_id: UUID
    hash: str | None
    platform_role: PlatformRole
    tenant_id: UUID | None = None
    tenant_status: Status | None = None
    role: Role | None = None
    status: Status | None = None


login_in_tenant = Query(
    select(*_LOGIN)
    .select_from(users)
    .join(tenants, _t.slug == bindparam("slug"))
    .join(memberships, (_m.tenant_id == _t.id) & (_m.user_id == _u.id))
    .outerjoin(passwords, (_p.tenant_id == _t.id) & (_p.user_id == _u.id))
    .where(_u.email == bindparam("email")),
    Login,
    operator=True,
)

login_on_platform = Query(
    select(_u.id.label("user_id"), _p.hash, _u.platform_role)
    .select_from(users)
    .outerjoin(passwords, (_p.tenant_id == IN) & (_p.user_id == _u.id))
    .where(_u.email == bindparam("email"), _u.platform_role != "user"),
    Login,
    operator=True,
)
