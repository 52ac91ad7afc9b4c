"""Synthetic patients and their messages, from a seed. Nobody in them exists."""

import random
from dataclasses import dataclass

_SYLLABLES = (
    "bar",
    "den",
    "fol",
    "gri",
    "hav",
    "jor",
    "kel",
    "lom",
    "mir",
    "nav",
    "ost",
    "pel",
    "rud",
    "sav",
    "tor",
    "vek",
)
_WARDS = ("ICU", "MED", "SUR", "OBS")
_TESTS = ("WBC", "HGB", "PLT", "NA", "K", "CREA")


@dataclass(frozen=True)
class Patient:
    """What must never be found in a profile."""

    number: str
    family: str
    given: str
    born: str
    sex: str
    street: str
    phone: str

    @property
    def secrets(self) -> tuple[str, ...]:
        return self.number, self.family, self.given, self.born, self.street, self.phone


def patients(count: int, *, seed: int) -> list[Patient]:
    """So many different patients."""
    pick = random.Random(seed)
    return [_patient(pick, number) for number in range(count)]


def _patient(pick: random.Random, number: int) -> Patient:
    def word(syllables: int) -> str:
        return "".join(pick.choice(_SYLLABLES) for _ in range(syllables)).capitalize()

    return Patient(
        number=f"MRN{7_000_000 + number}",
        family=word(4),
        given=word(3),
        born=f"{pick.randrange(1930, 2020)}{pick.randrange(1, 13):02}{pick.randrange(1, 29):02}",
        sex=pick.choice("MF"),
        street=f"{pick.randrange(1, 999)} {word(4)} Street",
        phone=f"555-{pick.randrange(100, 999)}-{pick.randrange(1000, 9999)}",
    )


def admission(patient: Patient, number: int, *, version: str = "2.5", end: str = "\r") -> bytes:
    """An ADT^A01."""
    lines = [
        f"MSH|^~\\&|ADMIT|NORTH|LAB|NORTH|{_time(number)}||ADT^A01^ADT_A01|{number}|P|{version}",
        f"EVN|A01|{_time(number)}",
        _pid(patient),
        f"NK1|1|{patient.family}^Kin|SPO|{patient.street}|{patient.phone}",
        f"PV1|1|{'IOE'[number % 3]}|{_WARDS[number % 4]}^1^2||||00{number % 7}^Doctor^A|||MED",
    ]
    lines += [f"AL1|{one + 1}|DA|^Pollen|MO" for one in range(number % 3)]
    lines += ["ZAB|1|custom|"] if number % 2 else []
    return (end.join(lines) + end).encode()


def result(patient: Patient, number: int, *, version: str = "2.5", end: str = "\r") -> bytes:
    """An ORU^R01."""
    lines = [
        f"MSH|^~\\&|LAB|NORTH|EHR|NORTH|{_time(number)}+0100||ORU^R01^ORU_R01|R{number}|P|{version}",
        _pid(patient),
        f"OBR|1|||PANEL^Blood count^L|||{_time(number)}",
    ]
    for one in range(1 + number % 4):
        lines.append(f"OBX|{one + 1}|NM|{_TESTS[one]}^Test^L||{number % 90}.{one}|g/L|1-100|N|||F")
        lines.append(f"NTE|1||Seen with {patient.given} {patient.family}, born {patient.born}, call {patient.phone}")
    return (end.join(lines) + end).encode()


def messages(count: int, *, seed: int = 1) -> list[bytes]:
    """Half admissions, half results, of as many patients."""
    people = patients(count, seed=seed)
    return [(admission if number % 2 else result)(one, number) for number, one in enumerate(people)]


def _pid(patient: Patient) -> str:
    return (
        f"PID|1||{patient.number}^^^NORTH^MR~{patient.number}9^^^STATE^SS||{patient.family}^{patient.given}^^^^^L||"
        f"{patient.born}|{patient.sex}|||{patient.street}^^Town^ST^12345^USA^H||{patient.phone}^PRN^PH"
    )


def _time(number: int) -> str:
    return f"20260{1 + number % 9}{1 + number % 28:02}{number % 24:02}{number % 60:02}00"
