"""What callers get from configurations."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal
from uuid import UUID

MAIN = "main"
"""The branch that a configuration is read from unless another is named."""
Visibility = Literal["tenant", "private"]
"""Who reads it: every member and auditor of the tenant; or its owner, those it is shared with, and who administers."""
VISIBILITIES: tuple[Visibility, ...] = ("tenant", "private")
ShareLevel = Literal["view", "comment", "edit"]
"""What somebody may do with a configuration that is shared with them; each includes those before it."""
SHARE_LEVELS: tuple[ShareLevel, ...] = ("view", "comment", "edit")
Origin = Literal["put", "rollback", "branch", "merge", "publish"]
Kind = Literal["added", "removed", "changed"]


@dataclass(frozen=True, kw_only=True)
class Configuration:
    """One version of a configuration: its document, and who made it when and why.

    What `get` gives is shared by all who read it: the objects and lists in `document` refuse changes;
    `copy.deepcopy(document)` is one to change. `digest` is the SHA-256 of the document's canonical JSON (sorted names,
    no spaces). `replayed`: `put` found the document there already.
    """

    id: UUID
    address: str
    branch: str = MAIN
    version: int
    document: object = field(hash=False)
    digest: str
    author_id: UUID
    reason: str
    created_at: datetime
    owner_id: UUID
    visibility: Visibility
    replayed: bool = False


@dataclass(frozen=True, kw_only=True)
class ConfigurationSummary:
    """What a list says of a configuration: where it is, and its current version."""

    id: UUID
    address: str
    version: int
    digest: str
    owner_id: UUID
    visibility: Visibility
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, kw_only=True)
class ConfigurationVersion:
    """A version, without its document. `from_version`: the one that a rollback restored."""

    version: int
    branch: str
    digest: str
    bytes: int
    author_id: UUID
    reason: str
    origin: Origin
    from_version: int | None = None
    request_id: UUID | None = None
    created_at: datetime


@dataclass(frozen=True, kw_only=True)
class ConfigurationShare:
    """With whom a configuration is shared, and what they may do."""

    user_id: UUID
    level: ShareLevel
    created_at: datetime


@dataclass(frozen=True, kw_only=True)
class ConfigurationBranch:
    """A branch: it has versions of its own, from 1 on, beside those of `main`.

    `base_version`: the version of `main` that it began with, or was last merged into; `merged_version`: its own then.
    """

    name: str
    version: int
    digest: str
    base_version: int
    merged_version: int
    author_id: UUID
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, kw_only=True)
class MergeConflict:
    """A place that both sides changed otherwise. A side is None where the place is not there; `words` tell."""

    path: str
    base: object = field(default=None, hash=False)
    main: object = field(default=None, hash=False)
    branch: object = field(default=None, hash=False)
    words: str


@dataclass(frozen=True, kw_only=True)
class Merge:
    """What became of a merge: the version it made; or the conflicts that want resolving, and nothing was merged."""

    configuration: Configuration | None = None
    conflicts: tuple[MergeConflict, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Change:
    """One change of one place. `path` is a JSON Pointer (RFC 6901); `words` says it as a person would."""

    path: str
    kind: Kind
    before: object = field(default=None, hash=False)
    after: object = field(default=None, hash=False)
    words: str


RequestStatus = Literal["open", "published", "rejected", "withdrawn"]
RequestFilter = Literal["open", "published", "rejected", "withdrawn", "any"]
STATUSES: tuple[RequestStatus, ...] = ("open", "published", "rejected", "withdrawn")


@dataclass(frozen=True, kw_only=True)
class Approval:
    """Somebody's approval of a request as it was then: of that revision, with a document of that digest."""

    approver_id: UUID
    revision: int
    digest: str
    created_at: datetime


@dataclass(frozen=True, kw_only=True)
class ChangeRequest:
    """A document that somebody would have at an address, in place of version `base_version`.

    `revision` counts from 1; each has a document of its own, with its `digest`. `approvals` are those of the present
    revision, `required` how many it needs. A list leaves out `document` and `changes`, what it changes of its base.
    """

    id: UUID
    address: str
    author_id: UUID
    base_version: int
    revision: int
    digest: str
    reason: str
    status: RequestStatus
    approvals: tuple[Approval, ...] = ()
    required: int = 1
    document: object = field(default=None, hash=False)
    changes: tuple[Change, ...] = ()
    published_version: int | None = None
    closed_by: UUID | None = None
    closing_reason: str | None = None
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, kw_only=True)
class RequestComment:
    """What somebody says about a request, to a comment (`reply_to`) or a place in the document (`path`)."""

    id: UUID
    request_id: UUID
    author_id: UUID
    text: str
    revision: int
    reply_to: UUID | None = None
    path: str | None = None
    created_at: datetime


NotificationKind = Literal[
    "proposed", "revised", "commented", "approved", "rejected", "withdrawn", "published", "shared"
]


@dataclass(frozen=True, kw_only=True)
class Notification:
    """What happened to a configuration, or a request, that concerns the reader. `by_id`: who did it."""

    id: UUID
    kind: NotificationKind
    address: str
    request_id: UUID | None = None
    by_id: UUID
    created_at: datetime
    read_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class ConfigurationRule:
    """What holds at the addresses of a pattern. `approvals`: changes need so many, and are made by requests alone;
    None says nothing. `schema`: a JSON Schema that every document satisfies.
    """

    pattern: str
    approvals: int | None = None
    schema: object = field(default=None, hash=False)
    created_by: UUID
    created_at: datetime


@dataclass(frozen=True, kw_only=True)
class ConfigurationFeedback:
    """What somebody said of a version: a rating (1 or -1), an accuracy (0 to 1) as measured on samples, words."""

    id: UUID
    version: int
    user_id: UUID
    rating: int | None = None
    accuracy: float | None = None
    samples: int | None = None
    comment: str | None = None
    created_at: datetime


@dataclass(frozen=True, kw_only=True)
class Standing:
    """How a version does. `accuracy` is the mean of those that were measured, by their `samples`; None without any."""

    version: int
    uses: int
    last_used_at: datetime | None
    ratings_up: int
    ratings_down: int
    accuracy: float | None
    samples: int


@dataclass(frozen=True, kw_only=True)
class FoundConfiguration:
    """A configuration that was found: by words with a score to compare within one search, by shape with a cosine."""

    configuration: ConfigurationSummary
    score: float


@dataclass(frozen=True, kw_only=True)
class Difference:
    """What leads from one version to another: as words, and as a JSON Patch (RFC 6902)."""

    address: str
    before: int
    after: int
    changes: tuple[Change, ...]
    patch: tuple[dict[str, object], ...] = field(hash=False)
