"""What the learned rules ask of segments and fields, given what is already settled."""

from collections.abc import Iterable, Mapping, Sequence

from holdfast.domains.interop.rules import Rule

from .fields import Asked

Codes = Mapping[str, Sequence[str]]
"""The first code of every row, by field."""


def within(field: str, rules: Iterable[Rule], codes: Codes, rows: int) -> Asked:
    """What other fields of the segment, as far as they are settled, ask of a field."""
    asked = Asked()
    for rule in rules:
        when, then = rule.when, rule.then
        known = codes.get(_field(when.location))
        if _field(then.location) == field and known is not None:
            for row in range(rows):
                if known[row] == when.value and then.value is not None:
                    asked.codes[row] = then.value
                elif known[row] == when.value and not then.there:
                    asked.absent.add(row)
        settled = codes.get(_field(then.location))
        if _field(when.location) == field and settled is not None and when.value is not None:
            for row in range(rows):
                holds = settled[row] == then.value if then.value is not None else not settled[row]
                if not holds:
                    asked.forbidden.setdefault(row, set()).add(when.value)
    return asked


def of_message(
    field: str, rules: Iterable[Rule], there: Mapping[str, set[int]], owners: Sequence[int], asked: Asked
) -> None:
    """Adds what the segments of a message, as far as they are settled, ask of the first code of a field in it."""
    firsts = {owner: row for row, owner in reversed(list(enumerate(owners)))}
    for rule in rules:
        when, then = rule.when, rule.then
        if when.value is None and _field(then.location) == field and when.location in there and then.value is not None:
            for owner in there[when.location]:
                if owner in firsts:
                    asked.codes[firsts[owner]] = then.value
        if when.value is not None and _field(when.location) == field and then.location in there:
            for owner, row in firsts.items():
                if (owner in there[then.location]) != then.there:
                    asked.forbidden.setdefault(row, set()).add(when.value)


def of_segment(
    segment: str, rules: Iterable[Rule], firsts: Mapping[str, Mapping[int, str]], messages: int
) -> tuple[set[int], set[int]]:
    """The messages that must have a segment, and those that must not, by the first codes of fields in them."""
    must, never = set[int](), set[int]()
    for rule in rules:
        when, then = rule.when, rule.then
        if then.location == segment and when.value is not None:
            for message, code in firsts.get(_field(when.location), {}).items():
                if code == when.value:
                    (must if then.there else never).add(message)
        if when.location == segment and when.value is None and _field(then.location) in firsts:
            known = firsts[_field(then.location)]
            never |= {message for message in range(messages) if known.get(message) != then.value}
    return must, never - must


def _field(location: str) -> str:
    """PV1-2 of PV1-2.1.1."""
    return location.split(".")[0]
