"""What conversations say of the store's health: those with messages that wait for the search index."""

from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from holdfast.core.database import Query, Transaction
from holdfast.core.health import Waiting, register_health
from holdfast.domains.conversations.tables import unindexed_conversations

_unindexed: Query[Any] = Query(select(func.count()).select_from(unindexed_conversations), operator=True)


def health(tx: Transaction, _moment: datetime) -> list[Waiting]:
    """A search indexes them first, so they delay nobody but it. Since when is not noted: appends would pay for it."""
    return [Waiting("unindexed conversations", "waits", tx.all(_unindexed)[0][0])]


register_health("conversations", health)
