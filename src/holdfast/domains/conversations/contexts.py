"""Context: what a model is told, inside a budget of tokens, with what was left out and why.

In this order of right: the newest message; the summary, up to half of the budget; what other rooms know (facts,
passages, decisions, metrics), up to a quarter of what is left; then earlier messages, newest first, without a gap.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from uuid import UUID

from holdfast.core.action import Actions
from holdfast.core.context import (
    ContextItem,
    ContextRequest,
    KeepsLog,
    LeftOut,
    registered_sources,
)
from holdfast.core.database import Transaction
from holdfast.domains.conversations import beside_queries, lineage
from holdfast.domains.conversations.drafts import readable_text
from holdfast.domains.conversations.models import (
    Context,
    Conversation,
    Message,
    Summary,
)

FRAME_TOKENS = 4
"""What the frame around a message (role, separators) costs with the common chat formats."""


@dataclass
class _Budget:
    left: int
    left_out: list[LeftOut] = field(default_factory=list)

    def take(self, tokens: int, what: str, *, most: int | None = None) -> bool:
        room = self.left if most is None else min(self.left, most)
        if tokens > room:
            self.left_out.append(LeftOut(what=what, tokens=tokens, reason=f"{room} tokens were left for it"))
            return False
        self.left -= tokens
        return True


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What a context is asked to hold. `question` None stands for the newest one among the messages."""

    max_tokens: int
    last: int
    question: str | None
    count_tokens: Callable[[str], int]
    prepared: Mapping[str, Any]
    """What the sources prepared, by their field."""


def prepare(room: Actions, question: Callable[[], str], *, without: Collection[str] = ()) -> dict[str, Any]:
    """What the sources need from outside the transaction; of those left out nothing, and nothing of them goes in."""
    asked = cache(question)
    wanted = [source for source in registered_sources() if source.field not in without]
    return {source.field: source.prepare(room, asked) for source in wanted}


def log(room: Actions, prepared: Mapping[str, Any]) -> None:
    """Have the sources log what they contributed, once it is made."""
    for source in registered_sources():
        if isinstance(source, KeepsLog) and source.field in prepared:
            source.shown(room, prepared[source.field])


def assemble(tx: Transaction, conversation_id: UUID, wanted: Wanted) -> Context:
    """The context of a conversation. Three statements, on a server in one round trip, and those of the sources. Raises
    `ConversationNotFound`.
    """
    conversation, (own, summaries) = lineage.find_with(
        tx, conversation_id, lineage.own_last(wanted.last), (beside_queries.latest_summary, {})
    )
    messages = lineage.last(tx, conversation, own, wanted.last)
    budget = _Budget(wanted.max_tokens)
    newest = _fitting(messages[-1:], budget, wanted)
    summary = _summary(summaries, budget, wanted)
    added = _from_sources(tx, conversation, messages, budget, wanted)
    earlier = _fitting(messages[:-1], budget, wanted) if newest else ()
    if conversation.message_count > len(messages):
        rest = conversation.message_count - len(messages)
        budget.left_out.append(
            LeftOut(what=f"messages 1 to {rest}", tokens=0, reason=f"only the last {wanted.last} were asked for")
        )
    return Context(
        summary=summary,
        messages=earlier + newest,
        facts=added.get("facts", ()),
        passages=added.get("passages", ()),
        decisions=added.get("decisions", ()),
        metrics=added.get("metrics", ()),
        tokens=wanted.max_tokens - budget.left,
        left_out=tuple(budget.left_out),
    )


def newest_question(messages: list[Message]) -> str:
    """The text of the newest message of a user; empty when there is none."""
    found = next((message for message in reversed(messages) if message.role == "user"), None)
    return "" if found is None else readable_text(found.content, found.parts)


def _fitting(messages: list[Message], budget: _Budget, wanted: Wanted) -> tuple[Message, ...]:
    """The newest of `messages` that fit, oldest first, without a gap among them."""
    kept: list[Message] = []
    for message in reversed(messages):
        tokens = wanted.count_tokens(readable_text(message.content, message.parts)) + FRAME_TOKENS
        if not budget.take(tokens, f"message {message.seq}" + (" and those before it" if kept else "")):
            break
        kept.append(message)
    return tuple(reversed(kept))


def _summary(latest: list[Summary], budget: _Budget, wanted: Wanted) -> Summary | None:
    if not latest:
        return None
    (summary,) = latest
    tokens = wanted.count_tokens(summary.text) + FRAME_TOKENS
    return summary if budget.take(tokens, f"summary {summary.version}", most=budget.left // 2) else None


def _from_sources(
    tx: Transaction, conversation: Conversation, messages: list[Message], budget: _Budget, wanted: Wanted
) -> dict[str, tuple[ContextItem, ...]]:
    question = newest_question(messages) if wanted.question is None else wanted.question
    asked_for = [source for source in registered_sources() if source.field in wanted.prepared]
    sources = sorted(asked_for, key=lambda source: source.field == "passages")  # they fill any room
    added = {}
    room = budget.left // 4
    for number, source in enumerate(sources):
        share = room // (len(sources) - number)  # what one does not use the next may
        request = ContextRequest(
            conversation_id=conversation.id,
            owner_id=conversation.owner_id,
            workspace_id=conversation.workspace_id,
            question=question,
            max_tokens=share,
            count_tokens=wanted.count_tokens,
            prepared=wanted.prepared.get(source.field),
        )
        items, left_out = source.gather(tx, request)
        used = sum(item.tokens for item in items)
        room -= used
        budget.left -= used
        budget.left_out += left_out
        added[source.field] = tuple(items)
    return added
