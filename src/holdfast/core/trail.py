"""The trail: one line for every change, denied attempt and read by another than the owner, in the same transaction.

An action whose line cannot be written does not happen. The lines of changes are also what is announced: a reader goes
through them in the order of `position` and, below the settled one, misses none. Here they are written; the room `audit`
reads, seals and verifies them.

A line carries a code over all that it says. With a key ring it is keyed, so that nobody who can write to the database,
but has no key, can change or add a line unnoticed.
"""

import hashlib
import hmac
from collections.abc import Callable, Iterable
from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, BindParameter, CheckConstraint, Column, Text, bindparam, insert

from holdfast.core.clock import now, to_microseconds
from holdfast.core.database import TENANT, Query, Transaction
from holdfast.core.database.constructs import next_position
from holdfast.core.database.schema import scoped_table
from holdfast.core.database.transaction import Recorded
from holdfast.core.database.types import Digest, Id, Json, JsonText, Time, dump_json
from holdfast.core.ids import new_id
from holdfast.core.scope import NIL, Scope

OUTCOMES = ("done", "read", "denied")

audit_events = scoped_table(
    "audit_events",
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    Column("id", Id, primary_key=True),
    Column("at", Time, nullable=False),
    Column("actor_id", Id),
    Column("actor_role", Text, nullable=False),
    Column("face", Text, nullable=False),
    Column("address", Text),
    Column("credential_id", Id),
    Column("operation", Text, nullable=False),
    Column("request_id", Text),
    Column("target_kind", Text),
    Column("target_id", Id),
    Column("owner_id", Id),
    Column("outcome", Text, nullable=False),
    Column("reason", Text),
    Column("details", Json, nullable=False),
    Column("mac", Digest, nullable=False),
    CheckConstraint("outcome IN ('done', 'read', 'denied')", name="outcome"),
    outlives=True,
    sqlite_with_rowid=False,
)
"""Append-only. `owner_id` is whose thing the target is."""

_FIELDS = [column for column in audit_events.c if column.name not in ("tenant_id", "position")]
_IN = bindparam("event_tenant_id", type_=Id)


def parameter(name: str) -> BindParameter[Any]:
    """Of a new line. Its details come as the text that its code covers, so that they are spelled once."""
    kind = JsonText() if name == "details" else audit_events.c[name].type
    return bindparam(f"event_{name}", type_=kind)


def _line(tenant: Any) -> Any:
    given = {column.name: parameter(column.name) for column in _FIELDS}
    place = next_position(audit_events.c.position, tenant)
    return insert(audit_events).values(tenant_id=tenant, position=place, **given).inline()


insert_event = Query(_line(TENANT))
"""Its parameters begin with `event_`, so that they travel with those of the change itself."""

insert_event_as_operator = Query(_line(_IN), operator=True)


class Trail:
    """What one open store needs to write its trail: the key of the codes, and who is told that a tenant has new lines.

    `key` is None without a key ring; the codes are then plain digests.
    """

    def __init__(self, key: bytes | None = None) -> None:
        self.key = key
        self.written: Callable[[UUID], None] = lambda _tenant_id: None


def event(
    trail: Trail, scope: Scope, operation: str, about: Recorded, *, outcome: str = "done", reason: str | None = None
) -> dict[str, Any]:
    """The parameters of a new line."""
    tenant_id, event_id, moment = scope.tenant_id or about.tenant_id or NIL, new_id(), now()
    details = dump_json(about.details)
    said = (
        f'["{tenant_id.hex}","{event_id.hex}",{to_microseconds(moment)},{_who(scope, operation)},'
        f"{_text(scope.request_id)},{_text(about.kind)},{_id(about.target_id)},{_id(about.owner_id)},"
        f"{_text(outcome)},{_text(reason)},{details}]"
    )
    return {
        "event_tenant_id": tenant_id,
        "event_id": event_id,
        "event_at": moment,
        "event_actor_id": scope.actor_id,
        "event_actor_role": scope.role,
        "event_face": scope.face,
        "event_address": scope.address,
        "event_credential_id": scope.credential_id,
        "event_operation": operation,
        "event_request_id": scope.request_id,
        "event_target_kind": about.kind,
        "event_target_id": about.target_id,
        "event_owner_id": about.owner_id,
        "event_outcome": outcome,
        "event_reason": reason,
        "event_details": details,
        "event_mac": _code(trail.key, said),
    }


def code(key: bytes | None, said: list[Any]) -> str:
    """The code over what a line says, in the order of the columns: keyed (HMAC-SHA256), or a plain SHA-256."""
    return _code(key, dump_json([_spelled(value) for value in said]))


def _code(key: bytes | None, said: str) -> str:
    text = said.encode()
    if key is None:
        return hashlib.sha256(text).hexdigest()
    made = _begun(key).copy()
    made.update(text)
    return made.hexdigest()


@lru_cache(maxsize=4)
def _begun(key: bytes) -> hmac.HMAC:
    """A code that has taken in the key: what makes one afresh costs as much as the rest of a line."""
    return hmac.new(key, digestmod="sha256")


def _spelled(value: Any) -> Any:
    if isinstance(value, UUID):
        return value.hex
    return to_microseconds(value) if isinstance(value, datetime) else value


def _who(scope: Scope, operation: str) -> str:
    """What a line says of who did what from where: the same for many lines, so made once."""
    place = ("trail", operation, scope.role, scope.face, scope.address, scope.credential_id)
    made: str | None = scope.prepared.get(place)
    if made is None:
        said = [scope.actor_id, scope.role, scope.face, scope.address, scope.credential_id, operation]
        made = scope.prepared[place] = dump_json([_spelled(value) for value in said])[1:-1]
    return made


def _id(value: UUID | None) -> str:
    return "null" if value is None else f'"{value.hex}"'


def _text(value: str | None) -> str:
    return "null" if value is None else _WORDS.get(value) or dump_json(value)


_WORDS = {word: f'"{word}"' for word in (*OUTCOMES, "conversation")}
"""What nearly every line says, spelled."""


def write(
    tx: Transaction,
    trail: Trail,
    scope: Scope,
    operation: str,
    lines: Iterable[Recorded],
    outcome: str,
    *,
    reason: str | None = None,
) -> None:
    """Add lines to the trail within a transaction, whoever it runs as. One statement each.

    `reason`: the code of the error, for an attempt that was refused.
    """
    query = insert_event_as_operator if tx.scope.is_operator else insert_event
    for about in lines:
        tx.run(query, event(trail, scope, operation, about, outcome=outcome, reason=reason))
