"""HL7 v2 messages of four senders, each with habits of its own, from a seed. Nobody in them exists.

| sender | what is its own |
| --- | --- |
| Epic | HL7 2.3, times to the second, ZPV for inpatients only, wards bound to the hospital service |
| Cerner | HL7 2.5, times with an offset, ZPI in every message, two identifiers for each patient |
| Meditech | HL7 2.4, times to the minute, lines that end in LF, up to three next of kin, no EVN-6 |
| Brook-Lab/2 | HL7 2.5.1, results (ORU^R01), `!` for repetition, allergies nowhere |
"""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

BEGAN = datetime(2026, 3, 2, 7, 30, tzinfo=UTC)
SERVICES = {"MED": "M4", "SUR": "S2", "OBS": "K1", "CAR": "H3"}
"""Hospital services, each with the ward that it lies in."""
TESTS = (
    ("WBC", "Leukocytes", "10*3/uL", 4, 11),
    ("HGB", "Hemoglobin", "g/dL", 12, 17),
    ("K", "Potassium", "mmol/L", 3, 6),
)
_SYLLABLES = ("bar", "den", "fol", "gri", "hav", "jor", "kel", "lom", "mir", "nav", "ost", "pel", "rud", "tor", "vek")


@dataclass(frozen=True)
class Drift:
    """What a sender changed."""

    leaves_out_service: bool = False
    """PV1-10 is sent no more."""
    new_segment: bool = False
    """ZFR comes in every message."""
    births_with_time: bool = False
    """PID-7 gets a time of day."""


def messages(sender: str, count: int, *, seed: int = 1, since: int = 0, drift: Drift | None = None) -> list[str]:
    """So many messages of a sender: the same for the same arguments. `since`: how many it had sent before.

    Raises `KeyError` for a sender that is not in `SENDERS`.
    """
    make, end = SENDERS[sender]
    made = []
    for number in range(since, since + count):
        chance = random.Random(f"{sender} {seed} {number}")
        made.append(end.join(make(number, chance, drift or Drift())) + end)
    return made


def _epic(number: int, chance: random.Random, drift: Drift) -> Iterator[str]:
    at, person = _at(number, "%Y%m%d%H%M%S"), _person(number)
    service = chance.choices([*SERVICES], [5, 3, 2, 1])[0]
    inpatient = chance.random() < 0.6
    yield f"MSH|^~\\&|EPIC|NORTH|ENGINE|HUB|{at}||ADT^A01|E{number:07}|P|2.3"
    yield f"EVN|A01|{at}|||DESK{number % 4}"
    born = person.born + "0000" if drift.births_with_time else person.born
    yield (
        f"PID|1||{person.number}^^^EPI^MR||{person.family}^{person.given}^^||{born}|{person.sex}|||{person.address}"
        f"||{person.phone}|||{chance.choice('SMWD')}"
    )
    shown = "" if drift.leaves_out_service else service
    kind, bed = "I" if inpatient else "O", chance.randrange(1, 30)
    yield f"PV1|1|{kind}|{SERVICES[service]}^{bed}^A||||{_doctor(chance)}|||{shown}"
    if inpatient:
        yield f"ZPV|1|{chance.choice(('ROUTINE', 'URGENT'))}|{chance.randrange(1, 9)}"
    if drift.new_segment:
        yield f"ZFR|1|{chance.choice(('Y', 'N'))}"


def _cerner(number: int, chance: random.Random, _drift: Drift) -> Iterator[str]:
    at, person = _at(number, "%Y%m%d%H%M%S") + "+0100", _person(number)
    yield f"MSH|^~\\&|HNAM|SOUTH|ENGINE|HUB|{at}||ADT^A01^ADT_A01|C{number:07}|P|2.5|||AL|NE"
    yield f"EVN||{at}||||{at}"
    second = f"{500_000 + number}^^^SOUTH^PI"
    yield (
        f"PID|1||{person.number}^^^SOUTH^MR~{second}||{person.family}^{person.given}^^^^^L||{person.born}"
        f"|{person.sex}|||{person.address}||{person.phone}"
    )
    yield f"PV1|1|{chance.choice('IOE')}|{chance.choice([*SERVICES.values()])}^{chance.randrange(1, 30)}^1"
    yield from (f"AL1|{one + 1}|DA|^Pollen|{chance.choice(('MI', 'MO', 'SV'))}" for one in range(chance.randrange(3)))
    yield f"ZPI|{chance.choice(('NEW', 'KNOWN'))}|{chance.randrange(1, 4)}"


