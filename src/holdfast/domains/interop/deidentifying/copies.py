"""A batch of messages copied without the people in them.

Twice through: first everything that is replaced is gathered, so that none of it is kept in another place, or comes out
as somebody else's pseudonym; then each message is put together anew, place by place.
"""

import re
import secrets
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from holdfast.domains.interop.hl7 import Message
from holdfast.domains.interop.hl7.messages import Segment
from holdfast.domains.interop.standard.coded import Place

from .dates import is_time, shifted
from .places import Treatment, of_result, treatments
from .pseudonyms import Pseudonyms

_SECRET_BYTES = 32
_TELLING = 4
"""Values from so many characters on are kept nowhere once they are personal somewhere."""
_CODE = re.compile(r"[!-~]{1,20}")
_RUN = re.compile(r"[0-9]{6}")
_SHORT_NUMBER = re.compile(r"[<>=+-]{0,2}[0-9]{0,5}(\.[0-9]{0,5})?")
_STANDARD_SYSTEMS = frozenset({"LN", "SCT", "SNM", "I9", "I9C", "I10", "I10C", "I10P", "NDC", "RXNORM", "CVX", "C4"})
_CODES = ("code", "term")
Treat = Callable[[str, Treatment | None, str], str]
"""A value, what is done with it, whose it is: what stands there now."""


@dataclass(frozen=True, kw_only=True)
class Deidentified:
    """Copies, in the order of the messages; `left_out`: how many could not be read, of which there is none.

    `mapping`, where it was asked for: what stands for what, `pseudonyms` by whose it is, and `days` by patient.
    """

    messages: tuple[str, ...] = field(repr=False)
    left_out: int
    mapping: Mapping[str, Any] | None = field(default=None, repr=False, hash=False)


def copies(
    messages: Iterable[Message], *, secret: bytes | None = None, mapping: bool = False, k: int = 1
) -> tuple[list[bytes], dict[str, Any] | None]:
    """Copies of messages, and what stands for what. `secret`: of another batch, to have the same pseudonyms; without
    one it is made, and forgotten. `k`: codes that fewer patients of the batch have are replaced too. In memory, twice
    through the messages.
    """
    given = list(messages)
    seen = _Seen(k)
    for message in given:
        seen.patient = patient_of(message)
        _rewritten(message, seen)
    rare = seen.rare()
    names = Pseudonyms(secret or secrets.token_bytes(_SECRET_BYTES), seen.replaced | rare)
    days: dict[str, int] = {}
    made = []
    for message in given:
        patient = patient_of(message)
        days[patient] = names.days(patient)
        made.append(_rewritten(message, _Replacing(names, seen.personal, rare, days[patient])))
    return made, ({"pseudonyms": names.made, "days": days} if mapping else None)


def patient_of(message: Message) -> str:
    """Whose it is: the first of PID-3, 2, 4 and 18, else name and birth, else the message itself."""
    for segment in message["PID"]:
        for number in (3, 2, 4, 18):
            first = segment[number].raw.split(message.delimiters.repetition)[0]
            identifier = first.split(message.delimiters.component)[0]
            if identifier and identifier != '""':
                return identifier
        if segment[5].raw:
            return f"{segment[5].raw} {segment[7].raw}"
    return f"message {message.control_id}"


class _Seen:
    """Notes what is replaced, what of it says who somebody is, and of each code the first `k` who have it."""

    def __init__(self, k: int) -> None:
        self.replaced: set[str] = set()
        self.personal: set[str] = set()
        self.patient = ""
        self._k = k
        self._codes: dict[str, set[str]] = {}

    def rare(self) -> set[str]:
        """The codes that fewer than `k` have."""
        return {value for value, whose in self._codes.items() if len(whose) < self._k}

    def __call__(self, value: str, treatment: Treatment | None, _within: str) -> str:
        if treatment in _CODES and self._k > 1 and _is_kept(value, treatment):
            whose = self._codes.setdefault(value, set())
            if len(whose) < self._k:
                whose.add(self.patient)
        if not _is_kept(value, treatment) and not (treatment == "date" and _moved(value, 0) is not None):
            self.replaced.add(value)
            if treatment in ("name", "identity", "birth") and len(value) >= _TELLING:
                self.personal.add(value)
        return value


class _Replacing:
    """Puts pseudonyms in place of what is personal, and moves dates."""

    def __init__(self, names: Pseudonyms, personal: set[str], rare: set[str], days: int) -> None:
        self._names, self._personal, self._rare, self._days = names, personal, rare, days

    def __call__(self, value: str, treatment: Treatment | None, within: str) -> str:
        told = value in self._personal or (treatment in _CODES and value in self._rare and value not in ("", '""'))
        if _is_kept(value, treatment) and not told:
            return value
        if treatment == "birth":
            return self._names.of(value, within, birth=True)
        moved = _moved(value, self._days) if treatment == "date" and not told else None
        return moved if moved is not None else self._names.of(value, within)


def _is_kept(value: str, treatment: Treatment | None) -> bool:
    if value in ("", '""') or treatment in ("count", "term"):
        return True
    if treatment in ("code", "form"):
        return _CODE.fullmatch(value) is not None and _RUN.search(value) is None
    return treatment == "number" and _SHORT_NUMBER.fullmatch(value) is not None


def _moved(value: str, days: int) -> str | None:
    return value if is_time(value) else shifted(value, days)


def _rewritten(message: Message, treat: Treat) -> bytes:
    patient = patient_of(message)
    lines = [_line(segment, message, treat, patient) + segment.end for segment in message.segments]
    return "".join(lines).encode(message.codec, "surrogateescape")


def _line(segment: Segment, message: Message, treat: Treat, patient: str) -> str:
    name, separator = segment.name, segment.delimiters.field
    known = treatments(message.version, name) if name else {}
    parts = segment.text.split(separator)
    first = 2 if name == "MSH" else 1
    done = parts[:first] if name else [_field(parts[0], {}, segment, treat, patient)]
    for at, raw in enumerate(parts[len(done) :], len(done)):
        number = at + (name == "MSH")
        places = known.get(number, {})
        if name == "OBX" and number == 5:
            places = of_result(segment[2].raw)
        done.append(_field(raw, places, segment, treat, patient))
    return separator.join(done)


def _field(raw: str, places: dict[Place, Treatment], segment: Segment, treat: Treat, patient: str) -> str:
    if raw in ("", '""'):
        return raw
    marks = segment.delimiters
    repetitions = []
    for repetition in raw.split(marks.repetition):
        components = [one.split(marks.subcomponent) for one in repetition.split(marks.component)]
        trusted = {at for at in (1, 4) if _system(components, at + 2) in _STANDARD_SYSTEMS}
        whose = patient if segment.name in ("PID", "NK1", "GT1", "IN1", "IN2", "MRG") else repetition
        for number, parts in enumerate(components, 1):
            for at, value in enumerate(parts, 1):
                treatment = places.get((number, at))
                if treatment == "code" and number in trusted and _CODE.fullmatch(value):
                    treatment = "term"  # however many digits it has
                within = whose if treatment in ("name", "birth") else ""
                parts[at - 1] = treat(value, treatment, within)
        repetitions.append(marks.component.join(marks.subcomponent.join(parts) for parts in components))
    return marks.repetition.join(repetitions)


def _system(components: list[list[str]], number: int) -> str:
    return components[number - 1][0] if number <= len(components) else ""
