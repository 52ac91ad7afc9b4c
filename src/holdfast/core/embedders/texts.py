"""Vectors of what waits for them: asked for outside transactions, and what came of a step."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from holdfast.core.embedders.at_hand import Pair
from holdfast.core.embedders.errors import NoEmbedderSet, TextTooLong
from holdfast.core.embedders.models import Vector

SHORTEST = 16
STEP = 2_000
"""The texts of one step, unless another number is asked for."""
MOST_STEP = 100_000


@dataclass(frozen=True, kw_only=True)
class VectorReport:
    """What a step has done: texts `embedded` by it, and those that still wait (`pending`) within the caller's reach."""

    embedder: str
    embedded: int
    pending: int
    done: bool


def check_set(recorded: str | None, setting: str) -> str:
    """The embedder that a setting names. Raises `NoEmbedderSet`."""
    if recorded is None:
        raise NoEmbedderSet(setting)
    return recorded


def embed(pair: Pair, texts: Mapping[UUID, str]) -> dict[UUID, Vector]:
    """A vector for each text; of one that is longer than the model reads, for its beginning. Never in a transaction.

    Raises `EmbedderFailed` or one of its family.
    """
    ids, asked = list(texts), list(texts.values())
    while asked:
        try:
            return dict(zip(ids, pair.documents.embed(asked), strict=True))
        except TextTooLong as error:
            if len(asked[error.index]) <= SHORTEST:
                raise
            asked[error.index] = asked[error.index][: len(asked[error.index]) // 2]
    return {}
