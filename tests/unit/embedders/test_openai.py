"""Embeddings over OpenAI's protocol: in order, complete, of one dimension and finite, or a named error."""

import math
import time
import traceback

import pytest
from support.embedding_server import MODEL, EmbeddingServer

from holdfast.core.embedders import (
    EmbedderFailed,
    EmbedderMismatch,
    EmbedderUnavailable,
    HashingEmbedder,
    InvalidEmbedder,
    Prefixes,
    TextTooLong,
    embedder_from,
)
from holdfast.core.embedders.asking import NoAnswer
from holdfast.core.settings import Settings

TEXTS = ["the secret of lending", "roast chicken", "a lender's secret"]
QUICK = Settings(embedder_attempts=2, embedder_seconds=1, embedder_total_seconds=5)


@pytest.fixture
def server():
    with EmbeddingServer() as server:
        yield server


@pytest.fixture
def embedder(server):
    embedder = embedder_from(server.spec, settings=QUICK)
    yield embedder
    embedder.close()


@pytest.mark.parametrize("mode", ["right", "base64", "no base64", "shuffled"])
def test_there_is_one_vector_of_unit_length_for_each_text_in_order(server, embedder, mode):
    server.mode = mode
    assert embedder.dimension is None
    vectors = embedder.embed(TEXTS)
    assert [list(vector) for vector in vectors] == [
        pytest.approx(list(v), abs=1e-6) for v in HashingEmbedder(64).embed(TEXTS)
    ]
    assert all(math.hypot(*vector) == pytest.approx(1, abs=1e-6) and vector.typecode == "f" for vector in vectors)
    assert (embedder.name, embedder.dimension) == (f"openai:{MODEL}", 64)
    assert embedder.embed([]) == []


def test_a_server_without_base64_is_asked_for_numbers_from_then_on(server, embedder):
    server.mode = "no base64"
    embedder.embed(TEXTS)
    embedder.embed(TEXTS)
    assert ["encoding_format" in request for request in server.requests] == [True, False, False]


@pytest.mark.parametrize("mode", ["wrong dimension", "other dimensions"])
def test_another_dimension_is_refused(server, embedder, mode):
    embedder.embed(TEXTS)
    server.mode = mode
    with pytest.raises(EmbedderMismatch, match="where 64 are expected") as caught:
        embedder.embed(TEXTS)
    assert (caught.value.expected, caught.value.code) == (64, "embedder_mismatch")


def test_the_dimension_of_an_index_is_held_from_the_first_answer_on(server):
    embedder = embedder_from(server.spec, settings=QUICK, dimension=768)
    with pytest.raises(EmbedderMismatch, match="vectors of 64 numbers where 768 are expected"):
        embedder.embed(TEXTS)


@pytest.mark.parametrize(
    ("mode", "said"),
    [
        ("nan", "NaN"), ("zero", "all zero"), ("text in a vector", "no list of numbers"),
        ("empty", "0 vectors for 3 texts"), ("wrong count", "2 vectors for 3 texts"), ("wrong index", "wrongly"),
        ("html", "a page of HTML"), ("not JSON", "not JSON"), ("no data", "without a list of vectors"),
        ("401", "answered 401; give the right key"), ("400", "answered 400"), ("redirect", "answered 307"),
    ],
)  # fmt: skip
def test_what_is_no_vectors_is_refused_without_the_texts(server, embedder, mode, said):
    server.mode = mode
    with pytest.raises(EmbedderFailed, match=said) as caught:
        embedder.embed(TEXTS)
    assert not any(word in "".join(traceback.format_exception(caught.value)) for word in ("secret of", "chicken"))
    assert caught.value.__cause__ is None
    assert embedder.dimension is None


@pytest.mark.parametrize(("mode", "status"), [("500", 500), ("429", 429), ("dies", None), ("trickle", 200)])
def test_a_server_that_is_not_well_is_unavailable_in_time(server, embedder, mode, status):
    server.mode, server.retry_after = mode, "0"
    began = time.monotonic()
    with pytest.raises(EmbedderUnavailable, match="asked twice|asked 2 times") as caught:
        embedder.embed(TEXTS)
    assert time.monotonic() - began < 10
    assert caught.value.status == 503 and "secret" not in str(caught.value)
    assert len(server.requests) == 2


def test_a_server_that_hangs_or_is_not_there_is_unavailable(server, embedder):
    server.seconds = 30
    began = time.monotonic()
    with pytest.raises(EmbedderUnavailable, match="did not answer in time"):
        embedder.embed(TEXTS)
    assert time.monotonic() - began < 10
    gone = embedder_from("openai:m@http://127.0.0.1:9/v1", settings=QUICK)
    with pytest.raises(EmbedderUnavailable, match="cannot be reached"):
        gone.embed(["x"])


@pytest.mark.parametrize("mode", ["429 once", "503 once"])
def test_it_asks_again_after_as_long_as_the_server_wants(server, embedder, mode):
    server.mode, server.retry_after = mode, "1.5"
    began = time.monotonic()
    assert len(embedder.embed(TEXTS)) == 3
    assert time.monotonic() - began >= 1.5
    assert len(server.requests) == 2


