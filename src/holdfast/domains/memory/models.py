"""What callers get from memory."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal
from uuid import UUID

from holdfast.domains.conversations import Message

FoundBy = Literal["key", "text", "meaning"]
"""How `recall` came upon a fact."""


@dataclass(frozen=True, kw_only=True)
class Fact:
    """One version of what is remembered under a key about a person (`user_id`) or a workspace (`workspace_id`).

    It holds from `valid_from` until the next version begins or `valid_to`, whichever comes first; `superseded_at` is
    when Holdfast learned of a version in its place, None for the current one. `confidence` (0 to 1) combines all its
    sources; `source` is the first message that said so. `version` counts from 1 in the order of recording.
    """

    id: UUID
    key: str
    value: object = field(hash=False)
    confidence: float
    user_id: UUID | None = None
    workspace_id: UUID | None = None
    source: UUID | None = None
    said_by: str | None = None
    sensitive: bool = False
    valid_from: datetime
    valid_to: datetime | None = None
    version: int
    recorded_by: UUID
    recorded_at: datetime
    superseded_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Recalled:
    """A fact that was recalled, why it was found, and how well it fits (0 to 1)."""

    fact: Fact
    score: float
    found_by: tuple[FoundBy, ...]


@dataclass(frozen=True, kw_only=True)
class Confirmation:
    """One statement of a fact: by a message, or by whoever recorded it.

    `message` is None where there was none, where the caller may not read it, or where it is there no more; its id
    stays. `extractor` names what drew the fact from the message.
    """

    source: UUID | None = None
    said_by: str | None = None
    extractor: str | None = None
    confidence: float
    recorded_by: UUID
    recorded_at: datetime
    message: Message | None = None


@dataclass(frozen=True, kw_only=True)
class Why:
    """Why a fact is believed: every statement of it, oldest first."""

    fact: Fact
    confirmations: tuple[Confirmation, ...]


@dataclass(frozen=True, kw_only=True)
class Forgotten:
    """How much was removed for good."""

    versions: int
    sources: int


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A fact that an extractor found in messages; `source` is the message it stands in.

    It holds from `valid_from`, by default from when that message was written.
    """

    key: str
    value: object = field(hash=False)
    source: UUID | str
    confidence: float = 0.5
    valid_from: datetime | None = None
    valid_to: datetime | None = None
    sensitive: bool = False


@dataclass(frozen=True, kw_only=True)
class RefusedCandidate:
    """A candidate that was not remembered: its place among those given, and why not."""

    number: int
    code: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class Unseen:
    """The messages of a conversation that an extractor has not looked at, oldest first, up to `through`."""

    messages: tuple[Message, ...]
    through: int
    more: bool


@dataclass(frozen=True, kw_only=True)
class Proposal:
    """What became of an extractor's candidates. `through`: the last message that it has looked at; `more` wait."""

    facts: tuple[Fact, ...]
    refused: tuple[RefusedCandidate, ...]
    through: int
    more: bool = False
