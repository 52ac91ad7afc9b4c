"""A small model of meaning whose weights come with its package: nothing is fetched, no server is asked.

It is the table of token vectors of a large language model, trained further and averaged over a text (16 MB, 256
numbers). It knows that a home loan is borrowing for a house; it does not know the order of words. English mostly.
"""

import logging
from collections.abc import Sequence
from pathlib import Path

from holdfast.core.embedders.checking import checked
from holdfast.core.embedders.errors import EmbedderFailed, InvalidEmbedder
from holdfast.core.embedders.models import Kind, Vector

_nothing = logging.NullHandler()
logging.getLogger().addHandler(_nothing)  # the package would set up the application's logging when it is imported
try:
    import wordllama
finally:
    logging.getLogger().removeHandler(_nothing)

DIMENSION = 256


class WordLlamaEmbedder:
    """The embedder `wordllama:256`. Some tens of microseconds a text; a text of any length is taken whole."""

    def __init__(self, dimension: int = DIMENSION) -> None:
        if dimension != DIMENSION:
            raise InvalidEmbedder(f"wordllama has {DIMENSION} dimensions, got {dimension!r:.20}")
        self.name = f"wordllama:{dimension}"
        self.dimension: int | None = dimension
        self._model = wordllama.WordLlama.load(
            dim=dimension, cache_dir=Path(wordllama.__file__).parent, disable_download=True
        )

    def embed(self, texts: Sequence[str], *, kind: Kind = "document") -> list[Vector]:
        """One vector of unit length for each text, the same for both kinds. Raises `EmbedderFailed`."""
        if not texts:
            return []
        try:
            found = self._model.embed(list(texts), norm=True).tolist()
        except (RuntimeError, ValueError) as error:
            raise EmbedderFailed(self.name, f"the model failed ({type(error).__name__})") from None
        return checked(self.name, found, count=len(texts), dimension=DIMENSION)
