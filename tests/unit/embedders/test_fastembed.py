"""A real model, as small as one can be, run by fastembed: an embedding of nine words, made here, in ONNX."""

import json
from pathlib import Path
from typing import Any

import numpy
import pytest

from holdfast.core.embedders import EmbedderMismatch, InvalidEmbedder, Prefixes, embedder_from
from holdfast.core.settings import Settings

pytestmark = pytest.mark.xdist_group("fastembed")  # fastembed is imported by one worker
WORDS = "[PAD] [UNK] loan lender interest roast chicken lemon query".split()
NAME = "holdfast-tests/nine-words"


def table() -> numpy.ndarray:
    """Vectors of the words: those of lending near each other, those of the kitchen near each other."""
    vectors = numpy.random.default_rng(7).normal(size=(len(WORDS), 16)).astype("float32") * 0.1
    vectors[2:5, 0] += 1
    vectors[5:8, 1] += 1
    return vectors


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Any:
    import onnx  # with those below, takes half a second
    from fastembed import TextEmbedding
    from fastembed.common.model_description import ModelSource, PoolingType
    from tokenizers import Tokenizer, models, pre_tokenizers

    folder = tmp_path_factory.mktemp("model")
    tokenizer = Tokenizer(models.WordLevel({word: n for n, word in enumerate(WORDS)}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.save(str(folder / "tokenizer.json"))
    for name, content in {
        "tokenizer_config.json": {"model_max_length": 64, "pad_token": "[PAD]"},
        "special_tokens_map.json": {"pad_token": "[PAD]", "unk_token": "[UNK]"},
        "config.json": {"pad_token_id": 0},
    }.items():
        (folder / name).write_text(json.dumps(content))
    onnx.save(graph(), str(folder / "model.onnx"))
    TextEmbedding.add_custom_model(NAME, PoolingType.MEAN, True, ModelSource(hf=NAME), 16, "model.onnx")
    return TextEmbedding(NAME, specific_model_path=str(folder), threads=1)


def graph() -> Any:
    from onnx import TensorProto, helper, numpy_helper

    given = helper.make_tensor_value_info("input_ids", TensorProto.INT64, ["texts", "tokens"])
    made = helper.make_tensor_value_info("last_hidden_state", TensorProto.FLOAT, ["texts", "tokens", 16])
    look_up = helper.make_node("Gather", ["table", "input_ids"], ["last_hidden_state"])
    body = helper.make_graph([look_up], "nine words", [given], [made], [numpy_helper.from_array(table(), "table")])
    return helper.make_model(body, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)


def fastembed(*args: Any, **named: Any) -> Any:
    from holdfast.core.embedders.fastembed import FastEmbedder

    return FastEmbedder(*args, **named)


def test_a_model_makes_vectors_that_mean_something(loaded):
    embedder = fastembed(NAME, loaded=loaded)
    assert (embedder.name, embedder.dimension) == (f"fastembed:{NAME}", None)
    loan, lender, lemon = embedder.embed(["loan", "lender interest", "lemon chicken"])
    assert embedder.dimension == len(loan) == 16
    assert numpy.dot(loan, lender) > 0.7 > 0.5 > numpy.dot(loan, lemon)
    assert numpy.linalg.norm(loan) == pytest.approx(1, abs=1e-6)
    assert embedder.embed([]) == []
    assert len(embedder.embed(["loan"] * 200)) == 200


def test_prefixes_and_the_dimension_of_an_index_count_here_too(loaded):
    prefixed = fastembed(NAME, loaded=loaded, prefixes=Prefixes(query="query "))
    assert prefixed.embed(["loan"], kind="query") != prefixed.embed(["loan"])
    with pytest.raises(EmbedderMismatch):
        fastembed(NAME, loaded=loaded, dimension=384).embed(["loan"])


def test_a_model_that_is_not_known_is_refused(tmp_path: Path):
    with pytest.raises(InvalidEmbedder, match="knows no model"):
        embedder_from("fastembed:nosuch/model", settings=Settings())
