"""A real model of meaning, as it comes with its package."""

import logging
import subprocess
import sys

import pytest

from holdfast.core.embedders import InvalidEmbedder, embedder_from
from holdfast.core.settings import Settings


@pytest.fixture(scope="module")
def embedder():
    return embedder_from("wordllama:256", settings=Settings())


def likeness(embedder, one, other):
    a, b = embedder.embed([one, other])
    return sum(x * y for x, y in zip(a, b, strict=True))


def test_texts_that_mean_the_same_are_near_though_they_share_no_word(embedder):
    same = likeness(embedder, "borrow money for a house", "home loan")
    assert same > 0.4 > likeness(embedder, "borrow money for a house", "lunch menu") + 0.2


def test_vectors_have_one_length_and_the_same_text_the_same_vector(embedder):
    assert (embedder.name, embedder.dimension) == ("wordllama:256", 256)
    one, other, again = embedder.embed(["a", "b " * 50_000, "a"])
    assert one == again != other
    assert all(abs(sum(x * x for x in vector) - 1) < 1e-5 for vector in (one, other))
    assert embedder.embed([]) == []


@pytest.mark.parametrize("spec", ["wordllama:", "wordllama:64", "wordllama:many", "wordllama:256@http://127.0.0.1"])
def test_there_is_one_dimension(spec):
    with pytest.raises(InvalidEmbedder):
        embedder_from(spec, settings=Settings())


def test_the_applications_logging_stays_as_it_was():
    """In a process of its own: here it was imported long ago."""
    program = (
        "import logging; from holdfast.core.embedders.wordllama import WordLlamaEmbedder; WordLlamaEmbedder();"
        "print(logging.getLogger().handlers, logging.getLogger().level)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == f"[] {logging.WARNING}"
