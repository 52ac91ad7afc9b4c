"""Bytes made to break the readers of messages: HL7 v2, FHIR, NCPDP SCRIPT and Telecom, each in a process of its own.

Promised: nothing crashes; the pieces of a source add up to it; a message written back is the bytes it was read from;
its profile comes back from its bytes. With atheris, which looks for inputs that reach new code, where it is installed;
else, and in the short form, by changing samples at random. `--seconds` in all, ten minutes unless told; samples of
others from the folder that HOLDFAST_TEST_DATA names are among those it begins with.
"""

import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from .reporting import Trial, conclude, parser, steps

_LARGEST = 4_096
_QUICK_SECONDS = 12
_SECONDS = 600
_TARGETS = ("HL7v2", "FHIR", "NCPDP-SCRIPT", "NCPDP-Telecom")
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


def check(standard: str, raw: bytes) -> None:
    """Everything that is promised of a reader and its profile, for any bytes."""
    from holdfast.domains.interop import fhir, hl7, ncpdp
    from holdfast.domains.interop.hl7.reading import pieces_of
    from holdfast.domains.interop.profiles import Profile, ProfileKey, profile_messages, shown

    chunks = [raw[at : at + 1 + len(raw) // 3] for at in range(0, len(raw), 1 + len(raw) // 3)]
    if standard == "HL7v2":
        assert b"".join(piece.raw for piece in pieces_of(chunks)) == raw, "pieces do not add up"
        for found in hl7.read(raw):
            assert not isinstance(found, hl7.Message) or found.write() == found.raw, "written otherwise"
    else:
        cut = {"FHIR": fhir.pieces_of, "NCPDP-SCRIPT": ncpdp.script_pieces, "NCPDP-Telecom": ncpdp.telecom_pieces}
        assert b"".join(piece.raw for piece in cut[standard](chunks)) == raw, "pieces do not add up"
    key = ProfileKey(b"profiles of the fuzzer")
    profile = profile_messages(raw, key, standard=standard, report=lambda _: None)  # type: ignore[arg-type]
    written = profile.to_bytes()
    assert Profile.from_bytes(written, key).to_bytes() == written, "the profile comes back otherwise"
    shown(profile, k=2)


def seeds(standard: str) -> list[bytes]:
    """Samples to begin with."""
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
    }[standard]
    data = os.environ.get("HOLDFAST_TEST_DATA")
    others = sorted(Path(data).rglob(_PATTERNS[standard])) if data else []
    return made + [path.read_bytes()[:_LARGEST] for path in others]


def main() -> int:
    """Prints what was tried, and what broke."""
    made = parser(__doc__ or "")
    made.add_argument("--seconds", type=int, help=f"for all readers together ({_SECONDS})")
    made.add_argument("--chance", action="store_true", help="without atheris")
    made.add_argument("--alone", choices=_TARGETS, help="one reader, in this process")
    options = made.parse_args()
    seconds = options.seconds or (_QUICK_SECONDS if options.quick else _SECONDS)
    guided = not (options.quick or options.chance) and _atheris()
    if options.alone:
        return (_guided if guided else _by_chance)(options.alone, seconds)
    began = time.monotonic()
    trials = []
    with steps("readers", len(_TARGETS)) as step:
        for standard in _TARGETS:
            trials.append(_trial(standard, max(1, seconds // len(_TARGETS)), guided))
            step()
    return conclude(trials, as_json=options.json, began=began)


def _trial(standard: str, seconds: int, guided: bool) -> Trial:
    command = [sys.executable, "-m", "tests.campaigns.fuzz", "--alone", standard, "--seconds", str(seconds)]
    command += [] if guided else ["--chance"]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    told = (run.stdout + run.stderr).splitlines()
    inputs = max((int(line.split()[1]) for line in told if line.startswith("Done ")), default=0)
    trial = Trial(f"{standard}, {seconds} s", {"inputs": inputs, "by": "atheris" if guided else "chance"})
    if run.returncode or not inputs:
        trial.faults += [line for line in told if line][-15:] or [f"the reader's process ended with {run.returncode}"]
    return trial


def _atheris() -> bool:
    try:
        import atheris  # noqa: F401
    except ImportError:
        return False
    return True


def _guided(standard: str, seconds: int) -> int:
    import atheris

    with atheris.instrument_imports(include=["holdfast.domains.interop"]):
        from holdfast.domains.interop import profiles  # noqa: F401
    folder = Path(tempfile.mkdtemp(prefix="fuzz-"))
    for number, seed in enumerate(seeds(standard)):
        (folder / str(number)).write_bytes(seed)
    target: Callable[[bytes], None] = lambda raw: check(standard, raw)  # noqa: E731
    limits = [f"-max_total_time={seconds}", f"-max_len={_LARGEST}", f"-artifact_prefix={folder}/", "-rss_limit_mb=2048"]
    atheris.Setup([sys.argv[0], *limits, str(folder)], target)
    atheris.Fuzz()  # ends the process
    return 0


def _by_chance(standard: str, seconds: int) -> int:
    pick = random.Random(os.urandom(8))
    pool, inputs = seeds(standard), 0
    check(standard, pool[0])  # what is imported for the first has no part in the time
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        raw = _changed(pick, pick.choice(pool))
        inputs += 1
        try:
            check(standard, raw)
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
