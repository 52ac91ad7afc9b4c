"""The vectors of a question: asked for before a transaction, never in one, and never the reason why a search fails."""

import re
from array import array
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from time import perf_counter
from typing import TYPE_CHECKING, Any
from uuid import UUID

from holdfast.core.cache.own import own_cache
from holdfast.core.embedders.errors import EmbedderFailed
from holdfast.core.embedders.models import Vector
from holdfast.core.errors import Unavailable
from holdfast.core.results import SearchMode, WantedMode

if TYPE_CHECKING:
    from holdfast.core.database.engine import Engine

_LEFT_OUT = re.compile(r'(?<!\S)-("[^"]*"|\S+)')
_QUICK = ("hashing:", "wordllama:")
"""Those that take no longer than looking up what they made."""
_SIGNS = re.compile(r'["*]')


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What the embedders made of a question: a vector by each one's name, or the reason why there is none."""

    vectors: Mapping[str, Vector] = field(default_factory=dict)
    notes: Mapping[str, str] = field(default_factory=dict)
    milliseconds: float = 0.0
    outside: Any = None
    """What outside indexes said of it, for those who asked them."""


def ask(engine: "Engine", tenant_id: UUID | None, wanted: Mapping[str, str], question: str) -> Asked:
    """The question's vector of each embedder, recorded texts by the name their vectors have.

    One that was asked the same a while ago is not asked again (`embedder_cache_seconds`); only vectors are kept, under
    the tenant and a digest of the question, never what was found. Raises nothing: what failed is in the notes.
    """
    began, made, notes = perf_counter(), {}, {}
    text = plain(question)
    for name, recorded in wanted.items():
        try:
            made[name] = _vector(engine, tenant_id, recorded, text)
        except (EmbedderFailed, Unavailable) as error:
            notes[name] = f"searched by words alone; {error}"
    return Asked(vectors=made, notes=notes, milliseconds=1000 * (perf_counter() - began))


def _vector(engine: "Engine", tenant_id: UUID | None, recorded: str, text: str) -> Vector:
    pair, seconds = engine.embedders.find(recorded), engine.embedders.cache_seconds

    def load() -> bytes:
        (vector,) = pair.questions.embed([text], kind="query")
        return vector.tobytes()

    if not seconds or tenant_id is None or pair.name.startswith(_QUICK):
        return array("f", load())
    key = f"{pair.name} {blake2b(text.encode(), digest_size=32).hexdigest()}"
    return array("f", own_cache(engine, tenant_id).get_or_load("question", key, load, ttl=seconds))


def way(wanted: WantedMode, asked: Asked) -> SearchMode:
    """How to search, as far as the question has vectors."""
    if not asked.vectors:
        return "lexical"
    return "hybrid" if wanted == "auto" else wanted


def plain(question: str) -> str:
    """A question without the signs of the query language, and without what it leaves out."""
    return " ".join(_SIGNS.sub(" ", _LEFT_OUT.sub(" ", question)).split()) or question
