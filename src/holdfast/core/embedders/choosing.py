"""From the text that names an embedder to the embedder."""

import os
import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from holdfast.core.embedders.errors import EmbedderMissing, InvalidEmbedder
from holdfast.core.embedders.hashing import HashingEmbedder
from holdfast.core.embedders.models import Embedder
from holdfast.core.embedders.prefixes import Prefixes
from holdfast.core.settings import Settings

if TYPE_CHECKING:
    from holdfast.core.embedders.asking import Guard  # its HTTP library takes a while to import

OPENAI = "https://api.openai.com/v1"
_MODEL = re.compile(r"[\w.\-/:+]{1,200}")
_FORMS = "openai:MODEL@URL, fastembed:MODEL, sentence-transformers:MODEL, wordllama:256, hashing:256"


def embedder_from(
    spec: "str | Embedder | None",
    *,
    settings: Settings,
    api_key: str | None = None,
    dimension: int | None = None,
    prefixes: Prefixes | None = None,
    guard: "Guard | None" = None,
    environment: Mapping[str, str] = os.environ,
) -> Embedder | None:
    """The embedder that `spec` names; one given as such, and None, come back as they are.

    `openai:MODEL@URL` is any server of OpenAI's protocol, OpenAI itself without a URL. Its key is `api_key`, or in the
    environment HOLDFAST_EMBEDDER_KEY, or for OpenAI itself OPENAI_API_KEY. `fastembed:MODEL` and
    `sentence-transformers:MODEL` run in this process, from an extra, as does `wordllama:256`, which comes with its
    model. `hashing:256` needs nothing and knows no meaning.
    `dimension` is what vectors must have; `guard` a circuit breaker around each request. Raises `InvalidEmbedder`, or
    `EmbedderMissing` when the extra is not installed.
    """
    if spec is None or not isinstance(spec, str):
        return spec
    provider, _, rest = spec.strip().partition(":")
    if provider == "hashing":
        return _hashing(rest)
    model, _, url = rest.partition("@")
    if not _MODEL.fullmatch(model):
        raise InvalidEmbedder(f"is not one of {_FORMS}")
    if provider == "openai":
        from holdfast.core.embedders.openai import OpenAIEmbedder  # its HTTP library takes a while to import

        key = api_key or environment.get("HOLDFAST_EMBEDDER_KEY")
        if (url or OPENAI).startswith("https://api.openai.com/"):  # nobody else's business
            key = key or environment.get("OPENAI_API_KEY")
        return OpenAIEmbedder(
            model, url or OPENAI, api_key=key, dimension=dimension, prefixes=prefixes, guard=guard, settings=settings
        )
    if url or provider not in _LOCAL:
        raise InvalidEmbedder(f"is not one of {_FORMS}")
    return _LOCAL[provider](model, prefixes, dimension)


def _hashing(rest: str) -> Embedder:
    if not (rest.isascii() and rest.isdigit() and len(rest) < 6):
        raise InvalidEmbedder("hashing needs its dimension, as in hashing:256")
    return HashingEmbedder(int(rest))


def _fastembed(model: str, prefixes: Prefixes | None, dimension: int | None) -> Embedder:
    try:
        from holdfast.core.embedders.fastembed import FastEmbedder
    except ImportError as error:
        raise EmbedderMissing("fastembed", str(error.name), "fastembed") from error
    return FastEmbedder(model, prefixes=prefixes, dimension=dimension)


def _sentence_transformers(model: str, prefixes: Prefixes | None, dimension: int | None) -> Embedder:
    from holdfast.core.embedders.sentence_transformers import SentenceTransformersEmbedder

    return SentenceTransformersEmbedder(model, prefixes=prefixes, dimension=dimension)


def _wordllama(model: str, prefixes: Prefixes | None, dimension: int | None) -> Embedder:
    try:
        from holdfast.core.embedders.wordllama import WordLlamaEmbedder
    except ImportError as error:
        raise EmbedderMissing("wordllama", str(error.name), "wordllama") from error
    if not (model.isascii() and model.isdigit() and len(model) < 6):
        raise InvalidEmbedder("wordllama needs its dimension, as in wordllama:256")
    return WordLlamaEmbedder(int(model))


_LOCAL: dict[str, Callable[[str, Prefixes | None, int | None], Embedder]] = {
    "fastembed": _fastembed,
    "sentence-transformers": _sentence_transformers,
    "wordllama": _wordllama,
}
