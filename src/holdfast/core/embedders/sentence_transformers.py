"""Models of the sentence-transformers library, run in this process. It brings PyTorch, which is large."""

import threading
from collections.abc import Sequence

from holdfast.core.embedders.checking import checked
from holdfast.core.embedders.errors import EmbedderFailed, EmbedderMissing, InvalidEmbedder
from holdfast.core.embedders.models import Kind, Vector
from holdfast.core.embedders.prefixes import Prefixes, known_prefixes


class SentenceTransformersEmbedder:
    """The embedder `sentence-transformers:MODEL`. One call at a time: the model uses every core itself."""

    def __init__(self, model: str, *, prefixes: Prefixes | None = None, dimension: int | None = None) -> None:
        self._prefixes = known_prefixes(model) if prefixes is None else prefixes
        self.name = f"sentence-transformers:{model}" + self._prefixes.mark(known_prefixes(model))
        self.dimension = dimension
        self._lock = threading.Lock()
        try:
            from sentence_transformers import SentenceTransformer  # takes seconds
        except ImportError as error:
            raise EmbedderMissing("sentence-transformers", str(error.name), "sentence-transformers") from error
        try:
            self._model = SentenceTransformer(model)
        except (OSError, ValueError) as error:
            reason = f"sentence-transformers cannot load the model {model!r} ({type(error).__name__})"
            raise InvalidEmbedder(reason) from None

    def embed(self, texts: Sequence[str], *, kind: Kind = "document") -> list[Vector]:
        """One vector of unit length for each text; what exceeds the model's window is cut off by it, silently."""
        before = self._prefixes.before(kind)
        with self._lock:
            try:
                found = self._model.encode([before + text for text in texts], convert_to_numpy=True).tolist()
            except (RuntimeError, ValueError) as error:
                raise EmbedderFailed(self.name, f"the model failed ({type(error).__name__})") from None
            vectors = checked(self.name, found, count=len(texts), dimension=self.dimension)
            if vectors:
                self.dimension = len(vectors[0])
        return vectors
