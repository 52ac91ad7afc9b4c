"""What callers get from the trail."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal
from uuid import UUID

from holdfast.core.scope import Role

Outcome = Literal["done", "read", "denied"]


@dataclass(frozen=True, kw_only=True)
class AuditEvent:
    """One line: who did what, on what, from where, and what came of it.

    `outcome`: `done` (a change), `read` (of another's, or an export), `denied`, with the error's code as `reason`.
    `owner_id` is whose thing the target is. `actor_id` is None for the operator.
    """

    id: UUID
    position: int
    at: datetime
    actor_id: UUID | None
    actor_role: Role
    face: str
    address: str | None
    credential_id: UUID | None
    operation: str
    request_id: str | None
    target_kind: str | None
    target_id: UUID | None
    owner_id: UUID | None
    outcome: Outcome
    reason: str | None
    details: dict[str, object] = field(hash=False)
    mac: str


@dataclass(frozen=True, kw_only=True)
class Event:
    """A change, as it is announced to those who may see its target."""

    id: UUID
    position: int
    at: datetime
    actor_id: UUID | None
    operation: str
    target_kind: str | None
    target_id: UUID | None
    owner_id: UUID | None
    request_id: str | None
    details: dict[str, object] = field(hash=False)


@dataclass(frozen=True, kw_only=True)
class Seal:
    """A link of the chain, without its entries."""

    number: int
    through_position: int
    through_id: UUID
    events: int
    hash: str
    sealed_at: datetime


@dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """A signed statement of how far a tenant's chain had come. Kept elsewhere, it proves that nothing was cut off.

    `signature` is Ed25519 over the other fields; `public_key` checks it. Both are hex digits.
    """

    tenant_id: UUID
    number: int
    events: int
    hash: str
    at: datetime
    public_key: str
    signature: str


@dataclass(frozen=True, kw_only=True)
class Fault:
    """A line, or a seal, that is not as it was written. `event_id` is None when it is a seal."""

    why: str
    event_id: UUID | None = None
    seal: int | None = None


@dataclass(frozen=True, kw_only=True)
class AuditReport:
    """What `verify` found. `rows` lines were checked, `sealed` of them held by `seals` seals; `faults` holds the first
    hundred faults in the order of the chain, and `first_bad` and `why` are the first one's.

    `oldest_unsealed` is when the first line was written that no seal holds yet: a second ago, or something keeps it
    from being sealed. `keyed` says whether the codes are keyed: without a key ring, whoever can write to the
    database can also make new codes, and only a checkpoint kept elsewhere shows it.
    """

    rows: int
    sealed: int
    seals: int
    keyed: bool
    oldest_unsealed: datetime | None = None
    faults: tuple[Fault, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether everything is as it was written."""
        return not self.faults

    @property
    def first_bad(self) -> UUID | int | None:
        """The line (its id), or the seal (its number), that is the first at fault."""
        if not self.faults:
            return None
        fault = self.faults[0]
        return fault.seal if fault.event_id is None else fault.event_id

    @property
    def why(self) -> str | None:
        """What is wrong with it."""
        return self.faults[0].why if self.faults else None
