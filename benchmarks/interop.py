"""HL7 v2 from a file to a profile, beside a plain split, python-hl7 and hl7apy on the same messages; FHIR; synthesis.

`uv run python -m benchmarks.interop [--million] [--quick]`; no database has part in it, so it is a command of its own.
"""

import argparse
import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

import hl7
from hl7apy.parser import parse_message

from holdfast.domains.interop import fhir
from holdfast.domains.interop.documents import documents
from holdfast.domains.interop.hl7 import Message, read
from holdfast.domains.interop.profiles import ProfileKey, profile_messages, profile_shared
from holdfast.domains.interop.synthesis import synthesise

SECRET = b"profiles of the benchmark, for nobody"
MESSAGES = 20_000
MILLION = 1_000_000
_ROUNDS = 3
_TESTS = (("2951-2", "Sodium"), ("2823-3", "Potassium"), ("2160-0", "Creatinine"), ("718-7", "Hemoglobin"))


def main() -> int:
    """Prints a line for each measurement."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.interop", description=__doc__)
    parser.add_argument(
        "--million", action="store_true", help="profile 1,000,000 messages and print the peak of memory"
    )
    parser.add_argument("--quick", action="store_true", help="small sizes: whether it works, not how fast it is")
    parser.add_argument("--alone", metavar="FILE", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.alone:
        return _alone(Path(options.alone))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "messages.hl7"
        count = 400 if options.quick else MESSAGES
        size = write(path, count)
        print(f"{count:,} messages of {size / count:,.0f} bytes, best of {_ROUNDS}")
        _compare(path, count)
        _resources(Path(folder) / "resources.ndjson", count)
        _synthesis(path, 50 if options.quick else 5_000)
        if options.million:
            write(path, MILLION)
            subprocess.run([sys.executable, "-m", "benchmarks.interop", "--alone", str(path)], check=True)
    return 0


def _compare(path: Path, count: int) -> None:
    texts = [found.text for found in read(path) if isinstance(found, Message)]
    few = texts[: max(20, count // 400)]
    some = texts[: max(100, count // 20)]
    profile_messages(path.read_bytes()[:100_000], ProfileKey(SECRET))  # the standard's definitions are read once
    rates = {
        "plain split into segments and fields": _rate(len(texts), lambda: _split(texts)),
        "profile, file to profile, one core": _rate(count, lambda: profile_messages(path, ProfileKey(SECRET))),
        "profile, two processes": _rate(count, lambda: profile_shared(path, SECRET, processes=2)),
        "read, file to messages": _rate(count, lambda: [found for found in read(path) if isinstance(found, Message)]),
        "read and written back": _rate(count, lambda: [one.write() for one in read(path) if isinstance(one, Message)]),
        "python-hl7, parse": _rate(len(some), lambda: [hl7.parse(text) for text in some]),
        "python-hl7, parse and count each field": _rate(len(some), lambda: _counted_by_hl7(some)),
        "hl7apy, parse": _rate(len(few), lambda: [parse_message(text, find_groups=False) for text in few]),
        "hl7apy, parse and count each field": _rate(len(few), lambda: _counted_by_hl7apy(few)),
    }
    for name, rate in rates.items():
        _show(name, rate, "messages")


def _counted_by_hl7(texts: list[str]) -> Counter[tuple[str, int, str]]:
    """The least that a profile needs: how often each value of each field came."""
    found: Counter[tuple[str, int, str]] = Counter()
    for text in texts:
        for segment in hl7.parse(text):
            name = str(segment[0])
            found.update((name, number, str(field)) for number, field in enumerate(segment[1:], 1))
    return found


def _counted_by_hl7apy(texts: list[str]) -> Counter[tuple[str, str]]:
    found: Counter[tuple[str, str]] = Counter()
    for text in texts:
        for segment in parse_message(text, find_groups=False).children:
            found.update((field.name, field.value) for field in segment.children)
    return found


def _resources(path: Path, count: int) -> None:
    """FHIR, a resource to a line."""
    pick = random.Random(2)
    with path.open("w") as file:
        for number in range(count):
            file.write(json.dumps(_resource(pick, number)) + "\n")
    size = path.stat().st_size
    print(f"{count:,} resources of FHIR of {size / count:,.0f} bytes, best of {_ROUNDS}")
    key = ProfileKey(SECRET)
    rates = {
        "json alone": _rate(count, lambda: [json.loads(line) for line in path.open("rb")]),
        "read, file to resources": _rate(count, lambda: sum(1 for _ in fhir.read(path))),
        "profile, file to profile, one core": _rate(count, lambda: profile_messages(path, key, standard="FHIR")),
    }
    for name, rate in rates.items():
        _show(name, rate, "resources")


def _synthesis(path: Path, count: int) -> None:
    """Messages made from what was profiled."""
    made = documents(profile_messages(path, ProfileKey(SECRET)), vendor="Benchmark")
    for name, document in made.items():
        rate = _rate(count, lambda document=document: [*synthesise(document, count, seed=1)])  # type: ignore[misc]
        size = sum(map(len, synthesise(document, count, seed=1))) / count
        _show(f"synthesis, {name}, {size:,.0f} bytes", rate, "messages")


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


def _rate(count: int, run: Callable[[], object]) -> tuple[float, float]:
    """How many a second by the clock, and a second of this process's processor time."""
    best = worked = float("inf")
    for _ in range(_ROUNDS):
        begun, began = time.perf_counter(), time.process_time()
        run()
        best = min(best, time.perf_counter() - begun)
        worked = min(worked, time.process_time() - began)
    return count / best, count / worked


def _show(name: str, rate: tuple[float, float], what: str) -> None:
    print(f"{name:40} {rate[0]:>10,.0f} {what}/s {rate[1]:>10,.0f} a second of processor time", flush=True)


def _split(texts: list[str]) -> None:
    for text in texts:
        for line in text.split("\r"):
            line.split("|")


def _alone(path: Path) -> int:
    """One pass in a process of its own, for its peak of memory."""
    begun = time.perf_counter()
    profile = profile_messages(path, ProfileKey(SECRET))
    seconds = time.perf_counter() - begun
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{profile.messages:,} messages: {profile.messages / seconds:,.0f} messages/s, peak {peak:,.0f} MiB")
    return 0


def write(path: Path, count: int) -> int:
    """A file of so many messages, and its size in bytes."""
    with path.open("wb") as file:
        for batch in _batches(_messages(count)):
            file.write("".join(batch).encode())
    return path.stat().st_size


def _batches(found: Iterator[str]) -> Iterator[list[str]]:
    while batch := list(islice(found, 1_000)):
        yield batch


def _messages(count: int) -> Iterator[str]:
    """Admissions and results of made-up patients, 1.4 kB each; every identifier, name and time its own."""
    pick = random.Random(1)
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


if __name__ == "__main__":
    sys.exit(main())
