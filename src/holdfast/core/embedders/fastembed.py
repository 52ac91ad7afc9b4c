"""Models in ONNX, run in this process by fastembed. A model is downloaded once, when it is first used."""

import threading
from collections.abc import Sequence

from fastembed import TextEmbedding

from holdfast.core.embedders.checking import checked
from holdfast.core.embedders.errors import EmbedderFailed, InvalidEmbedder
from holdfast.core.embedders.models import Kind, Vector
from holdfast.core.embedders.prefixes import Prefixes, known_prefixes

_BATCH = 64


class FastEmbedder:
    """The embedder `fastembed:MODEL`. One text after another at a time: the model uses every core itself."""

    def __init__(
        self,
        model: str,
        *,
        prefixes: Prefixes | None = None,
        dimension: int | None = None,
        loaded: TextEmbedding | None = None,
    ) -> None:
        """`loaded` is a model that the caller has set up (a folder of its own, a number of threads)."""
        self._prefixes = known_prefixes(model) if prefixes is None else prefixes
        self.name = f"fastembed:{model}" + self._prefixes.mark(known_prefixes(model))
        self.dimension = dimension
        self._lock = threading.Lock()
        self._model = loaded or _loaded(model)

    def embed(self, texts: Sequence[str], *, kind: Kind = "document") -> list[Vector]:
        """One vector of unit length for each text; what exceeds the model's window is cut off by it, silently."""
        before = self._prefixes.before(kind)
        with self._lock:
            try:
                found = [vector.tolist() for vector in self._model.embed([before + text for text in texts], _BATCH)]
            except (RuntimeError, ValueError, OSError) as error:
                raise EmbedderFailed(self.name, f"the model failed ({type(error).__name__})") from None
            vectors = checked(self.name, found, count=len(texts), dimension=self.dimension)
            if vectors:
                self.dimension = len(vectors[0])
        return vectors


def _loaded(model: str) -> TextEmbedding:
    try:
        return TextEmbedding(model)
    except ValueError as error:
        raise InvalidEmbedder(
            f"fastembed knows no model {model!r}, or cannot fetch it ({type(error).__name__})"
        ) from None
