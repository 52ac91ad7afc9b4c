"""Reference data for messages that are made: records picked by their weights, as values of fields."""

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from holdfast.core.errors import InvalidInput
from holdfast.domains.interop.reference.places import PLACES, Places
from holdfast.domains.records import Records

FEWEST, MOST = 1_000, 10_000
"""How many records are picked of a set, for fewer and for more messages."""
_PLACE = re.compile(r"[A-Z][A-Z0-9]{2}-[1-9][0-9]{0,2}\.[1-9][0-9]?\.[1-9][0-9]?")

Asked = Mapping[str, object]
"""What the caller names: for a kind of reference data, or for a place, the set it comes from."""
Rows = list[dict[tuple[int, int], str]]


@dataclass(frozen=True)
class Wanted:
    """One of them, checked."""

    set_name: str
    places: Places
    where: Mapping[str, object] | None = field(default=None, hash=False)


def check_reference(given: object) -> list[Wanted]:
    """What is wanted, checked. Raises `InvalidInput`."""
    if not isinstance(given, Mapping):
        raise InvalidInput("reference: name a record set for each kind of data, or for a place", field="reference")
    return [_wanted(name, one) for name, one in given.items()]


def _wanted(name: object, given: object) -> Wanted:
    asked = {"set": given} if isinstance(given, str) else given
    if not isinstance(asked, Mapping) or not asked.keys() <= {"set", "member", "where"}:
        raise _wrong(name, "is no name of a record set, and has not set, member and where alone")
    set_name, member, where = asked.get("set"), asked.get("member"), asked.get("where")
    if not isinstance(set_name, str) or not isinstance(where, Mapping | None):
        raise _wrong(name, "set is the name of a record set, and where a filter of records")
    if name in PLACES and member is None:
        return Wanted(set_name, PLACES[str(name)], where)
    if not isinstance(name, str) or not _PLACE.fullmatch(name):
        raise _wrong(name, f"is neither a place (PID-5.1.1) nor one of {', '.join(PLACES)}")
    if not isinstance(member, str):
        raise _wrong(name, 'says not which member goes there: {"set": …, "member": …}')
    return Wanted(set_name, {member: (name,)}, where)


def _wrong(name: object, reason: str) -> InvalidInput:
    return InvalidInput(f"reference: {name!r:.80} {reason}", field="reference")


def picked(records: Records, wanted: Sequence[Wanted], messages: int, seed: int) -> dict[str, list[Rows]]:
    """Rows by field, for `synthesise`: those of a record stay together. A pick of each set.

    Raises `InvalidInput` for a member that no record has, and what `Records.pick` does.
    """
    found: dict[str, list[Rows]] = {}
    for one in wanted:
        rows = records.pick(one.set_name, where=one.where, n=min(max(messages, FEWEST), MOST), seed=seed)
        for name, of_field in _by_field(one, [row.data for row in rows]):
            found.setdefault(name, []).append(of_field)
    return found


def _by_field(wanted: Wanted, documents: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, Rows]]:
    texts = [{member: _text(one.get(member)) for member in wanted.places} for one in documents]
    if not any(text for row in texts for text in row.values()):
        names = " or ".join(wanted.places)
        raise InvalidInput(f"reference: the records of {wanted.set_name!r:.80} have no {names}", field="reference")
    fields: dict[str, dict[str, tuple[int, int]]] = {}
    for member, places in wanted.places.items():
        for place in places:
            field_name, component, part = place.split(".")
            fields.setdefault(field_name, {})[member] = (int(component), int(part))
    for name, members in fields.items():
        yield name, [{at: row[member] for member, at in members.items() if row[member]} for row in texts]


def _text(value: object) -> str:
    """As it is written in a message of ASCII: without accents. What is no text and no number is left out."""
    if not isinstance(value, str | int | float) or isinstance(value, bool):
        return ""
    plain = unicodedata.normalize("NFKD", str(value)).encode("ascii", "ignore").decode()
    return "".join(one if " " <= one <= "~" else " " for one in plain).strip()
