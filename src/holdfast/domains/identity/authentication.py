"""From a secret to a scope: what every request of a face begins with."""

from collections.abc import Hashable
from datetime import datetime, timedelta
from time import monotonic

from holdfast.core.action import record_refused
from holdfast.core.clock import now
from holdfast.core.database import Procedure, Transaction
from holdfast.core.database.engine import Engine
from holdfast.core.database.transaction import Call, Recorded
from holdfast.core.errors import HoldfastError
from holdfast.core.scope import OPERATOR, Role, Scope
from holdfast.domains.identity import credential_queries as queries
from holdfast.domains.identity.credential_queries import Credential
from holdfast.domains.identity.errors import MembershipSuspended, NotAuthenticated, TenantSuspended
from holdfast.domains.identity.models import PlatformRole
from holdfast.domains.identity.tokens import Kind, digest_of, kind_of

NOTED_EVERY = timedelta(minutes=1)
"""A use is written down at most so often: reads stay reads. So is a refusal: nobody fills the disk with lines."""

_MOST_REFUSALS = 10_000
"""Of so many refused credentials a process remembers when it last wrote a line."""

_refusals: dict[Hashable, float] = {}

PLATFORM_SCOPES: dict[PlatformRole, Role] = {"admin": "platform_admin", "super_admin": "super_admin"}

_SHOWN: dict[Kind, Procedure[Credential | None]] = {"api_key": queries.api_key_shown, "session": queries.session_shown}


def authenticate(
    engine: Engine, secret: str, *, request_id: str | None, address: str | None, agent: str | None, face: str
) -> Scope:
    """The scope of whoever shows `secret`. One statement, on a server one round trip; a mistyped secret
    costs none.

    One that was good once, and is refused, leaves a line in the trail, at most once a minute. Raises
    `NotAuthenticated`, `TenantSuspended`, `MembershipSuspended`.
    """
    kind = kind_of(secret)
    if kind is None:
        raise NotAuthenticated
    asked = {"digest": digest_of(secret)}
    found = engine.read(OPERATOR, "all", Call(_SHOWN[kind], asked, about=Recorded()))
    moment = now()
    if found is None:
        raise NotAuthenticated
    try:
        role = _standing(found, moment)
    except (NotAuthenticated, TenantSuspended, MembershipSuspended) as refused:
        shown = Scope(
            role=_last_role(found),
            tenant_id=found.tenant_id,
            actor_id=found.user_id,
            request_id=request_id,
            face=face,
            address=address,
            credential_id=found.id,
        )
        _note_refusal(engine, kind, shown, refused)
        raise
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
        levels=frozenset(found.clearance or ""),
    )


def _standing(found: Credential, moment: datetime) -> Role:
    """The role that the holder has now. Raises as `authenticate` does."""
    if found.revoked_at is not None or _is_past(found.expires_at, moment):
        raise NotAuthenticated
    if found.tenant_id is None:
        role = PLATFORM_SCOPES.get(found.platform_role)
    else:
        check_standing(found.tenant_status, found.status)
        role = found.role
    if role is None:
        raise NotAuthenticated
    return role


def _last_role(found: Credential) -> Role:
    """What the holder is called in the line of a refusal; who has no role any more is nobody."""
    return found.role or PLATFORM_SCOPES.get(found.platform_role) or "visitor"


def _note_refusal(engine: Engine, kind: Kind, shown: Scope, refused: HoldfastError) -> None:
    """A line in the trail, unless there was one a moment ago."""
    key, present = (engine.url, shown.credential_id), monotonic()
    last = _refusals.get(key)
    if last is not None and present - last < NOTED_EVERY.total_seconds():
        return
    if len(_refusals) >= _MOST_REFUSALS:
        _refusals.clear()
    _refusals[key] = present
    about = Recorded(kind, shown.credential_id, owner_id=shown.actor_id)
    record_refused(engine, shown, "identity.authenticate", about, refused)


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
