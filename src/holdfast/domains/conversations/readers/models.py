"""What a reader yields: conversations as their source wrote them, and the places that could not be read."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

Role = Literal["system", "user", "assistant", "tool"]
Source = Literal["chatgpt", "claude", "librechat", "openwebui", "sharegpt", "openai", "mongodb"]
Part = dict[str, object]


@dataclass(frozen=True, kw_only=True, slots=True)
class ReadMessage:
    """One message.

    `content` is its plain text, "" when it has only parts. `parts` is its whole structure in order, the text
    included, each a JSON object with a "type" (text, image, code, tool_call, tool_result, thinking, file, or the
    source's own word for what has no counterpart here); None when `content` says it all. `created_at` is the
    original time in UTC. `place` says where it stands in the file.
    """

    external_id: str
    role: Role
    content: str
    parts: tuple[Part, ...] | None
    created_at: datetime | None
    metadata: dict[str, object]
    place: str


@dataclass(frozen=True, kw_only=True, slots=True)
class ReadBranch:
    """An alternative line: an edited question, or an answer asked for again.

    `external_id` is that of its last message. It shares the first `at` messages of its parent's whole line, which
    is the main line when `parent` is None; `messages` are only those after them. A parent comes before its branches.
    """

    external_id: str
    parent: str | None
    at: int
    messages: tuple[ReadMessage, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class ReadConversation:
    """One conversation: its main line in `messages`, everything else of it in `branches`.

    Every message appears exactly once. `external_id` is the source's id, or a digest of the content where the
    source gives none, so that the same conversation read twice has the same id. `title` is "" when there is none.
    `owner`, `client`: whose it is and which client it is about, by their ids at the source; "" where it does not say.
    """

    source: Source
    external_id: str
    title: str
    created_at: datetime | None
    updated_at: datetime | None
    messages: tuple[ReadMessage, ...]
    branches: tuple[ReadBranch, ...]
    archived: bool
    metadata: dict[str, object]
    place: str
    owner: str = ""
    client: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Unreadable:
    """A place that was left out, and why. `value` describes its structure in at most 80 characters, not its text."""

    place: str
    reason: str
    value: str


@dataclass(frozen=True, kw_only=True, slots=True)
class ReadLimits:
    """How much a reader accepts before it stops believing the file.

    `max_bytes` counts uncompressed bytes of all files read. `max_ratio` is uncompressed to compressed, and is held
    against archive entries over 10 MiB. `max_depth` is the JSON nesting of one conversation; one that nests deeper,
    or is larger than `max_conversation_bytes`, is left out as `Unreadable`.
    """

    max_bytes: int = 8 * 1024**3
    max_ratio: int = 200
    max_depth: int = 100
    max_conversation_bytes: int = 256 * 1024**2
