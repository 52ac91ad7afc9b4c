"""HL7 v2 from a file to a profile, beside a plain split, python-hl7 and hl7apy on the same messages.

`uv run python -m benchmarks.interop [--million] [--quick]`; no database has part in it, so it is a command of its own.
"""

import argparse
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

import hl7
from hl7apy.parser import parse_message

from holdfast.domains.interop.hl7 import Message, read
from holdfast.domains.interop.profiles import ProfileKey, profile_messages, profile_shared

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
        "hl7apy, parse": _rate(len(few), lambda: [parse_message(text, find_groups=False) for text in few]),
    }
    for name, rate in rates.items():
        print(f"{name:40} {rate:>10,.0f} messages/s")


def _rate(count: int, run: Callable[[], object]) -> float:
    best = float("inf")
    for _ in range(_ROUNDS):
        begun = time.perf_counter()
        run()
        best = min(best, time.perf_counter() - begun)
    return count / best


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
