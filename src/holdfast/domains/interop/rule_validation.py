"""The rules that a profile learned, asked of one message of HL7 v2."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from .expecting import Found
from .hl7 import Delimiters
from .rules import Rule

Broken = tuple[Found, int | None]
"""What is to be said, and the position of the segment; None for what is missing."""
Seen = Mapping[str, Sequence[tuple[int, list[str]]]]
"""The segments of a message by name: the position and the fields of each."""


class ExpectedRules:
    """The rules of a version, by the code or segment that asks for something.

    A rule within a segment is asked of every one, for the first repetition; one between a field and another segment of
    the message, for the first segment of the field.
    """

    def __init__(self, rules: Iterable[Rule]) -> None:
        self._within: defaultdict[str, defaultdict[tuple[int, str], list[Rule]]] = _by_code()
        self._across: defaultdict[str, defaultdict[tuple[int, str], list[Rule]]] = _by_code()
        self._of_segments: list[Rule] = []
        for rule in rules:
            segment, number = _place(rule.when.location)
            if rule.when.value is None or not number:
                self._of_segments.append(rule)
                continue
            beside = segment == _place(rule.then.location)[0]
            (self._within if beside else self._across)[segment][number, rule.when.value].append(rule)
        self._asking = {
            name: sorted({number for rules in (self._within, self._across) for number, _ in rules.get(name, ())})
            for name in {*self._within, *self._across}
        }

    def judge(self, seen: Seen, delimiters: Delimiters) -> Iterator[Broken]:
        """Every rule that does not hold."""
        for name, asking in self._asking.items():
            for at, (position, fields) in enumerate(seen.get(name, ())):
                for number in asking:
                    code = _code(name, number, fields, delimiters)
                    if not code:
                        continue
                    for rule in self._within[name].get((number, code), ()):
                        if not _holds(rule, fields, delimiters):
                            yield _said(rule), position
                    for rule in self._across[name].get((number, code), ()) if at == 0 else ():
                        if (rule.then.location in seen) != rule.then.there:
                            yield _said(rule), seen[rule.then.location][0][0] if rule.then.location in seen else None
        for rule in self._of_segments:
            name, number = _place(rule.then.location)
            if rule.when.location in seen and number:
                first = next(iter(seen.get(name, ())), None)
                if first is None or _code(name, number, first[1], delimiters) != rule.then.value:
                    yield _said(rule), None if first is None else first[0]


def _by_code() -> defaultdict[str, defaultdict[tuple[int, str], list[Rule]]]:
    return defaultdict(lambda: defaultdict(list))


def _place(location: str) -> tuple[str, int]:
    """The segment and the field of "PV1-2.1.1", "PV1-2" or "PV1", whose field is 0."""
    segment, _, field = location.partition("-")
    return segment, int(field.split(".")[0]) if field else 0


def _code(name: str, number: int, fields: Sequence[str], delimiters: Delimiters) -> str:
    """The first code of a field; "" where there is none."""
    at = number - (name == "MSH")
    if not 0 < at < len(fields):
        return ""
    first = fields[at].split(delimiters.repetition, 1)[0].split(delimiters.component, 1)[0]
    return first.split(delimiters.subcomponent, 1)[0]


def _holds(rule: Rule, fields: Sequence[str], delimiters: Delimiters) -> bool:
    name, number = _place(rule.then.location)
    code = _code(name, number, fields, delimiters)
    return code == rule.then.value if rule.then.value is not None else bool(code) == rule.then.there


def _said(rule: Rule) -> Found:
    """The codes of a rule are of many patients, and in the configuration; what stands in the message is not said."""
    when, then = rule.when, rule.then
    asked = f"{when.location} is {when.value}" if when.value is not None else f"{when.location} is there"
    wanted = (
        f"has always been {then.value}" if then.value is not None else "was always there" if then.there else "never was"
    )
    return "rule broken", "warning", then.location, f"where {asked}, it {wanted}"
