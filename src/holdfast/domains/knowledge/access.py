"""Which bases and documents the actor may touch."""

from uuid import UUID

from holdfast.core.database import Query, Transaction
from holdfast.core.errors import InvalidInput
from holdfast.core.inputs import check_text
from holdfast.domains.identity.workspaces import check_workspace
from holdfast.domains.knowledge import base_queries, queries
from holdfast.domains.knowledge.errors import BaseNotFound, BaseReadOnly, DocumentNotFound
from holdfast.domains.knowledge.models import Document, KnowledgeBase

NAME_BYTES = 4_096
"""A longer text is no base's name; it is refused before a database looks for it."""


def open_base(tx: Transaction, base: UUID | str) -> KnowledgeBase:
    """A base by id or name. Raises `BaseNotFound`."""
    return _find_base(tx, base, base_queries.base, base_queries.base_by_name)


def editable_base(tx: Transaction, base: UUID | str, *, shared: bool = False, alone: bool = False) -> KnowledgeBase:
    """A base that the actor may change. Raises `BaseNotFound`, `BaseReadOnly`, and what `check_workspace` does.

    `shared`: what is in it is to be changed, and nobody deletes it until the transaction ends. `alone`: the base itself
    is to be changed or deleted; whoever is changing what is in it is waited for. Transactions that read take neither.
    """
    if alone:
        found = _find_base(tx, base, base_queries.base_alone, base_queries.base_alone_by_name)
    elif shared:
        found = _find_base(tx, base, base_queries.base_shared, base_queries.base_shared_by_name)
    else:
        found = open_base(tx, base)
    if tx.reach == "own" and found.created_by != tx.scope.actor_id:
        raise BaseReadOnly(found.id)
    if found.workspace_id is not None:
        check_workspace(tx, found.workspace_id, writing=True)
    return found


def _find_base(
    tx: Transaction, base: UUID | str, by_id: Query[KnowledgeBase], by_name: Query[KnowledgeBase]
) -> KnowledgeBase:
    found = None
    identifier = _as_id(base)
    if identifier is not None:
        found = tx.first(by_id, {"base_id": identifier})
    elif isinstance(base, str):
        found = tx.first(by_name, {"name": base})
    if found is None:
        raise BaseNotFound(base)
    return found


def find_document(tx: Transaction, document_id: UUID) -> Document:
    """A document that the actor may read. Raises `DocumentNotFound`."""
    found = tx.first(queries.document, {"document_id": document_id})
    if found is None:
        raise DocumentNotFound(document_id)
    return found


def editable_document(tx: Transaction, document_id: UUID) -> tuple[Document, KnowledgeBase]:
    """A document that the actor may change, and its base; nobody else changes it until the transaction ends."""
    tx.all(base_queries.wait_for_turn, {"turn": f"document {document_id}"})
    found = find_document(tx, document_id)
    return found, editable_base(tx, found.base_id, shared=True)


def _as_id(value: UUID | str) -> UUID | None:
    if isinstance(value, UUID):
        return value
    if not isinstance(value, str):
        raise InvalidInput(f"base: {value!r:.80} is neither an id nor a name", field="base")
    check_text(value, field="base", most_bytes=NAME_BYTES)
    try:
        return UUID(value)
    except ValueError:
        return None
