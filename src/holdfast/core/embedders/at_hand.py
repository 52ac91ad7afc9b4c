"""The embedders that a store was opened with, and those that a text names: each made once, and kept.

What is recorded with an index is a text: a name of `Settings.embedders`, or what `embedder_from` reads. So no secret is
recorded, and what lives in the program is given again when the store is opened.
"""

import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace
from time import monotonic
from typing import TYPE_CHECKING
from uuid import UUID

from holdfast.core.embedders.checking import checked
from holdfast.core.embedders.choosing import OPENAI, embedder_from
from holdfast.core.embedders.errors import EmbedderFailed, EmbedderUnknown, InvalidEmbedder
from holdfast.core.embedders.models import Embedder, Kind, Vector
from holdfast.core.errors import HoldfastError
from holdfast.core.resilience import Breakers
from holdfast.core.settings import Settings

if TYPE_CHECKING:
    from holdfast.core.embedders.asking import Guard

MOST_CHARS = 500
GIVEN = "given:"
"""What is recorded of an object begins so; its own name follows, by which it is known again in `Settings.embedders`."""


@dataclass(frozen=True)
class Pair:
    """One embedder, patient with documents; with questions, for which somebody waits, it gives up soon."""

    documents: Embedder
    questions: Embedder

    @property
    def name(self) -> str:
        """What is recorded with the vectors."""
        return self.documents.name

    def expect(self, dimension: int) -> None:
        """Have vectors of another dimension refused, where no answer has told yet: the first might be a wrong one."""
        for one in (self.documents, self.questions):
            if one.dimension is None:
                one.dimension = dimension


class Embedders:
    """The embedders at hand in one open store. Safe in several threads."""

    def __init__(self, settings: Settings, breakers: Breakers | None = None) -> None:
        """`breakers`: those of the store; every server that is asked for vectors gets one."""
        self._settings = settings
        self._breakers = breakers or Breakers()
        self._lock = threading.Lock()
        self._made: dict[str, Pair] = {}
        self._idle: dict[tuple[UUID, str], float] = {}

    @property
    def cache_seconds(self) -> float:
        """For how long a question's vector is kept."""
        return self._settings.embedder_cache_seconds

    def check(self, given: object, *, anywhere: bool) -> str:
        """What to record for an embedder that was asked for: one of the settings, or, `anywhere`, any that text names,
        or an object of the program.

        `anywhere` is for those who hold the store: whoever only sends requests to a server must not choose where that
        sends documents and its key. Raises `EmbedderUnknown`, `InvalidEmbedder`.
        """
        if anywhere and isinstance(given, Embedder) and not isinstance(given, type):
            return self._take(given)
        if not isinstance(given, str) or not 0 < len(given) <= MOST_CHARS:
            raise InvalidEmbedder("a name from Settings.embedders or a text like hashing:256 is needed")
        text = given.strip()
        if text not in self._settings.embedders and not text.startswith("hashing:"):
            if ":" not in text or not anywhere:
                raise EmbedderUnknown(text.partition("@")[0], self._settings.embedders)
            if text.startswith("openai:") and "@" not in text:
                text = f"{text}@{OPENAI}"
        self.find(text)
        return text

    def _take(self, given: Embedder) -> str:
        """Keep an object while the store is open. What is recorded is never read as the name of a server: another
        process that was not given the object must not send its texts anywhere.
        """
        name = given.name
        if not isinstance(name, str) or not 0 < len(name) <= MOST_CHARS - len(GIVEN) or not name.isprintable():
            raise InvalidEmbedder("an object needs a `name`, a text that says which model it is")
        with self._lock:
            known = self._made.get(GIVEN + name)
            if known is None:
                one = Checked(given)
                self._made[GIVEN + name] = Pair(one, one)
            elif not isinstance(known.documents, Checked) or not known.documents.is_of(given):
                raise InvalidEmbedder(f"another object is called {name!r:.80}; give each model a name of its own")
        return GIVEN + name

    def find(self, recorded: str) -> Pair:
        """The embedder of a recorded text. Raises `EmbedderUnknown`, `EmbedderMissing`, `InvalidEmbedder`."""
        with self._lock:
            made = self._made.get(recorded)
            if made is None:
                made = self._made[recorded] = self._make(recorded)
            return made

    def nothing_of(self, tenant_id: UUID, purpose: str, *, seconds: float = 0.0) -> bool:
        """Whether a tenant was seen without a single vector a moment ago; with `seconds`, it was now, for so long."""
        if seconds:
            if len(self._idle) > 10_000:
                self._idle.clear()
            self._idle[tenant_id, purpose] = monotonic() + seconds
        return self._idle.get((tenant_id, purpose), 0.0) > monotonic()

    def something_of(self, tenant_id: UUID, purpose: str) -> None:
        """A tenant has vectors now."""
        self._idle.pop((tenant_id, purpose), None)

    def close(self) -> None:
        """Close connections to those that were made here."""
        for pair in self._made.values():
            for one in (pair.documents, pair.questions):
                close = getattr(one, "close", None)
                if not isinstance(one, Checked) and close is not None:
                    close()
        self._made.clear()

    def _make(self, recorded: str) -> Pair:
        if recorded.startswith(GIVEN):
            return self._given_again(recorded.removeprefix(GIVEN))
        given = self._settings.embedders.get(recorded)
        if given is None and ":" not in recorded:
            raise EmbedderUnknown(recorded, self._settings.embedders)
        if given is not None and not isinstance(given, str):
            one = Checked(given)
            return Pair(one, one)
        spec = given or recorded
        guard = self._guard(recorded) if spec.startswith("openai:") else None
        documents = embedder_from(spec, settings=self._settings, guard=guard)
        assert documents is not None, "a text names one"
        if guard is None:
            return Pair(documents, documents)
        seconds = self._settings.embedder_query_seconds
        hasty = replace(self._settings, embedder_attempts=2, embedder_seconds=seconds, embedder_total_seconds=seconds)
        questions = embedder_from(spec, settings=hasty, guard=guard)
        assert questions is not None, "a text names one"
        return Pair(documents, questions)

    def _given_again(self, name: str) -> Pair:
        """The object of that name among those that the store was opened with. Raises `EmbedderUnknown`."""
        for one in self._settings.embedders.values():
            if not isinstance(one, str) and one.name == name:
                checked_one = Checked(one)
                return Pair(checked_one, checked_one)
        raise EmbedderUnknown(name, self._settings.embedders)

    def _guard(self, recorded: str) -> "Guard":
        """A server that is away is left alone for a moment: nobody waits for it meanwhile."""
        from holdfast.core.embedders.asking import NoAnswer  # its HTTP library takes a while to import

        return self._breakers.breaker(f"embedder {recorded}", failing=(NoAnswer,)).call


class Checked:
    """An embedder of the program's own: what it gives is checked, what it raises becomes `EmbedderFailed`."""

    def __init__(self, given: Embedder) -> None:
        self._given = given
        self.name = given.name
        self.dimension = given.dimension

    def is_of(self, given: Embedder) -> bool:
        """Whether it is that object."""
        return self._given is given

    def embed(self, texts: Sequence[str], *, kind: Kind = "document") -> list[Vector]:
        """See `Embedder.embed`."""
        try:
            vectors = self._given.embed(texts, kind=kind)
        except HoldfastError:
            raise
        except Exception as error:  # noqa: BLE001  it is not ours: whatever it raises, there are no vectors
            raise EmbedderFailed(self.name, f"raised {type(error).__name__}; see your program") from None
        return checked(self.name, vectors, count=len(texts), dimension=None)
