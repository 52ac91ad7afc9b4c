"""The cap on visible conversations: when a new one would exceed it, the least relevant is hidden, never deleted."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from holdfast.core.database import Transaction
from holdfast.domains.conversations import queries
from holdfast.domains.conversations.models import Visible


def keep_to_cap(tx: Transaction, *, moment: datetime, keep: Collection[UUID]) -> None:
    """Hide what is beyond the tenant's cap. `keep` is new, or open on a screen, and stays."""
    limit = _setting(tx, "visible_conversations")
    if limit is None:
        return
    tx.all(queries.wait_for_turn, {"turn": f"visible {tx.scope.tenant_id} {tx.scope.actor_id}"})
    seen = [row[0] for row in tx.all(queries.visible_by_relevance)]
    hideable = [conversation_id for conversation_id in seen if conversation_id not in keep]
    for conversation_id in hideable[: max(0, len(seen) - limit)]:
        tx.run(queries.hide, {"conversation_id": conversation_id, "moment": moment})


def count(tx: Transaction) -> Visible:
    """How many the actor sees, and whether that calls for the warning."""
    ((seen,),) = tx.all(queries.count_visible)
    warning = _setting(tx, "visible_warning")
    limit = _setting(tx, "visible_conversations")
    return Visible(count=seen, limit=limit, warning=warning is not None and seen >= warning)


def _setting(tx: Transaction, name: str) -> int | None:
    ((settings,),) = tx.all(queries.tenant_settings)
    value = settings.get(name)
    return value if isinstance(value, int) else None
