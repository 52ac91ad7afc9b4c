"""A message of FHIR or NCPDP as everything after reading sees it: objects within objects, and values in them."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

from .problems import Problem

Tree = dict[str, Any]
"""Names with values: text, a number, true or false, None, an object, or a list of these."""

DEEPEST = 32
"""Objects within objects that are looked into; what is deeper is reported."""


class TreeMessage(Protocol):
    """One message. `type` and `version` look like such or are "unknown"; `patient` is "" where it names none."""

    raw: bytes
    text: str
    number: int

    @property
    def type(self) -> str:
        """Such as `Patient`, `NewRx`, `B1`."""

    @property
    def version(self) -> str:
        """Of the standard."""

    @property
    def root(self) -> str:
        """The path of the outermost object."""

    @property
    def tree(self) -> Tree:
        """What it says."""

    @property
    def patient(self) -> str:
        """What identifies the patient it is about."""

    @property
    def habits(self) -> dict[str, str]:
        """How it is written; every value is one of few."""

    @property
    def order(self) -> tuple[str, ...]:
        """Its parts in order, where order has a meaning; each looks like a name."""

    @property
    def problems(self) -> Iterator[Problem]:
        """What is malformed in it."""


@dataclass(frozen=True, slots=True)
class TreePiece:
    """Part of a stream. The `raw` of all pieces, joined, is the stream.

    A piece is a message, or what lies between messages, or, with problems, what could not be read.
    """

    raw: bytes
    offset: int
    message: TreeMessage | None = None
    problems: tuple[Problem, ...] = ()
