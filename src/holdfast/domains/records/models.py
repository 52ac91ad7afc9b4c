"""What callers get from records."""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, kw_only=True)
class RecordSet:
    """A named set of JSON records, as it was defined.

    Paths (`key`, `indexed`, `text`, `weight`, `expires`) are names of members joined by dots. `clearance`: the level of
    records that are stored without one; None: everybody in the tenant reads them. `locked`: only who defined the set,
    and administrators, change what is in it. `history`: every version of a record is kept. `owner`: the tenant that
    shares it with this one for reading, and with whose name the set's begins here, as in `acme:kbli`; who made it is
    not told then. None: it is this tenant's own. How many records there are is not told here: it would tell of those
    that the reader may not see.
    """

    id: UUID
    name: str
    description: str | None = None
    key: str
    schema: dict[str, object]
    indexed: tuple[str, ...]
    text: tuple[str, ...]
    weight: str | None = None
    clearance: str | None = None
    expires: str | None = None
    history: bool
    locked: bool
    owner: str | None = None
    created_by: UUID | None = None
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, kw_only=True)
class RecordShare:
    """A set that another tenant reads: what is at no level, and at `levels` whoever holds them there.

    `read_at`: the beginning (UTC) of the last day on which it was read; None: it was not.
    """

    tenant: str
    levels: tuple[str, ...] = ()
    granted_by: UUID
    granted_at: datetime
    read_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Record:
    """One record. `version` begins at 1 and counts its changes. `clearance`: None: at no level.

    `expires_at`: from then on it is not there any more.
    """

    key: str
    data: dict[str, object]
    version: int
    clearance: str | None = None
    created_at: datetime
    updated_at: datetime
    expires_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class RecordVersion:
    """A record as it was from `changed_at` on; `data` None: it was deleted."""

    key: str
    version: int
    clearance: str | None = None
    data: dict[str, object] | None = None
    changed_by: UUID | None = None
    changed_at: datetime


@dataclass(frozen=True, kw_only=True)
class RecordHit:
    """A record that a search found; `score` compares within one search."""

    record: Record
    score: float


@dataclass(frozen=True, kw_only=True)
class Group:
    """How many records have one value at a path; `value` None: those that have none."""

    value: str | int | float | bool | None
    count: int


@dataclass(frozen=True, kw_only=True)
class NotStored:
    """One of many records that was not stored: its place among them, from 1, its key where it has one, and why."""

    number: int
    key: str | None
    code: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class StoreReport:
    """What became of many records: each was new, changed, the same as before, or is named in `failed`."""

    added: int = 0
    changed: int = 0
    unchanged: int = 0
    failed: tuple[NotStored, ...] = field(default=())

    @property
    def stored(self) -> int:
        """How many are there as they were given."""
        return self.added + self.changed + self.unchanged
