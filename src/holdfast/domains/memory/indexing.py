"""What facts are found by: the words of the key and the value of each current version that is not sensitive, and, once
it has been embedded, its vector (embedding.py)."""

from collections.abc import Sequence
from uuid import UUID

from holdfast.core import lexical, vectors
from holdfast.core.database import Transaction
from holdfast.domains.memory.stored import Stored

PURPOSE = "memory"


def put(tx: Transaction, stored: Stored) -> None:
    """Let a version be found by its words. A workspace's facts are nobody's in particular."""
    if not stored.sensitive:
        entry = lexical.Entry(stored.id, None, stored.owner_id, text_of(stored))
        lexical.put(tx, PURPOSE, stored.about_id, [entry])


def remove(tx: Transaction, fact_ids: Sequence[UUID]) -> None:
    """Let versions be found no more, and leave nothing of their words and vectors."""
    lexical.remove(tx, fact_ids)
    vectors.remove(tx, fact_ids)


def remove_workspace(tx: Transaction, tenant_id: UUID, workspace_id: UUID) -> None:
    """The same for everything about a workspace, as the operator."""
    lexical.remove_about(tx, tenant_id, PURPOSE, workspace_id)
    vectors.remove_about(tx, tenant_id, PURPOSE, workspace_id)


def text_of(stored: Stored) -> str:
    """A fact as a sentence of a prompt, and of the index: `answer style: concise`."""
    return f"{stored.key.replace('_', ' ').replace('.', ' ')}: {_said(stored.opened())}"


def _said(value: object) -> str:
    """The words of a value; the names in an object are words too."""
    if isinstance(value, dict):
        return ", ".join(f"{name}: {_said(inner)}" for name, inner in value.items())
    if isinstance(value, list):
        return ", ".join(_said(inner) for inner in value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "nothing" if value is None else str(value)
