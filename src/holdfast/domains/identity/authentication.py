"""From a secret to a scope: what every request of a face begins with."""

from datetime import datetime, timedelta

from holdfast.core.clock import now
from holdfast.core.database import Query, Transaction
from holdfast.core.database.engine import Engine
from holdfast.core.scope import OPERATOR, Role, Scope
from holdfast.domains.identity import credential_queries as queries
from holdfast.domains.identity.credential_queries import Credential
from holdfast.domains.identity.errors import MembershipSuspended, NotAuthenticated, TenantSuspended
from holdfast.domains.identity.models import PlatformRole
from holdfast.domains.identity.tokens import Kind, digest_of, kind_of

NOTED_EVERY = timedelta(minutes=1)
"""A use is written down at most so often: reads stay reads."""

PLATFORM_SCOPES: dict[PlatformRole, Role] = {"admin": "platform_admin", "super_admin": "super_admin"}

_SHOWN: dict[Kind, Query[Credential]] = {"api_key": queries.api_key_shown, "session": queries.session_shown}


def authenticate(
    engine: Engine, secret: str, *, request_id: str | None, address: str | None, agent: str | None, face: str
) -> Scope:
    """The scope of whoever shows `secret`. One statement; a mistyped secret costs none.

    Raises `NotAuthenticated`, `TenantSuspended`, `MembershipSuspended`.
    """
    kind = kind_of(secret)
    if kind is None:
        raise NotAuthenticated
    asked = {"digest": digest_of(secret)}
    found = engine.read(OPERATOR, "all", lambda tx: tx.first(_SHOWN[kind], asked))
    moment = now()
    if found is None or found.revoked_at is not None or _is_past(found.expires_at, moment):
        raise NotAuthenticated
    role = _standing(found)
    if found.last_used_at is None or moment - found.last_used_at >= NOTED_EVERY:
        _note_use(engine, kind, found, moment, address=address, agent=agent)
    return Scope(
        role=role,
        tenant_id=found.tenant_id,
        actor_id=found.user_id,
        request_id=request_id,
        face=face,
        address=address,
        credential_id=found.id,
        grants=None if found.scopes is None else frozenset(found.scopes),
    )


def _standing(found: Credential) -> Role:
    """The role that the holder has now."""
    if found.tenant_id is None:
        role = PLATFORM_SCOPES.get(found.platform_role)
    else:
        check_standing(found.tenant_status, found.status)
        role = found.role
    if role is None:
        raise NotAuthenticated
    return role


def check_standing(tenant_status: str | None, membership_status: str | None) -> None:
    """Raise `TenantSuspended` or `MembershipSuspended` where one is."""
    if tenant_status == "suspended":
        raise TenantSuspended
    if membership_status == "suspended":
        raise MembershipSuspended


def places_of(address: str | None, agent: str | None) -> dict[str, str | None]:
    """From where, and with what program, as it is kept: a program says of itself what it likes."""
    return {"address": _printable(address, 100), "agent": _printable(agent, 500)}


def _printable(text: str | None, most: int) -> str | None:
    return "".join(character for character in (text or "")[:most] if character.isprintable()) or None


def _is_past(moment: datetime | None, present: datetime) -> bool:
    return moment is not None and moment <= present


def _note_use(
    engine: Engine, kind: Kind, found: Credential, moment: datetime, *, address: str | None, agent: str | None
) -> None:
    row: dict[str, object] = {"this_id": found.id, "moment": moment}
    query = queries.touch_api_key
    if kind == "session":
        query = queries.touch_session
        places = places_of(address, agent)
        row |= {"until": _slid(found, moment), "from_address": places["address"] or found.address}
        row |= {"by_agent": places["agent"] or found.agent}

    def work(tx: Transaction) -> None:
        tx.run(query, row)

    engine.write(OPERATOR, "all", work)


def _slid(found: Credential, moment: datetime) -> datetime:
    """When an unused session ends: so long after its last use, and never beyond its end."""
    if found.ends_at is None or found.idle_seconds is None:
        raise AssertionError("a session has an end and a period")
    return min(moment + timedelta(seconds=found.idle_seconds), found.ends_at)
