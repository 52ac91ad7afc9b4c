"""Embeddings of any server that speaks OpenAI's protocol: OpenAI, Ollama, vLLM, LM Studio, llama.cpp.

POST {base}/embeddings {"model", "input": [texts], "encoding_format": "base64"} → {"data": [{"index", "embedding"}]}.
Numbers come in base64 where the server can; one that refuses it is asked for plain numbers from then on.
"""

import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from holdfast.core.embedders.answers import error_of, vectors_in
from holdfast.core.embedders.asking import Answer, Asker, Deadline, Guard, Patience
from holdfast.core.embedders.batching import batches
from holdfast.core.embedders.checking import checked
from holdfast.core.embedders.errors import EmbedderFailed, EmbedderMismatch, InvalidEmbedder, TextTooLong
from holdfast.core.embedders.models import Kind, Vector
from holdfast.core.embedders.prefixes import Prefixes, known_prefixes
from holdfast.core.errors import InvalidInput
from holdfast.core.settings import Settings
from holdfast.core.urls import check_url

_TOO_LONG = ("context length", "maximum context", "too long", "too large", "exceeds", "max_model_len", "token limit")
_STATUSES_OF_TOO_LONG = frozenset({400, 413, 422, 500})
"""Ollama and llama.cpp say it with 500."""


class OpenAIEmbedder:
    """The embedder `openai:MODEL@URL`. Keeps connections open until `close`; safe in several threads."""

    def __init__(
        self,
        model: str,
        url: str,
        *,
        api_key: str | None = None,
        dimension: int | None = None,
        prefixes: Prefixes | None = None,
        guard: Guard | None = None,
        settings: Settings = Settings(),  # noqa: B008  it is frozen
    ) -> None:
        """`url` is the base that ends in /v1, https, or http to this machine itself.

        `dimension` is what the vectors must have, as an index recorded it; None: the first answer tells. `prefixes`
        are put before texts, None for those of a well-known model (`prefixes.KNOWN`).
        """
        usual = known_prefixes(model)
        self._prefixes = usual if prefixes is None else prefixes
        self.name = f"openai:{model}{self._prefixes.mark(usual)}"
        self.dimension = dimension
        self._model, self._settings = model, settings
        self._lock = threading.Lock()
        self._base64 = True
        patience = Patience(attempts=settings.embedder_attempts, seconds=settings.embedder_seconds)
        address = f"{_base(url)}/embeddings"
        self._asker = Asker(address, api_key=_key(api_key), name=self.name, patience=patience, guard=guard)

    def embed(self, texts: Sequence[str], *, kind: Kind = "document") -> list[Vector]:
        """One vector of unit length for each text, in their order; see `Embedder.embed`.

        Asks in batches (`embedder_batch` texts, `embedder_batch_bytes`), `embedder_concurrency` at once.
        Raises `EmbedderUnavailable` when it does not answer, `TextTooLong` when the model reads no text so long,
        `EmbedderMismatch` when the dimension changed, `EmbedderFailed` for any other answer that is no vectors.
        """
        before = self._prefixes.before(kind)
        prepared = [before + (text if text.strip() else "-") for text in texts]  # servers refuse an empty text
        sizes = [len(text.encode()) for text in prepared]
        limits = self._settings
        parts = batches(sizes, most=limits.embedder_batch, most_bytes=limits.embedder_batch_bytes)
        deadline = Deadline(time.monotonic() + limits.embedder_total_seconds)
        if len(parts) < 2:
            return [vector for part in parts for vector in self._batch(prepared, part, deadline)]
        pool = ThreadPoolExecutor(min(limits.embedder_concurrency, len(parts)), "holdfast-embedder")
        try:
            asked = [pool.submit(self._batch, prepared, part, deadline) for part in parts]
            return [vector for one in asked for vector in one.result()]
        finally:  # after a failure the others are not begun, and those under way end soon
            deadline.at = 0.0
            pool.shutdown(wait=False, cancel_futures=True)

    def close(self) -> None:
        """Close the connections."""
        self._asker.close()

    def _batch(self, texts: Sequence[str], part: range, deadline: Deadline) -> list[Vector]:
        wanted = list(texts[part.start : part.stop])
        answer = self._answer(wanted, deadline)
        if answer.status != 200:
            if len(wanted) > 1 and _is_too_long(answer):
                return self._one_by_one(texts, part, deadline)
            raise self._refused(answer, texts, part)
        vectors = vectors_in(self.name, answer.raw, count=len(wanted))
        found = checked(self.name, vectors, count=len(wanted), dimension=self.dimension)
        self._settle_dimension(found)
        return found

    def _one_by_one(self, texts: Sequence[str], part: range, deadline: Deadline) -> list[Vector]:
        """Some servers mean the batch, others one text in it; asked alone, each text shows which."""
        half = (part.start + part.stop) // 2
        parts = (range(part.start, half), range(half, part.stop))
        return [vector for one in parts for vector in self._batch(texts, one, deadline)]

    def _answer(self, texts: list[str], deadline: Deadline) -> Answer:
        body: dict[str, object] = {"model": self._model, "input": texts}
        if not self._base64:
            return self._asker.ask(body, deadline)
        answer = self._asker.ask(body | {"encoding_format": "base64"}, deadline)
        if answer.status in (400, 422, 501) and not _is_too_long(answer):
            plain = self._asker.ask(body, deadline)
            self._base64 = plain.status != 200
            return plain
        return answer

    def _refused(self, answer: Answer, texts: Sequence[str], part: range) -> EmbedderFailed:
        if len(part) == 1 and _is_too_long(answer):
            return TextTooLong(self.name, part.start, len(texts[part.start]), answer_status=answer.status)
        advice = {401: "give the right key", 403: "give a key that may", 404: "see whether it has this model"}
        what = advice.get(answer.status, "see the server's log")
        return EmbedderFailed(self.name, f"answered {answer.status}; {what}", answer_status=answer.status)

    def _settle_dimension(self, found: Sequence[Vector]) -> None:
        with self._lock:
            if self.dimension is None:
                self.dimension = len(found[0])
            elif len(found[0]) != self.dimension:
                raise EmbedderMismatch(self.name, self.dimension, len(found[0]))


def _is_too_long(answer: Answer) -> bool:
    code, message = error_of(answer.raw)
    if answer.status == 413 or code == "context_length_exceeded":
        return True
    return answer.status in _STATUSES_OF_TOO_LONG and any(words in message for words in _TOO_LONG)


def _base(url: str) -> str:
    try:
        return check_url(url, field="embedder").rstrip("/").removesuffix("/embeddings")
    except InvalidInput as error:
        raise InvalidEmbedder(str(error).removeprefix("embedder: ")) from None


def _key(key: str | None) -> str | None:
    if key is not None and not (key.isascii() and key.isprintable() and key.strip() == key and key):
        raise InvalidEmbedder("the key holds spaces or characters that no key has")
    return key
