"""What callers get from connections. No model but `ProviderSecret` holds a secret, and its repr hides it."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal
from uuid import UUID

ConnectionStatus = Literal["active", "expired", "revoked", "error"]
STATUSES: tuple[ConnectionStatus, ...] = ("active", "expired", "revoked", "error")
RevocationStatus = Literal["queued", "done", "failed"]


@dataclass(frozen=True, kw_only=True)
class Connection:
    """A workspace's access to an outside platform or AI provider, without its secrets.

    `status`: active; expired (only a new authorization helps: `put` it); revoked; error (the last renewal failed, and
    is tried again). `error` is the code of the last failure. `refreshable`: the token can be renewed without a person.
    """

    id: UUID
    workspace_id: UUID
    platform: str
    account: str | None = None
    base_url: str | None = None
    metadata: dict[str, object] = field(default_factory=dict, hash=False)
    status: ConnectionStatus = "active"
    error: str | None = None
    expires_at: datetime | None = None
    refreshable: bool = False
    created_by: UUID
    created_at: datetime
    updated_at: datetime
    refreshed_at: datetime | None = None
    revoked_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class ProviderSecret:
    """How to reach an AI provider."""

    provider: str
    api_key: str | None = field(repr=False)
    base_url: str | None


@dataclass(frozen=True, kw_only=True)
class Revocation:
    """The state of telling a platform that a connection's tokens are revoked.

    queued (tried at `next_at`), done, or failed: given up after `attempts`; `revoke` again tries again.
    """

    connection_id: UUID
    workspace_id: UUID
    platform: str
    status: RevocationStatus
    attempts: int
    error: str | None = None
    next_at: datetime
    created_at: datetime
    finished_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class RevocationReport:
    """What one run of the queue came to: platforms told, to be tried again, and given up."""

    done: int = 0
    waiting: int = 0
    failed: int = 0


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """A platform's metrics as they were at `taken_at`; `age_seconds` is how old that was when it was read."""

    id: UUID
    workspace_id: UUID
    platform: str
    metrics: dict[str, object] = field(hash=False)
    taken_at: datetime
    created_by: UUID
    created_at: datetime
    age_seconds: int = field(default=0, compare=False)


@dataclass(frozen=True, kw_only=True)
class Held:
    """A connection's tokens and what is known of them; never leaves the room."""

    id: UUID
    workspace_id: UUID
    platform: str
    status: ConnectionStatus
    error: str | None
    access_token: str | None = field(repr=False)
    refresh_token: str | None = field(default=None, repr=False)
    refreshable: bool
    expires_at: datetime | None
    version: int
    failures: int
    retry_at: datetime | None
    lease_until: datetime | None
    refreshed_at: datetime | None
