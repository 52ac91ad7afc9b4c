"""What drift is asked, and what it answers."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from .exact import effect, fisher

Kind = Literal[
    "new segment",
    "segment no longer sent",
    "segment sent more or less often",
    "new field",
    "field no longer sent",
    "field sent more or less often",
    "new component",
    "component no longer sent",
    "component sent more or less often",
    "cardinality",
    "order",
    "format",
    "new value",
    "values",
    "over-long",
    "length",
    "delete requests",
    "encoding",
    "version",
]
RATE = 0.01
"""The false discovery rate: of a hundred findings one may be chance."""
EFFECT = 0.2
"""The least effect (Cohen's h) that is told: 1 in 100 against none, or 60 against 50 in 100."""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One difference. `location` is "ZAB", "PID-8", "PID-7.1.1" or "MSH".

    `before` and `after` say what is sent, in words and shares. `p` is that of the test, `adjusted` after the correction
    for all tests; `sizes` are the sample sizes before and after that the test went by: messages, or fewer where
    values of one message or patient depend on each other.
    """

    location: str
    kind: Kind
    before: str
    after: str
    p: float
    adjusted: float
    effect: float
    sizes: tuple[int, int]
    test: str = "Fisher's exact test"


@dataclass(frozen=True, kw_only=True)
class Drift:
    """Every finding, the surest first; `messages` before and after; `tests`: how many questions were asked.

    `other_types`: messages of the batch that are of other types, and were not compared.
    """

    findings: tuple[Finding, ...]
    messages: tuple[int, int]
    tests: int
    other_types: int = 0


@dataclass(frozen=True)
class Share:
    """So many of so many, before and after. Already brought to sample sizes (`sampled`)."""

    what: str
    before: int
    of_before: int
    after: int
    of_after: int

    @property
    def effect(self) -> float:
        """Cohen's h."""
        return effect(self.before / self.of_before, self.after / self.of_after)

    @property
    def p(self) -> float:
        """Of Fisher's exact test."""
        return fisher(self.before, self.of_before, self.after, self.of_after)


@dataclass(frozen=True)
class Question:
    """One question to one place, answered by the share that differs most; p is corrected for the shares looked at."""

    location: str
    kind: Kind
    before: str
    after: str
    p: float
    effect: float
    sizes: tuple[int, int]


def sampled(count: float, whole: float, size: float) -> tuple[int, int]:
    """A count of a whole as a count of a sample of that size. Nothing is left where nothing was."""
    if whole <= 0 or size < 1:
        return 0, 0
    sample = round(min(size, whole))
    return min(sample, round(count * sample / whole)), sample


def most_different(shares: Iterable[Share]) -> tuple[Share, float] | None:
    """The share with the least p, and that p times how many there were. No p is worked out for small effects."""
    known = [share for share in shares if share.of_before and share.of_after]
    if not known:
        return None
    found = [(share.p, share) for share in known if share.effect >= EFFECT]
    if not found:
        return known[0], 1.0
    p, share = min(found, key=lambda one: (one[0], one[1].what))
    return share, min(1.0, p * len(known))
