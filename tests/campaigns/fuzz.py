"""Bytes made to break the readers of messages: HL7 v2, FHIR, NCPDP SCRIPT and Telecom, two at a time.

Promised: nothing crashes; the pieces of a source add up to it; a message written back is the bytes it was read from;
its profile comes back from its bytes. With atheris, which looks for inputs that reach new code, where it is installed;
else, and in the short form, by changing samples at random. `--seconds` in all, ten minutes unless told, on two cores,
each reader with a share of its own: of HL7 v2 a profile takes a hundred times as long as reading, so that the two are
tried apart. Samples of others from the folder that HOLDFAST_TEST_DATA names are among those it begins with.
"""

import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from .reporting import Trial, conclude, parser, steps

_LARGEST = 4_096
_QUICK_SECONDS = 6
_SECONDS = 600
_AT_ONCE = 2


@dataclass(frozen=True)
class Target:
    """What is tried in a process of its own. `share`: of the time of all; `largest`: bytes of an input."""

    standard: str
    reads: bool = True
    counts: bool = True
    share: float = 1 / 3
    largest: int = _LARGEST


TARGETS = {
    "HL7v2, profiles": Target("HL7v2", reads=False, share=2 / 3, largest=1_024),
    "HL7v2": Target("HL7v2", counts=False),
    "FHIR": Target("FHIR"),
    "NCPDP-SCRIPT": Target("NCPDP-SCRIPT"),
    "NCPDP-Telecom": Target("NCPDP-Telecom"),
}
"""Their shares are two lanes of the whole time, dealt out in this order."""
_PATTERNS = {"HL7v2": "*hl7", "FHIR": "*.json", "NCPDP-SCRIPT": "*.xml", "NCPDP-Telecom": "*.ncpdp"}
_SPLICES = (
    b"\r",
    b"\n",
    b"|",
    b"^",
    b"~",
    b"\\",
    b"&",
    b"MSH|^~\\&|",
    b"\x0b",
    b"\x1c\r",
    b'"',
    b"{",
    b"}",
    b"[",
    b"]",
)
_SPLICES += (b",", b":", b"</Message>", b"<", b">", b"&#0;", b"<!DOCTYPE a>", b"\x1d", b"\x1e", b"AM", b"\x02", b"\x03")


def check(target: Target, raw: bytes) -> None:
    """Everything that is promised of a reader and its profile, for any bytes."""
    if target.reads:
        _check_reading(target.standard, raw)
    if target.counts:
        _check_profile(target.standard, raw)


