"""Knowledge: documents read, cut into pieces, searched by those who may read them, and cited."""

from holdfast.domains.knowledge import contexts, workspaces  # noqa: F401  # they register what they do
from holdfast.domains.knowledge.actions import Knowledge
from holdfast.domains.knowledge.models import (
    Chunk,
    Document,
    EmbeddingReport,
    FolderReport,
    KnowledgeBase,
    KnowledgeReport,
    LoggedRetrieval,
    PassageHit,
    Retrieval,
)

__all__ = [
    "Chunk",
    "Document",
    "EmbeddingReport",
    "FolderReport",
    "Knowledge",
    "KnowledgeBase",
    "KnowledgeReport",
    "LoggedRetrieval",
    "PassageHit",
    "Retrieval",
]
