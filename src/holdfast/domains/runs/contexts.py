"""The latest decision of a conversation, for the prompt."""

from collections.abc import Callable

from holdfast.core.action import Actions
from holdfast.core.context import ContextItem, ContextRequest, LeftOut, register_source
from holdfast.core.database import Transaction
from holdfast.core.database.types import dump_json
from holdfast.domains.runs import decision_queries as queries
from holdfast.domains.runs.models import Decision

_GRANTS = {"runs:read", "runs:write"}


class Decisions:
    """The room's part of a context. One statement."""

    field = "decisions"

    def prepare(self, room: Actions, question: Callable[[], str]) -> None:
        """Nothing is needed from elsewhere."""

    def gather(self, tx: Transaction, request: ContextRequest) -> tuple[list[ContextItem], list[LeftOut]]:
        """See `core.context.ContextSource`."""
        if tx.scope.role == "visitor":
            return [], []
        if tx.scope.grants is not None and not tx.scope.grants & _GRANTS:
            return [], [LeftOut(what="decisions", tokens=0, reason="this API key lacks the scope 'runs:read'")]
        found = tx.first(queries.latest_of_conversation, {"conversation_id": request.conversation_id})
        if found is None:
            return [], []
        text = text_of(found)
        tokens = request.count_tokens(text)
        if tokens > request.max_tokens:
            reason = f"{request.max_tokens} tokens were left"
            return [], [LeftOut(what=f"decision {found.id}", tokens=tokens, reason=reason)]
        tx.saw("decision", found.id, owner=found.decided_by)
        origin: dict[str, object] = {"decision": str(found.id), "kind": found.kind, "status": found.status}
        return [ContextItem(text=text, tokens=tokens, origin=origin)], []


def text_of(decision: Decision) -> str:
    """A decision as a model is told of it."""
    parts = [f"{decision.kind} ({decision.created_at:%Y-%m-%d}): {decision.status}"]
    if decision.reasons:
        parts.append(f"reasons: {', '.join(decision.reasons)}")
    if decision.evidence:
        parts.append(f"evidence: {dump_json(decision.evidence)}")
    if decision.recommendations:
        parts.append(f"recommended: {'; '.join(decision.recommendations)}")
    if decision.rule_version is not None:
        parts.append(f"by rules {decision.rule_version}")
    return "; ".join(parts)


register_source(Decisions())