def _check_reading(standard: str, raw: bytes) -> None:
    from holdfast.domains.interop import fhir, hl7, ncpdp
    from holdfast.domains.interop.hl7.reading import pieces_of

    chunks = [raw[at : at + 1 + len(raw) // 3] for at in range(0, len(raw), 1 + len(raw) // 3)]
    if standard == "HL7v2":
        assert b"".join(piece.raw for piece in pieces_of(chunks)) == raw, "pieces do not add up"
        for found in hl7.read(raw):
            assert not isinstance(found, hl7.Message) or found.write() == found.raw, "written otherwise"
    else:
        cut = {"FHIR": fhir.pieces_of, "NCPDP-SCRIPT": ncpdp.script_pieces, "NCPDP-Telecom": ncpdp.telecom_pieces}
        assert b"".join(piece.raw for piece in cut[standard](chunks)) == raw, "pieces do not add up"


def _check_profile(standard: str, raw: bytes) -> None:
    from holdfast.domains.interop.profiles import Profile, ProfileKey, profile_messages, shown

    key = ProfileKey(b"profiles of the fuzzer")
    profile = profile_messages(raw, key, standard=standard, report=lambda _: None)  # type: ignore[arg-type]
    written = profile.to_bytes()
    assert Profile.from_bytes(written, key).to_bytes() == written, "the profile comes back otherwise"
    shown(profile, k=2)


def seeds(target: Target) -> list[bytes]:
    """Samples to begin with, the smaller ones first."""
    from support.fhir import bundle, lines, observation, person
    from support.hl7 import admission, patients, result

    one, two = patients(2, seed=1)
    made = {
        "HL7v2": [
            admission(one, 3),
            b"\x0b" + result(two, 4) + b"\x1c\r",
            b"BHS|^~\\&\r" + admission(two, 1) + b"BTS|1\r",
        ],
        "FHIR": [bundle(person(one, 1), observation(one, 2)), lines(person(two, 3), observation(two, 4))],
        "NCPDP-SCRIPT": [
            b'<?xml version="1.0"?><Message version="2017071"><Header><To Qualifier="P">1</To></Header><Body><NewRx>'
            b"<Patient><HumanPatient><Gender>F</Gender></HumanPatient></Patient></NewRx></Body></Message>"
        ],
        "NCPDP-Telecom": [
            b"610000D0B1PCN       1011234567890     20260201SOFT      \x1e\x1cAM04\x1cC2999\x1d\x1e\x1cAM07\x1cEM1",
            b"\x02G10123456789D0B11A011234567890     20260201\x1e\x1cAM21\x1cANR\x1cFB99\x03",
        ],
    }[target.standard]
    data = os.environ.get("HOLDFAST_TEST_DATA")
    others = Path(data).rglob(_PATTERNS[target.standard]) if data else ()
    return sorted(made + [path.read_bytes()[: target.largest] for path in others], key=lambda one: (len(one), one))


def main() -> int:
    """Prints what was tried, and what broke."""
    made = parser(__doc__ or "")
    made.add_argument("--seconds", type=int, help=f"for all readers together ({_SECONDS})")
    made.add_argument("--chance", action="store_true", help="without atheris")
    made.add_argument("--alone", choices=TARGETS, help="one reader, in this process")
    options = made.parse_args()
    seconds = options.seconds or (_QUICK_SECONDS if options.quick else _SECONDS)
    guided = not (options.quick or options.chance) and _atheris()
    if options.alone:
        return (_guided if guided else _by_chance)(TARGETS[options.alone], seconds)
    began = time.monotonic()
    with steps("readers", len(TARGETS)) as step, ThreadPoolExecutor(_AT_ONCE) as lanes:

        def tried(name: str) -> Trial:
            trial = _trial(name, max(1, round(seconds * TARGETS[name].share)), guided)
            step()
            return trial

        trials = list(lanes.map(tried, TARGETS))
    return conclude(trials, as_json=options.json, began=began)


def _trial(name: str, seconds: int, guided: bool) -> Trial:
    command = [sys.executable, "-m", "tests.campaigns.fuzz", "--alone", name, "--seconds", str(seconds)]
    command += [] if guided else ["--chance"]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    told = (run.stdout + run.stderr).splitlines()
    inputs = max((int(line.split()[1]) for line in told if line.startswith("Done ")), default=0)
    trial = Trial(f"{name}, {seconds} s", {"inputs": inputs, "by": "atheris" if guided else "chance"})
    if run.returncode or not inputs:
        trial.faults += [line for line in told if line][-15:] or [f"the reader's process ended with {run.returncode}"]
    return trial


def _atheris() -> bool:
    try:
        import atheris  # noqa: F401
    except ImportError:
        return False
    return True


def _guided(target: Target, seconds: int) -> int:
    import atheris

    package = "holdfast.domains.interop"
    followed = [f"{package}.{name}" for name in (("hl7", "fhir", "ncpdp") if target.reads else ("profiles",))]
    with atheris.instrument_imports(include=followed + ([f"{package}.profiles"] if target.counts else [])):
        from holdfast.domains.interop import fhir, hl7, ncpdp, profiles  # noqa: F401
    if target.counts and target.standard == "HL7v2":
        _load_definitions()
    folder = Path(tempfile.mkdtemp(prefix="fuzz-"))
    for number, seed in enumerate(seeds(target)):
        (folder / str(number)).write_bytes(seed)
    run: Callable[[bytes], None] = lambda raw: check(target, raw)  # noqa: E731
    limits = [f"-max_total_time={seconds}", f"-max_len={target.largest}", f"-artifact_prefix={folder}/"]
    atheris.Setup([sys.argv[0], *limits, "-rss_limit_mb=2048", str(folder)], run)
    atheris.Fuzz()  # ends the process
    return 0


def _load_definitions() -> None:
    """Once, so that no input pays for it."""
    from holdfast.domains.interop.standard import VERSIONS, definitions

    for version in VERSIONS:
        definitions(version)


def _by_chance(target: Target, seconds: int) -> int:
    pick = random.Random(os.urandom(8))
    pool, inputs = seeds(target), 0
    check(target, pool[0])  # what is imported for the first has no part in the time
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        raw = _changed(pick, pick.choice(pool))[: target.largest]
        inputs += 1
        try:
            check(target, raw)
        except BaseException:
            print(f"breaks on {raw!r}")
            raise
    print(f"Done {inputs} runs")
    return 0


def _changed(pick: random.Random, raw: bytes) -> bytes:
    """A few bytes cut, doubled, replaced, or put in."""
    for _ in range(pick.randrange(1, 8)):
        at = pick.randrange(len(raw) + 1)
        end = min(len(raw), at + pick.randrange(1, 40))
        new = (b"", raw[at:end] * 2, pick.randbytes(pick.randrange(1, 4)), pick.choice(_SPLICES))
        raw = raw[:at] + pick.choice(new) + (raw[end:] if pick.random() < 0.5 else raw[at:])
    return raw[:_LARGEST]


if __name__ == "__main__":
    sys.exit(main())
