"""What holds between fields and segments of a type: learned from counts, so that what was learned adds up."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import log10
from typing import Any

from .profiles.counts import Value
from .profiles.together import OTHER, PRESENT, Pair, Together
from .profiles.type_counts import TypeCounts
from .profiles.wilson import wilson

_FEWEST = 20
"""How often a condition must have held before a rule is learned from it."""
_CHANCE = -4.0
"""How rare (power of ten) the rule must be, if both had nothing to do with each other."""
_MOST = 500


@dataclass(frozen=True, kw_only=True)
class Condition:
    """A code at a place: ("PV1-2.1.1", "I"); `value` None: whether the field or the segment is there at all."""

    location: str
    value: str | None = None
    there: bool = True

    def document(self) -> dict[str, Any]:
        """As JSON."""
        return {"location": self.location} | ({"there": self.there} if self.value is None else {"value": self.value})

    @classmethod
    def from_document(cls, given: Mapping[str, Any]) -> "Condition":
        """What `document` gave."""
        return cls(location=given["location"], value=given.get("value"), there=given.get("there", True))


@dataclass(frozen=True, kw_only=True)
class Rule:
    """Where `when` holds, `then` held every time.

    Both within one segment: it holds in every such segment, for the first repetition of a field. A field and another
    segment: it holds in the message, for the first segment of the field. `count`: how many segments or messages it was
    learned from; `patients`: of how many patients; `low`: the least share for which it holds, by Wilson's interval.
    """

    when: Condition
    then: Condition
    count: int
    patients: int
    low: float

    def document(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "when": self.when.document(),
            "then": self.then.document(),
            "count": self.count,
            "patients": self.patients,
            "low": self.low,
        }

    @classmethod
    def from_document(cls, given: Mapping[str, Any]) -> "Rule":
        """What `document` gave."""
        return cls(
            when=Condition.from_document(given["when"]),
            then=Condition.from_document(given["then"]),
            count=given["count"],
            patients=given["patients"],
            low=given["low"],
        )


def rules_of(counts: TypeCounts, k: int) -> list[Rule]:
    """The rules of a type and version, the surest first; of codes that `k` patients have or more."""
    found: list[Rule] = []
    for places, together in sorted(counts.together.items()):
        one, other, *in_message = places.split(" ")
        if one in ("*", other.split("-")[0]):
            continue
        if in_message:
            found += _of_segment(one, other, together.pairs, counts, k)
        else:
            found += _between(one, other, together.pairs, counts, k)
    found.sort(key=lambda rule: (-rule.count, str(rule.document())))
    return found[:_MOST]


def _between(one: str, other: str, pairs: Mapping[Pair, Value], counts: TypeCounts, k: int) -> Iterator[Rule]:
    """Codes of two fields of a segment, each way."""
    segment = one.split("-")[0]
    yield from _implied(one, other, pairs, _totals(counts, f"{segment} {one}"), counts.segments[segment].occurrences, k)
    turned = {(right, left): value for (left, right), value in pairs.items()}
    yield from _implied(
        other, one, turned, _totals(counts, f"{segment} {other}"), counts.segments[segment].occurrences, k
    )


def _implied(
    one: str, other: str, pairs: Mapping[Pair, Value], totals: Mapping[str, Value], whole: int, k: int
) -> Iterator[Rule]:
    """A code that always comes with one of the other field's, or never with any."""
    with_any: defaultdict[str, int] = defaultdict(int)
    overall: defaultdict[str, int] = defaultdict(int)
    for (left, right), value in pairs.items():
        with_any[left] += value.count
        overall[right] += value.count
    for (left, right), value in sorted(pairs.items()):
        if left not in totals or OTHER in (left, right) or value.patients.count < k:
            continue
        always = value.count == totals[left].count
        if always and _tells(value.count, overall[right] - value.count, whole - value.count):
            yield _rule(_code(one, left), _code(other, right), value)
    present = sum(overall.values())
    for left, total in sorted(totals.items()):
        never = not with_any[left] and left != OTHER and total.patients.count >= k
        if never and _tells(total.count, whole - total.count - present, whole - total.count):
            yield _rule(_code(one, left), Condition(location=other, there=False), total)


def _of_segment(segment: str, field: str, pairs: Mapping[Pair, Value], counts: TypeCounts, k: int) -> Iterator[Rule]:
    """A segment that comes with some codes always, with some never, or with one alone."""
    totals = _totals(counts, f"* {field} in message")
    with_it = {code: value.count for (_, code), value in pairs.items()}
    whole, present = sum(value.count for value in totals.values()), sum(with_it.values())
    for code, total in sorted(totals.items()):
        if code == OTHER or total.patients.count < k:
            continue
        here, rest = with_it.get(code, 0), whole - total.count
        if here == total.count and _tells(here, present - here, rest):
            yield _rule(_code(field, code), Condition(location=segment), total)
        if here == 0 and _tells(total.count, rest - present, rest):
            yield _rule(_code(field, code), Condition(location=segment, there=False), total)
        value = pairs.get((PRESENT, code), Value())
        alone = here == present == counts.segments[segment].messages and value.patients.count >= k
        if alone and _tells(present, total.count - present, whole - present):
            yield _rule(Condition(location=segment), _code(field, code), value)


def _totals(counts: TypeCounts, places: str) -> dict[str, Value]:
    return {code: value for (_, code), value in counts.together.get(places, Together()).pairs.items()}


def _tells(count: int, others_with: int, others: int) -> bool:
    """Whether that many could hardly all be so by chance, by how often it is so elsewhere."""
    if count < _FEWEST or others == 0:
        return False
    share = (others_with + 1) / (others + 2)
    return count * log10(share) <= _CHANCE


def _code(field: str, value: str) -> Condition:
    return Condition(location=f"{field}.1.1", value=value)


def _rule(when: Condition, then: Condition, value: Value) -> Rule:
    low = wilson(value.count, value.count)[0]
    return Rule(when=when, then=then, count=value.count, patients=value.patients.count, low=low)
