"""Messages of made-up patients for the benchmark of interop and the campaign of drift: HL7 v2, and FHIR."""

import json
import random
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

_TESTS = (("2951-2", "Sodium"), ("2823-3", "Potassium"), ("2160-0", "Creatinine"), ("718-7", "Hemoglobin"))


def write(path: Path, count: int, *, seed: int = 1) -> int:
    """A file of so many messages, and its size in bytes."""
    with path.open("wb") as file:
        for batch in _batches(_messages(count, seed)):
            file.write("".join(batch).encode())
    return path.stat().st_size


def _batches(found: Iterator[str]) -> Iterator[list[str]]:
    while batch := list(islice(found, 1_000)):
        yield batch


def _messages(count: int, seed: int) -> Iterator[str]:
    """Admissions and results of made-up patients, 1.4 kB each; every identifier, name and time its own."""
    pick = random.Random(seed)
    for number in range(count):
        yield _result(pick, number) if number % 2 else _admission(pick, number)


def _start(pick: random.Random, number: int, kind: str) -> list[str]:
    day = f"2026{pick.randrange(1, 13):02}{pick.randrange(1, 29):02}"
    time_of_day = f"{pick.randrange(24):02}{pick.randrange(60):02}{pick.randrange(60):02}"
    family, given = f"Family{pick.randrange(90_000)}", f"Given{pick.randrange(900)}"
    phone, zip_code = f"(555)555-{pick.randrange(10_000):04}", f"{pick.randrange(100_000):05}"
    doctor = f"{pick.randrange(400):04}^Doctor{pick.randrange(400)}^Ann^^^Dr.^^^NPI^L^^^NPI"
    return [
        f"MSH|^~\\&|ADMIT|NORTH^1.2.3^ISO|EHR|CENTRAL|{day}{time_of_day}.123+0100||{kind}|C{number}|P|2.5.1|||AL|NE",
        f"EVN|{kind[4:7]}|{day}{time_of_day}||{pick.choice('OUM')}|{doctor}",
        f"PID|1||{10_000_000 + number}^^^NORTH&1.2.3&ISO^MR~"
        f"{pick.randrange(10**9):09}^^^SSA^SS||"
        f"{family}^{given}^M^^^^L||"
        f"19{pick.randrange(100):02}0{pick.randrange(1, 10)}1{pick.randrange(10)}|{pick.choice('MF')}"
        f"||2106-3^White^HL70005|{pick.randrange(9_999)} Long Street^^Town^ST^{zip_code}^USA^H||{phone}^PRN^PH|"
        f"{phone}^WPN^PH|en|M|CHR|V{number}^^^NORTH^VN|||||||||||||||||||||",
        f"PV1|1|{pick.choice('IOE')}|W{pick.randrange(20)}^{pick.randrange(60)}^{pick.randrange(4)}^NORTH||||{doctor}|||MED"
        f"|||||7|A0||{doctor}||V{number}^^^NORTH^VN|||||||||||||||||||||||||{day}{time_of_day}||||||",
    ]


def _admission(pick: random.Random, number: int) -> str:
    lines = _start(pick, number, "ADT^A01^ADT_A01")
    for one in range(2):
        lines.append(
            f"NK1|{one + 1}|Kin{pick.randrange(90_000)}^Next|SPO^Spouse^HL70063|"
            "1 Long Street^^Town^ST^12345^USA||555-1234"
        )
        lines.append(
            f"AL1|{one + 1}|DA^Drug^HL70127|{pick.randrange(900)}^Penicillin^L|MO^Moderate^HL70128|Rash|20200101"
        )
    for one in range(5):
        lines.append(
            f"DG1|{one + 1}||I{pick.randrange(90)}.{one}^Diagnosis in words^I10|Some words about it|20260101|A"
        )
    lines.append(
        f"IN1|1|PLAN{pick.randrange(9)}|{pick.randrange(99_999)}|Insurer|1 Way^^Town^ST^12345||||G{number}||||||||SEL"
    )
    return "\r".join(lines) + "\r"


def _result(pick: random.Random, number: int) -> str:
    lines = _start(pick, number, "ORU^R01^ORU_R01")
    lines.append(f"ORC|RE|O{number}^EHR|F{number}^LAB||CM||||20260101120000|||0042^Doctor^Ann")
    lines.append(
        f"OBR|1|O{number}^EHR|F{number}^LAB|24323-8^Panel^LN|||20260101113000|||||||||0042^Doctor^Ann||||||||LAB|F"
    )
    for one, (code, name) in enumerate(_TESTS + _TESTS[:2], 1):
        value = f"{pick.randrange(1_000) / 10}"
        lines.append(
            f"OBX|{one}|NM|{code}^{name}^LN||{value}|mmol/L^^UCUM|1.0-9.9|{pick.choice('NHL')}|||F|||20260101120000"
        )
    lines += [f"NTE|{one}|L|A note of the laboratory on {number}, long enough to be one" for one in range(1, 5)]
    return "\r".join(lines) + "\r"


def write_resources(path: Path, count: int) -> int:
    """A file of so many resources of FHIR, one to a line, and its size in bytes."""
    pick = random.Random(2)
    with path.open("w") as file:
        for number in range(count):
            file.write(json.dumps(_resource(pick, number)) + "\n")
    return path.stat().st_size


def _resource(pick: random.Random, number: int) -> dict[str, object]:
    """An Observation with components, or a Patient; every identifier, time and value its own."""
    if number % 4 == 0:
        return {
            "resourceType": "Patient",
            "id": f"{number:08}",
            "meta": {"lastUpdated": f"2026-01-{1 + number % 28:02}T10:00:00.{number % 1000:03}Z"},
            "identifier": [{"use": "usual", "system": "urn:oid:1.2.3", "value": f"{pick.randrange(10**8):08}"}],
            "name": [{"use": "official", "family": f"Family{pick.randrange(90_000)}", "given": ["Ann", "Marie"]}],
            "telecom": [{"system": "phone", "value": f"555-{pick.randrange(10_000):04}", "use": "home"}],
            "gender": pick.choice(("male", "female")),
            "birthDate": f"19{pick.randrange(30, 99)}-0{pick.randrange(1, 9)}-11",
            "address": [{"line": [f"{pick.randrange(999)} Way"], "city": "Town", "postalCode": "12345"}],
        }
    coding = {"system": "http://loinc.org", "code": pick.choice(_TESTS)[0], "display": "A test"}
    quantity = {"value": pick.randrange(1_000) / 10, "unit": "mmol/L", "system": "http://unitsofmeasure.org"}
    return {
        "resourceType": "Observation",
        "id": f"{number:08}",
        "status": "final",
        "category": [{"coding": [{"system": "http://terminology.hl7.org/x", "code": "laboratory"}]}],
        "code": {"coding": [coding], "text": "A test"},
        "subject": {"reference": f"Patient/{number - number % 4:08}"},
        "effectiveDateTime": f"2026-01-{1 + number % 28:02}T10:{number % 60:02}:00+01:00",
        "valueQuantity": quantity,
        "component": [{"code": {"coding": [coding]}, "valueQuantity": quantity}],
    }
