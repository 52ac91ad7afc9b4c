"""What some models want to stand before a text, so that they know which kind it is.

Without it they find less. The table holds what the models' own documentation says; a model that is not in it gets none.
"""

import hashlib
from dataclasses import dataclass

from holdfast.core.embedders.models import Kind


@dataclass(frozen=True, kw_only=True, slots=True)
class Prefixes:
    """What is put before each text that is embedded."""

    document: str = ""
    query: str = ""

    def before(self, kind: Kind) -> str:
        """The prefix of this kind of text."""
        return self.query if kind == "query" else self.document

    def mark(self, usual: "Prefixes") -> str:
        """What an embedder's name ends in when these are not the usual ones: they make other vectors."""
        if self == usual:
            return ""
        return "+" + hashlib.sha256(f"{self.document}\0{self.query}".encode()).hexdigest()[:8]


NONE = Prefixes()
_INSTRUCTED = Prefixes(query="Represent this sentence for searching relevant passages: ")
KNOWN: tuple[tuple[str, Prefixes], ...] = (
    ("nomic-embed-text", Prefixes(document="search_document: ", query="search_query: ")),
    ("nomic-embed-vision", NONE),
    ("modernbert-embed", Prefixes(document="search_document: ", query="search_query: ")),
    ("multilingual-e5-large-instruct", NONE),
    ("e5-mistral", NONE),
    ("multilingual-e5", Prefixes(document="passage: ", query="query: ")),
    ("e5-", Prefixes(document="passage: ", query="query: ")),
    ("bge-m3", NONE),
    ("bge-small-en", _INSTRUCTED),
    ("bge-base-en", _INSTRUCTED),
    ("bge-large-en", _INSTRUCTED),
    ("mxbai-embed", _INSTRUCTED),
    ("snowflake-arctic-embed", _INSTRUCTED),
    ("embeddinggemma", Prefixes(document="title: none | text: ", query="task: search result | query: ")),
)
"""Beginnings of models' names, without what stands before a slash; the first that fits counts."""


def known_prefixes(model: str) -> Prefixes:
    """The prefixes of a well-known model; none for another."""
    name = model.rpartition("/")[2].lower()
    return next((prefixes for beginning, prefixes in KNOWN if name.startswith(beginning)), NONE)