def test_a_wait_beyond_the_deadline_is_not_waited(server, embedder):
    server.mode, server.retry_after = "429 once", "3600"
    began = time.monotonic()
    with pytest.raises(EmbedderUnavailable, match="answered 429"):
        embedder.embed(TEXTS)
    assert time.monotonic() - began < 3


def test_many_texts_go_in_batches_a_few_at_once(server):
    server.seconds = 0.05
    embedder = embedder_from(server.spec, settings=Settings(embedder_batch=10, embedder_concurrency=3))
    texts = [f"text number {n}" for n in range(95)]
    vectors = embedder.embed(texts)
    assert [list(v) for v in vectors] == [pytest.approx(list(v), abs=1e-6) for v in HashingEmbedder(64).embed(texts)]
    assert len(server.requests) == 10
    assert 1 < server.most_at_once <= 3


def test_batches_are_limited_by_bytes_too(server):
    embedder = embedder_from(server.spec, settings=Settings(embedder_batch_bytes=100, embedder_concurrency=1))
    embedder.embed(["é" * 30] * 3 + ["x" * 300, "y"])
    assert sorted(len(request["input"]) for request in server.requests) == [1] * 5


def test_a_failed_batch_fails_the_call_and_ends_the_others(server):
    server.mode = "400"
    embedder = embedder_from(server.spec, settings=Settings(embedder_batch=1, embedder_concurrency=2))
    with pytest.raises(EmbedderFailed):
        embedder.embed(["x"] * 50)
    assert len(server.requests) < 20


def test_a_text_that_is_too_long_is_named_by_its_place(server, embedder):
    server.mode = "too long"
    with pytest.raises(TextTooLong, match=r"text 2 \(2,001 characters\)") as caught:
        embedder.embed(["short", "short", "x" * 2_001, "short"])
    assert (caught.value.index, caught.value.answer_status, caught.value.code) == (2, 400, "embedder_text_too_long")


def test_a_batch_that_is_too_long_is_halved(server, embedder):
    server.mode = "too long batch"
    texts = [f"{n} " * 300 for n in range(8)]
    assert len(embedder.embed(texts)) == 8


def test_prefixes_are_those_the_model_wants(server):
    embedder = embedder_from(server.spec, settings=QUICK, prefixes=Prefixes(document="doc: ", query="query: "))
    embedder.embed(["a"])
    embedder.embed(["b"], kind="query")
    assert [request["input"] for request in server.requests] == [["doc: a"], ["query: b"]]
    assert embedder.name.startswith(f"openai:{MODEL}+"), "other prefixes make other vectors"


def test_the_key_is_sent_and_never_shown(server, monkeypatch):
    server.api_key = "sk-planted"
    environment = {"HOLDFAST_EMBEDDER_KEY": "sk-planted"}
    embedder = embedder_from(server.spec, settings=QUICK, environment=environment)
    assert len(embedder.embed(["x"])) == 1
    assert "sk-planted" not in repr(vars(embedder)) + embedder.name
    server.api_key = "sk-another"
    with pytest.raises(EmbedderFailed) as caught:
        embedder.embed(["x"])
    assert "sk-planted" not in "".join(traceback.format_exception(caught.value))
    openai_only = embedder_from(server.spec, settings=QUICK, environment={"OPENAI_API_KEY": "sk-another"})
    with pytest.raises(EmbedderFailed, match="401"):
        openai_only.embed(["x"])  # the key of OpenAI goes to OpenAI alone


def test_a_guard_sees_failures_and_can_refuse(server):
    seen = []

    def guard(call):
        if len(seen) > 1:
            raise RuntimeError("open")
        try:
            return call()
        except NoAnswer as error:
            seen.append(str(error))
            raise

    server.mode = "500"
    embedder = embedder_from(server.spec, settings=Settings(embedder_attempts=5), guard=guard)
    with pytest.raises(RuntimeError, match="open"):
        embedder.embed(["x"])
    assert seen == ["answered 500", "answered 500"]


def test_an_empty_text_gets_a_vector_of_its_own(server, embedder):
    assert len(embedder.embed(["", "  "])) == 2


@pytest.mark.parametrize(
    "spec",
    [
        "openai:", "openai:m@", "nosuch:m", "m", "", "openai:m@http://far.test/v1", "openai:m@https://user:secret@far.test/v1",
        "openai:m@nonsense", "openai:m m@https://far.test/v1", "hashing:", "hashing:x", "hashing:8",
        "hashing:99999", "fastembed:m@x",
    ],
)  # fmt: skip
def test_a_name_that_is_none_is_refused_without_its_secrets(spec):
    if spec == "openai:m@":
        assert embedder_from(spec, settings=QUICK).name == "openai:m"
        return
    with pytest.raises(InvalidEmbedder) as caught:
        embedder_from(spec, settings=QUICK)
    assert "secret" not in str(caught.value)


def test_a_key_that_is_none_is_refused():
    with pytest.raises(InvalidEmbedder):
        embedder_from("openai:m", settings=QUICK, api_key="two\nlines")
    given = HashingEmbedder(64)
    assert embedder_from(given, settings=QUICK) is given
    assert embedder_from(None, settings=QUICK) is None
