"""What an embedder is."""

from array import array
from collections.abc import Sequence
from typing import Literal, Protocol, TypeAlias, runtime_checkable

Kind = Literal["document", "query"]
"""Some models are told which of the two a text is, and find better for it."""
Vector: TypeAlias = "array[float]"
"""A vector of unit length, of typecode "f": four bytes a number, as both engines store it."""


@runtime_checkable
class Embedder(Protocol):
    """Makes vectors from text. Safe to call from several threads at once."""

    name: str
    """Provider and model ("openai:nomic-embed-text"), recorded with every index. No address, no secret."""
    dimension: int | None
    """How many numbers a vector has; None until the first answer told."""

    def embed(self, texts: Sequence[str], *, kind: Kind = "document") -> list[Vector]:
        """One vector of unit length for each text, in their order. Never inside a transaction: it can take minutes.

        Raises `EmbedderFailed` or one of its family; there is no answer in part.
        """
        ...
