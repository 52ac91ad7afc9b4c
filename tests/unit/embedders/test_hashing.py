"""The embedder without a model: the same everywhere, near for shared spelling."""

import math

import pytest

from holdfast.core.embedders import Embedder, HashingEmbedder, InvalidEmbedder, embedder_from
from holdfast.core.embedders.prefixes import known_prefixes
from holdfast.core.settings import Settings


def nearness(first: str, second: str) -> float:
    one, other = HashingEmbedder().embed([first, second])
    return sum(a * b for a, b in zip(one, other, strict=True))


def test_texts_that_share_words_or_parts_of_them_are_near():
    assert nearness("connection pool", "pool of connections") > 0.4
    assert (
        nearness("database connection", "the databases connect")
        > nearness("database connection", "roast chicken") + 0.2
    )
    assert nearness("知识库的搜索", "知识库") > 0.15
    assert nearness("Größe", "grösse") == pytest.approx(1)


def test_vectors_are_of_unit_length_and_the_same_everywhere():
    embedder = embedder_from("hashing:256", settings=Settings())
    assert isinstance(embedder, Embedder) and (embedder.name, embedder.dimension) == ("hashing:256", 256)
    for text in ("", " ", "a", "the", "\ud800", "x" * 10_000, "word " * 5_000):
        (vector,) = embedder.embed([text])
        assert len(vector) == 256 and math.hypot(*vector) == pytest.approx(1, abs=1e-5)
    assert embedder.embed(["lend"], kind="query") == embedder.embed(["lend"])
    told = {place: round(value, 4) for place, value in enumerate(embedder.embed(["lend"])[0]) if value}
    assert told == KNOWN


KNOWN = {
    0: 0.2357,
    3: 0.2357,
    14: 0.2357,
    15: -0.2357,
    19: 0.2357,
    145: 0.7071,
    163: 0.2357,
    179: -0.2357,
    188: -0.2357,
    227: -0.2357,
}


def test_a_dimension_without_sense_is_refused():
    for dimension in (0, 15, 4_097):
        with pytest.raises(InvalidEmbedder):
            HashingEmbedder(dimension)


@pytest.mark.parametrize(
    ("model", "document", "query"),
    [
        ("nomic-embed-text:v1.5", "search_document: ", "search_query: "),
        ("nomic-ai/nomic-embed-text-v1.5", "search_document: ", "search_query: "),
        ("intfloat/multilingual-e5-small", "passage: ", "query: "),
        ("BAAI/bge-small-en-v1.5", "", "Represent this sentence for searching relevant passages: "),
        ("bge-m3", "", ""),
        ("text-embedding-3-small", "", ""),
    ],
)
def test_well_known_models_get_the_prefixes_they_want(model, document, query):
    found = known_prefixes(model)
    assert (found.document, found.query) == (document, query)
