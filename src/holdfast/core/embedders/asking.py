"""One request to a server of embeddings, repeated while that can help and there is time.

What the HTTP library raises is not passed on: it keeps the request, and with it the key and the texts.
"""

import random
import time
import weakref
from collections.abc import Callable
from dataclasses import dataclass, field

import httpx

from holdfast.core.embedders.errors import EmbedderUnavailable
from holdfast.core.retries import retry_after

ANSWER_BYTES = 256 * 1024 * 1024
_AGAIN = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 529})
_FIRST_WAIT, _LONGEST_WAIT = 0.5, 20.0

Guard = Callable[[Callable[[], "Answer"]], "Answer"]
"""A circuit breaker: calls what it is given, which raises `NoAnswer` when the server is not well; or raises at once."""


@dataclass(frozen=True)
class Answer:
    """What a server said, or the `problem` why there is nothing; `wait`: the seconds it asks to be left alone."""

    status: int
    raw: bytes = field(repr=False)
    problem: str | None = None
    wait: float | None = None

    @property
    def again(self) -> bool:
        """Whether it may say something else when it is asked again."""
        return self.problem is not None or self.status in _AGAIN


class NoAnswer(Exception):
    """The server does not answer, or says that it cannot now. Never leaves this module but for a guard's eyes."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.problem or f"answered {answer.status}")
        self.answer = answer


@dataclass
class Deadline:
    """When a call must be over. Set back when it has failed, so that what is still asked for it ends."""

    at: float

    def left(self) -> float:
        """Seconds."""
        return self.at - time.monotonic()


@dataclass(frozen=True, kw_only=True)
class Patience:
    """How often a request is sent, and how long one may take, in seconds."""

    attempts: int
    seconds: float


class Asker:
    """Sends requests over kept connections. Safe in several threads."""

    def __init__(self, url: str, *, api_key: str | None, name: str, patience: Patience, guard: Guard | None) -> None:
        headers = {"Accept": "application/json"} | ({"Authorization": f"Bearer {api_key}"} if api_key else {})
        self._client = httpx.Client(headers=headers, follow_redirects=False, timeout=patience.seconds)
        self.close = weakref.finalize(self, self._client.close)
        """Close the connections; done in any case when nobody has this any more."""
        self._url, self._name, self._patience = url, name, patience
        self._guard = guard or (lambda call: call())

    def ask(self, body: dict[str, object], deadline: Deadline) -> Answer:
        """The first answer that asking again would not change. Raises `EmbedderUnavailable` when there is none."""
        attempt = 0
        while True:
            attempt += 1
            try:
                return self._guard(lambda: self._well(body, deadline))
            except NoAnswer as error:
                answer = error.answer
            wait = _wait(attempt, answer.wait)
            if attempt >= self._patience.attempts or wait > deadline.left():
                raise self._unavailable(answer, attempt)
            time.sleep(wait)

    def _unavailable(self, answer: Answer, attempts: int) -> EmbedderUnavailable:
        said = answer.problem or f"answered {answer.status}"
        times = "once" if attempts == 1 else f"{attempts} times"
        text = f"{said}, asked {times}; see whether it runs and has room, and ask again later"
        return EmbedderUnavailable(self._name, text, answer_status=answer.status or None)

    def _well(self, body: dict[str, object], deadline: Deadline) -> Answer:
        answer = self._once(body, deadline)
        if answer.again:
            raise NoAnswer(answer)
        return answer

    def _once(self, body: dict[str, object], deadline: Deadline) -> Answer:
        """One request, its answer read until the deadline at the latest."""
        left = min(self._patience.seconds, deadline.left())
        if left <= 0:
            return Answer(0, b"", "there was no time left")
        until = time.monotonic() + left
        try:
            with self._client.stream("POST", self._url, json=body, timeout=left) as response:
                raw = bytearray()
                for piece in response.iter_bytes():
                    raw += piece
                    if time.monotonic() > until or deadline.left() < 0:
                        return Answer(response.status_code, b"", "did not end its answer in time")
                    if len(raw) > ANSWER_BYTES:
                        return Answer(response.status_code, b"", "answered without end")
                return Answer(response.status_code, bytes(raw), wait=retry_after(response.headers.get("retry-after")))
        except httpx.TimeoutException:
            return Answer(0, b"", "did not answer in time")
        except (httpx.HTTPError, httpx.StreamError, OSError) as error:
            return Answer(0, b"", f"cannot be reached or broke off ({type(error).__name__})")


def _wait(attempt: int, told: float | None) -> float:
    """How long to wait: as long as the server says, and longer each time, by chance so that not all come at once."""
    longest = min(_FIRST_WAIT * 2 ** (attempt - 1), _LONGEST_WAIT)
    chosen: float = longest * random.uniform(0.5, 1.0)
    return max(told or 0.0, chosen)
