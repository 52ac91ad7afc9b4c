"""What a search gives: a list, and how it was found."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Generic, Literal, TypeVar

T = TypeVar("T")

SearchMode = Literal["lexical", "vector", "hybrid"]
"""By words, by meaning, or by both."""
WantedMode = Literal["auto", "lexical", "vector", "hybrid"]
FoundBy = Literal["words", "meaning"]


class Results(list[T]):
    """What was found, best first. `mode` says how it was looked for; `notes`, why not otherwise."""

    def __init__(self, found: Iterable[T] = (), *, mode: SearchMode = "lexical", notes: Iterable[str] = ()) -> None:
        super().__init__(found)
        self.mode: SearchMode = mode
        self.notes = tuple(notes)


@dataclass(frozen=True, kw_only=True)
class ResultPage(Generic[T]):
    """The same as JSON. There is no next page: who wants more asks for more."""

    items: tuple[T, ...]
    next: str | None = None
    mode: SearchMode = "lexical"
    notes: tuple[str, ...] = ()