def _meditech(number: int, chance: random.Random, _drift: Drift) -> Iterator[str]:
    at, person = _at(number, "%Y%m%d%H%M"), _person(number)
    yield f"MSH|^~\\&|MEDITECH|EAST|ENGINE|HUB|{at}||ADT^A01|M{number}|P|2.4"
    yield f"EVN|A01|{at}"
    yield f"PID|1||{person.number}||{person.family}^{person.given}||{person.born}|{person.sex}|||{person.address}"
    for one in range(chance.randrange(1, 4)):
        kin = chance.choice(("SPO", "CHD", "PAR"))
        yield f"NK1|{one + 1}|{person.family}^{_word(chance, 2)}|{kin}||{person.phone}"
    yield f"PV1|1|{chance.choices('IO', [3, 1])[0]}|{chance.choice([*SERVICES.values()])}||||{_doctor(chance)}"


def _lab(number: int, chance: random.Random, _drift: Drift) -> Iterator[str]:
    at, person = _at(number, "%Y%m%d%H%M%S"), _person(number)
    yield f"MSH|^!\\&|BROOK|LAB2|ENGINE|HUB|{at}||ORU^R01^ORU_R01|{number}|P|2.5.1"
    yield f"PID|1||{person.number}^^^LAB2^MR||{person.family}^{person.given}||{person.born}|{person.sex}"
    yield f"OBR|1||{90_000 + number}^BROOK|CBC^Blood count^L|||{at}|||||||||||||||{at}|||F"
    for place, (code, name, unit, low, high) in enumerate(TESTS, 1):
        value = round(chance.uniform(low * 0.8, high * 1.2), 1)
        flag = "L" if value < low else "H" if value > high else "N"
        yield f"OBX|{place}|NM|{code}^{name}^L||{value}|{unit}|{low}-{high}|{flag}|||F"


SENDERS: dict[str, tuple[Callable[[int, random.Random, Drift], Iterator[str]], str]] = {
    "Epic": (_epic, "\r"),
    "Cerner": (_cerner, "\r"),
    "Meditech": (_meditech, "\n"),
    "Brook-Lab/2": (_lab, "\r"),
}
"""By name: what makes a message's lines, and how those end."""


@dataclass(frozen=True)
class _Person:
    number: str
    family: str
    given: str
    born: str
    sex: str
    address: str
    phone: str


def _person(number: int) -> _Person:
    """Somebody, who comes to hospital twice."""
    known = random.Random(number // 2)
    street = f"{known.randrange(1, 99)} {_word(known, 3)} Street"
    place = f"{_word(known, 2)}^^{known.randrange(10_000, 99_999)}"
    return _Person(
        number=f"{7_000_000 + number // 2}",
        family=_word(known, 3),
        given=_word(known, 2),
        born=f"{known.randrange(1930, 2020)}{known.randrange(1, 13):02}{known.randrange(1, 29):02}",
        sex=known.choice("MF"),
        address=f"{street}^^{place}",
        phone=f"555-{known.randrange(100, 999)}-{known.randrange(1000, 9999)}",
    )


def _doctor(chance: random.Random) -> str:
    number = chance.randrange(1, 9)
    return f"00{number}^{_word(random.Random(number), 2)}^A"


def _word(chance: random.Random, syllables: int) -> str:
    return "".join(chance.choice(_SYLLABLES) for _ in range(syllables)).capitalize()


def _at(number: int, form: str) -> str:
    return (BEGAN + timedelta(minutes=7 * number)).strftime(form)
