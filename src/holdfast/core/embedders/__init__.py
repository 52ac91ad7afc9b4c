"""Embedders: who makes vectors from text.

embedder = embedder_from("openai:nomic-embed-text@http://127.0.0.1:11434/v1", settings=settings)
vectors = embedder.embed(["a text", "another"])
"""

from .at_hand import Embedders, Pair
from .choosing import embedder_from
from .errors import (
    EmbedderFailed,
    EmbedderMismatch,
    EmbedderMissing,
    EmbedderUnavailable,
    EmbedderUnknown,
    InvalidEmbedder,
    TextTooLong,
)
from .hashing import HashingEmbedder
from .models import Embedder, Kind, Vector
from .prefixes import Prefixes

__all__ = [
    "Embedder",
    "EmbedderFailed",
    "EmbedderMismatch",
    "EmbedderMissing",
    "EmbedderUnavailable",
    "EmbedderUnknown",
    "Embedders",
    "HashingEmbedder",
    "InvalidEmbedder",
    "Kind",
    "Pair",
    "Prefixes",
    "TextTooLong",
    "Vector",
    "embedder_from",
]
