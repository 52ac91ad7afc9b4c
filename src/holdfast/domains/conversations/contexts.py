"""Context: what a model is told, inside a budget of tokens, with what was left out and why.

In this order of right: the newest message; the summary, up to half of the budget; what other rooms know (facts,
passages, decisions), up to a quarter of what is left; then earlier messages, newest first, without a gap.
"""

from dataclasses import dataclass, field

from holdfast.core.context import (
    ContextItem,
    ContextRequest,
    LeftOut,
    registered_sources,
)
from holdfast.core.database import Transaction
from holdfast.core.settings import Settings
from holdfast.domains.conversations import lineage, queries
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


def assemble(tx: Transaction, conversation: Conversation, *, max_tokens: int, last: int, settings: Settings) -> Context:
    """The context of a conversation. Three statements, and those of the sources."""
    messages = lineage.last(tx, conversation, last)
    budget = _Budget(max_tokens)
    newest = _fitting(messages[-1:], budget, settings)
    summary = _summary(tx, conversation, budget, settings)
    added = _from_sources(tx, conversation, messages, budget, settings)
    earlier = _fitting(messages[:-1], budget, settings) if newest else ()
    if conversation.message_count > len(messages):
        rest = conversation.message_count - len(messages)
        budget.left_out.append(
            LeftOut(what=f"messages 1 to {rest}", tokens=0, reason=f"only the last {last} were asked for")
        )
    return Context(
        summary=summary,
        messages=earlier + newest,
        facts=added.get("facts", ()),
        passages=added.get("passages", ()),
        decisions=added.get("decisions", ()),
        tokens=max_tokens - budget.left,
        left_out=tuple(budget.left_out),
    )


def _fitting(messages: list[Message], budget: _Budget, settings: Settings) -> tuple[Message, ...]:
    """The newest of `messages` that fit, oldest first, without a gap among them."""
    kept: list[Message] = []
    for message in reversed(messages):
        tokens = settings.count_tokens(readable_text(message.content, message.parts)) + FRAME_TOKENS
        if not budget.take(tokens, f"message {message.seq}" + (" and those before it" if kept else "")):
            break
        kept.append(message)
    return tuple(reversed(kept))


def _summary(tx: Transaction, conversation: Conversation, budget: _Budget, settings: Settings) -> Summary | None:
    summary = tx.first(queries.latest_summary, {"conversation_id": conversation.id})
    if summary is None:
        return None
    tokens = settings.count_tokens(summary.text) + FRAME_TOKENS
    return summary if budget.take(tokens, f"summary {summary.version}", most=budget.left // 2) else None


def _from_sources(
    tx: Transaction, conversation: Conversation, messages: list[Message], budget: _Budget, settings: Settings
) -> dict[str, tuple[ContextItem, ...]]:
    question = next((m for m in reversed(messages) if m.role == "user"), None)
    sources = registered_sources()
    added = {}
    for source in sources:
        share = budget.left // (4 * len(sources))
        request = ContextRequest(
            conversation_id=conversation.id,
            owner_id=conversation.owner_id,
            question="" if question is None else readable_text(question.content, question.parts),
            max_tokens=share,
            count_tokens=settings.count_tokens,
        )
        items, left_out = source.gather(tx, request)
        budget.left -= sum(item.tokens for item in items)
        budget.left_out += left_out
        added[source.field] = tuple(items)
    return added
