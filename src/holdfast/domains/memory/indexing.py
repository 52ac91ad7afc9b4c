"""The search indexes hold the current version of each fact that is not sensitive: by its words, and by its meaning."""

from collections.abc import Iterable
from uuid import UUID

from holdfast.core.database import Transaction
from holdfast.domains.memory.stored import Stored


def put(tx: Transaction, stored: Stored) -> None:
    """Let a version be found."""


def remove(tx: Transaction, fact_ids: Iterable[UUID]) -> None:
    """Let versions be found no more, and leave nothing of their words."""


def remove_as_operator(tx: Transaction, tenant_id: UUID, fact_ids: Iterable[UUID]) -> None:
    """The same, of a tenant's facts, in a transaction of the operator's."""
