"""What callers get from conversations."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal
from uuid import UUID

from holdfast.core.context import ContextItem, LeftOut
from holdfast.core.results import FoundBy
from holdfast.domains.conversations.readers.models import Unreadable

MessageRole = Literal["system", "user", "assistant", "tool"]
ROLES: tuple[MessageRole, ...] = ("system", "user", "assistant", "tool")
Status = Literal["ACTIVE", "ARCHIVED", "CLOSED", "DELETED"]
STATUSES: tuple[Status, ...] = ("ACTIVE", "ARCHIVED", "CLOSED", "DELETED")


@dataclass(frozen=True, kw_only=True)
class Conversation:
    """A conversation as it is now. A fork counts the messages it shares with its parent."""

    id: UUID
    owner_id: UUID
    workspace_id: UUID | None = None
    title: str | None = None
    status: Status = "ACTIVE"
    tags: list[str] = field(default_factory=list, hash=False)
    metadata: dict[str, object] = field(default_factory=dict, hash=False)
    message_count: int = 0
    summarized_through: int = 0
    created_at: datetime
    last_message_at: datetime | None = None
    active_at: datetime
    archived_at: datetime | None = None
    closed_at: datetime | None = None
    deleted_at: datetime | None = None
    hidden_at: datetime | None = None
    parent_id: UUID | None = None
    forked_at: int | None = None
    source: str | None = None
    source_id: str | None = None


@dataclass(frozen=True, kw_only=True)
class NewMessage:
    """A message to append. One of `content` and `parts` says something; both may."""

    role: MessageRole
    content: str = ""
    parts: Sequence[Mapping[str, object]] | None = None
    metadata: Mapping[str, object] | None = None
    request_id: str | None = None
    created_at: datetime | None = None
    """The time it was really written, for what is brought in from elsewhere; otherwise the present."""


@dataclass(frozen=True, kw_only=True)
class Message:
    """One message. `seq` counts from 1 without a gap; `previous` is the hash of the message before it, and
    `digest` the salted one of its own content (both hex). `replayed` says that an append found its `request_id`
    already there and gives what was stored the first time.
    """

    id: UUID
    conversation_id: UUID
    seq: int
    role: MessageRole
    content: str
    parts: list[dict[str, object]] | None = field(default=None, hash=False)
    metadata: dict[str, object] = field(default_factory=dict, hash=False)
    request_id: str | None = None
    created_at: datetime
    digest: str
    previous: str
    replayed: bool = field(default=False, compare=False)


@dataclass(frozen=True, kw_only=True)
class Summary:
    """A version of a conversation's summary, and the messages it covers."""

    conversation_id: UUID
    version: int
    text: str
    first_seq: int
    through_seq: int
    entities: list[object] = field(hash=False)
    created_at: datetime
    created_by: UUID


@dataclass(frozen=True, kw_only=True)
class Feedback:
    """What one user thinks of one answer: `rating` is 1 or -1."""

    message_id: UUID
    user_id: UUID
    rating: int
    comment: str | None
    created_at: datetime


@dataclass(frozen=True, kw_only=True)
class Attachment:
    """A file kept with a conversation under the SHA-256 of its bytes (hex)."""

    conversation_id: UUID
    digest: str
    name: str
    media_type: str
    size: int
    created_at: datetime

    def part(self) -> dict[str, object]:
        """This file as a part of a message."""
        return {
            "type": "attachment",
            "digest": self.digest,
            "name": self.name,
            "media_type": self.media_type,
            "size": self.size,
        }


@dataclass(frozen=True, kw_only=True)
class Hit:
    """A message that a search found, by its words, by its meaning or by both.

    The snippet marks the matching words; a higher score is a better match, comparable within one search.
    """

    message: Message
    conversation_title: str | None
    snippet: str
    score: float
    found_by: tuple[FoundBy, ...] = ("words",)


@dataclass(frozen=True, kw_only=True)
class Context:
    """What a model is told: the newest summary, the latest messages oldest first, and what other rooms add.

    `tokens` counts all of it by `Settings.count_tokens`, four more a message for its frame; `left_out` says what
    there was no room for.
    """

    summary: Summary | None
    messages: tuple[Message, ...]
    facts: tuple[ContextItem, ...] = field(default=(), hash=False)
    passages: tuple[ContextItem, ...] = field(default=(), hash=False)
    decisions: tuple[ContextItem, ...] = field(default=(), hash=False)
    metrics: tuple[ContextItem, ...] = field(default=(), hash=False)
    tokens: int
    left_out: tuple[LeftOut, ...]


@dataclass(frozen=True, kw_only=True)
class Visible:
    """How many conversations a person sees, and how many they may (None: no cap)."""

    count: int
    limit: int | None
    warning: bool


@dataclass(frozen=True, kw_only=True)
class ImportReport:
    """What an import added: `conversations` new ones, `forks` made of branches, `messages`; `unchanged` conversations
    were all there already, `others` are of another client or person. `unreadable` names the places that were left
    out, and why.
    """

    source: str
    conversations: int = 0
    forks: int = 0
    messages: int = 0
    unchanged: int = 0
    others: int = 0
    unreadable: tuple[Unreadable, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Verification:
    """The outcome of checking a conversation's chain: `first_bad` is the seq of the first message at fault."""

    ok: bool
    messages: int
    first_bad: int | None = None
    reason: str | None = None
