"""The vectors of a question: asked for before a transaction, never in one, and never the reason why a search fails."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

from holdfast.core.embedders.at_hand import Embedders
from holdfast.core.embedders.errors import EmbedderFailed
from holdfast.core.embedders.models import Vector
from holdfast.core.errors import Unavailable
from holdfast.core.results import SearchMode, WantedMode

_LEFT_OUT = re.compile(r'(?<!\S)-("[^"]*"|\S+)')
_SIGNS = re.compile(r'["*]')


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What the embedders made of a question: a vector by each one's name, or the reason why there is none."""

    vectors: Mapping[str, Vector] = field(default_factory=dict)
    notes: Mapping[str, str] = field(default_factory=dict)
    milliseconds: float = 0.0
    outside: Any = None
    """What outside indexes said of it, for those who asked them."""


def ask(embedders: Embedders, wanted: Mapping[str, str], question: str) -> Asked:
    """The question's vector of each embedder, recorded texts by the name their vectors have.

    Raises nothing: what failed is in the notes.
    """
    began, made, notes = perf_counter(), {}, {}
    text = plain(question)
    for name, recorded in wanted.items():
        try:
            (made[name],) = embedders.find(recorded).questions.embed([text], kind="query")
        except (EmbedderFailed, Unavailable) as error:
            notes[name] = f"searched by words alone; {error}"
    return Asked(vectors=made, notes=notes, milliseconds=1000 * (perf_counter() - began))


def way(wanted: WantedMode, asked: Asked) -> SearchMode:
    """How to search, as far as the question has vectors."""
    if not asked.vectors:
        return "lexical"
    return "hybrid" if wanted == "auto" else wanted


def plain(question: str) -> str:
    """A question without the signs of the query language, and without what it leaves out."""
    return " ".join(_SIGNS.sub(" ", _LEFT_OUT.sub(" ", question)).split()) or question
