"""What can go into a prompt: sources that other rooms register, each asked within a budget of tokens.

`conversations.context` gathers them all in one read transaction. A source never raises for want of room: it gives
what fits and says what it left out. What a source needs from elsewhere (a vector of the question, say) it asks for
before that transaction, in `prepare`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable
from uuid import UUID

from holdfast.core.action import Actions
from holdfast.core.database import Transaction
from holdfast.core.rooms import Registry


@dataclass(frozen=True, kw_only=True)
class ContextRequest:
    """What a source is asked: for which conversation, about what, within how many tokens."""

    conversation_id: UUID
    owner_id: UUID
    workspace_id: UUID | None = None
    question: str
    max_tokens: int
    count_tokens: Callable[[str], int]
    prepared: Any = None
    """What the source's own `prepare` gave."""


@dataclass(frozen=True, kw_only=True)
class ContextItem:
    """A piece of text for the prompt, and where it comes from (JSON values)."""

    text: str
    tokens: int
    origin: dict[str, object]


@dataclass(frozen=True, kw_only=True)
class LeftOut:
    """Something that did not go in, and why."""

    what: str
    tokens: int
    reason: str


class ContextSource(Protocol):
    """A room's contribution. `field` is where it appears in the context: facts, passages, decisions or metrics."""

    field: str

    def prepare(self, room: Actions, question: Callable[[], str]) -> Any:
        """What `gather` will need that no transaction should wait for; None when there is nothing.

        `question` reads the newest question where the caller gave none: a transaction, so only for a source that has
        use for it. Raises nothing: what could not be had is for `gather` to say.
        """
        ...

    def gather(self, tx: Transaction, request: ContextRequest) -> tuple[list[ContextItem], list[LeftOut]]:
        """What fits into `request.max_tokens`, most useful first, and what did not."""
        ...


@runtime_checkable
class KeepsLog(Protocol):
    """A source that keeps a log of what it contributed."""

    field: str

    def shown(self, room: Actions, prepared: Any) -> None:
        """Called once the context is made, outside its transaction, with what `prepare` gave."""
        ...


_sources = Registry[str, ContextSource]()


def register_source(source: ContextSource) -> None:
    """Make a room's source known; a later one for the same field takes its place."""
    _sources.tell(source.field, source, by=type(source).__module__)


def registered_sources() -> tuple[ContextSource, ...]:
    """Every source, in the order of their modules' names."""
    return tuple(_sources.all().values())
