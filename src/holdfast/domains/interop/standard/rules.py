"""What the standard asks of the fields of a segment: whether they are required, how often, of what data types."""

from dataclasses import dataclass
from functools import cache
from typing import Any

from .coded import Place
from .definitions import definitions


@dataclass(frozen=True)
class FieldRule:
    """One field. `types` has the data type of each place without parts; "varies" is not among them."""

    required: bool
    most: int
    """-1 where there is no limit."""
    components: int
    types: dict[Place, str]


@cache
def rules(version: str, segment: str) -> dict[int, FieldRule] | None:
    """The rules of a segment by field, None for one that the version does not have."""
    fields = definitions(version).segments.get(segment)
    if fields is None:
        return None
    return {number: _rule(reference, least, most) for number, (_, reference, (least, most), _) in enumerate(fields, 1)}


def _rule(reference: Any, least: int, most: int) -> FieldRule:
    parts = _parts(reference)
    types: dict[Place, str] = {} if parts else {(1, 1): str(reference[2])}
    for number, component in enumerate(parts, 1):
        inner = _parts(component)
        types |= {(number, part): str(leaf[2]) for part, leaf in enumerate(inner, 1)}
        if not inner:
            types[number, 1] = str(component[2])
    known = {place: name for place, name in types.items() if name not in ("varies", "None")}
    return FieldRule(least > 0, most, max(len(parts), 1), known)


def _parts(reference: Any) -> list[Any]:
    return [] if reference[0] == "leaf" or not reference[1] else [child[1] for child in reference[1]]
