"""Chroma as an outside vector index: a server, a folder, or a client that the program made."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

import chromadb
from chromadb.config import Settings as ChromaSettings
from chromadb.errors import NotFoundError

from holdfast.core.outside.models import Near

LOT = 1_000
"""So many vectors go in one request."""


class ChromaIndex:
    """Ids and vectors only: no text, no metadata but that the space is cosine; its own embedder is never asked."""

    def __init__(self, client: Any) -> None:
        self._client = client

    @classmethod
    def of(cls, place: str) -> "ChromaIndex":
        """At an address (http, https), or in a folder."""
        quiet = ChromaSettings(anonymized_telemetry=False)
        parts = urlsplit(place)
        if parts.scheme not in ("http", "https"):
            return cls(chromadb.PersistentClient(path=place, settings=quiet))
        port = parts.port or (443 if parts.scheme == "https" else 8000)
        host = parts.hostname or "localhost"
        return cls(chromadb.HttpClient(host=host, port=port, ssl=parts.scheme == "https", settings=quiet))

    def put(self, collection: str, ids: Sequence[str], vectors: Sequence[Sequence[float]]) -> None:
        """See `OutsideIndex`."""
        space = {"hnsw:space": "cosine"}
        kept = self._client.get_or_create_collection(collection, metadata=space, embedding_function=None)
        for start in range(0, len(ids), LOT):
            lot = slice(start, start + LOT)
            kept.upsert(ids=list(ids[lot]), embeddings=[list(vector) for vector in vectors[lot]])

    def nearest(self, collection: str, vector: Sequence[float], k: int) -> list[Near]:
        """See `OutsideIndex`."""
        kept = self._find(collection)
        if kept is None:
            return []
        found = kept.query(query_embeddings=[list(vector)], n_results=k, include=["distances"])
        return [(id_, 1.0 - far) for id_, far in zip(found["ids"][0], found["distances"][0], strict=True)]

    def remove(self, collection: str, ids: Sequence[str]) -> None:
        """See `OutsideIndex`."""
        kept = self._find(collection)
        for start in range(0, len(ids) if kept is not None else 0, LOT):
            kept.delete(ids=list(ids[start : start + LOT]))

    def drop(self, collection: str) -> None:
        """See `OutsideIndex`."""
        try:
            self._client.delete_collection(collection)
        except NotFoundError:
            return

    def _find(self, collection: str) -> Any:
        try:
            return self._client.get_collection(collection, embedding_function=None)
        except NotFoundError:
            return None
