"""Drift on planted truth: every planted change is found, and batches that did not change raise hardly an alarm.

A batch is compared with a configuration of as many messages, at 30, 100, 300 and 1,000. Undisturbed: two halves of one
sender's messages, shuffled anew for each of 200 splits; of the fields looked at, at most one in a hundred may be told.
Disturbed: each change of `tests/support/planting.py` in a batch of its own; it must be found, and nothing beside it.
With HOLDFAST_TEST_DATA set, splits of a simulated hospital's messages too. Two processes share the work.

`uv run python -m tests.campaigns.drift [--quick] [--processes 2]`
"""

import os
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from support.hl7 import messages
from support.planting import PLANTED

from benchmarks.messages import write
from holdfast.domains.interop.documents import documents, inferred
from holdfast.domains.interop.drift import Drift, drift
from holdfast.domains.interop.hl7 import Message, read
from holdfast.domains.interop.profiles import ProfileKey, profile_messages

from .reporting import Trial, conclude, parser, steps

KEY = ProfileKey(b"the campaign of drift, for nobody")
SIZES = (30, 100, 300, 1_000)
SPLITS = 200
ROUNDS = 10
ALARMS = 0.01
"""The share of a field's splits that may raise an alarm."""
AT_ONCE = 20
"""Splits that a process does at a time."""


@dataclass
class Told:
    """What some splits, or some rounds of planted changes, gave."""

    asked: int = 0
    alarms: Counter[str] = field(default_factory=Counter)
    """By location, in how many splits."""
    found: int = 0
    beside: int = 0
    missed: list[str] = field(default_factory=list)

    def add(self, other: "Told") -> None:
        """Both together."""
        self.asked += other.asked
        self.alarms.update(other.alarms)
        self.found += other.found
        self.beside += other.beside
        self.missed += other.missed


@dataclass(frozen=True)
class Part:
    """A share of one trial: some `numbers` of splits, or of planted changes where there is no `sender`."""

    sender: int | None
    size: int
    most: int
    """Messages a side of the largest trial: senders have twice as many."""
    numbers: range

    def __call__(self) -> Told:
        return _undisturbed(self) if self.sender is not None else _disturbed(self)


def main() -> int:
    made = parser(__doc__ or "")
    made.add_argument("--processes", type=int, default=2)
    options = made.parse_args()
    began = time.monotonic()
    sizes, splits, rounds = ((30, 100), 6, 1) if options.quick else (SIZES, SPLITS, ROUNDS)
    most, trials = max(sizes), list[tuple[str, Judge, list[Part]]]()
    for number, (name, _, sent) in enumerate(_senders(2 * most)):
        for size in [size for size in sizes if 2 * size <= len(sent)]:
            parts = _parts(number, size, most, splits)
            trials.append((f"{name}, {size} messages a side, {splits} splits", _judged, parts))
    for size in sizes:
        parts = _parts(None, size, most, rounds * len(PLANTED))
        trials.append((f"planted changes, {size} messages a side, {rounds} rounds", _recalled, parts))
    told = _done([part for _, _, parts in trials for part in parts], options.processes)
    return conclude([judge(name, parts, told) for name, judge, parts in trials], as_json=options.json, began=began)


def _parts(sender: int | None, size: int, most: int, count: int) -> list[Part]:
    return [Part(sender, size, most, range(at, min(count, at + AT_ONCE))) for at in range(0, count, AT_ONCE)]


def _done(parts: list[Part], processes: int) -> dict[Part, Told]:
    """What each part gave, the long ones begun first."""
    ordered = sorted(parts, key=lambda part: -part.size * len(part.numbers))
    with ProcessPoolExecutor(processes) as pool, steps("drift", len(parts)) as step:
        told = {}
        for part, found in zip(ordered, pool.map(Part.__call__, ordered), strict=True):
            told[part] = found
            step()
    return told


@cache
def _senders(count: int) -> list[tuple[str, str, list[bytes]]]:
    """Whose messages are split: name, type, messages."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "made.hl7"
        write(path, 2 * count)
        made = [found for found in read(path) if isinstance(found, Message)]
    senders = [
        ("admissions, made up", "ADT^A01", [one.raw for one in made if one.type == "ADT^A01"]),
        ("results, made up", "ORU^R01", [one.raw for one in made if one.type == "ORU^R01"]),
    ]
    data = os.environ.get("HOLDFAST_TEST_DATA")
    for path in sorted(Path(data, "hl7v2", "simhospital").glob("messages.*")) if data else ():
        found = [one for one in read(path) if isinstance(one, Message)]
        for kind, often in Counter(one.type for one in found).most_common(2):
            senders.append(
                (f"simulated hospital, {kind}, {often}", kind, [one.raw for one in found if one.type == kind])
            )
    return senders


def _compared(before: list[bytes], after: list[bytes], kind: str) -> Drift:
    known = documents(profile_messages(b"".join(before), KEY), vendor="campaign")[kind]
    return drift(inferred(known), profile_messages(b"".join(after), KEY))


def _undisturbed(part: Part) -> Told:
    told = Told()
    _, kind, sent = _senders(2 * part.most)[part.sender or 0]
    for number in part.numbers:
        chosen = random.Random(f"{part.size} {number}").sample(sent, 2 * part.size)
        found = _compared(chosen[: part.size], chosen[part.size :], kind)
        told.alarms.update({one.location for one in found.findings})
        told.asked += found.tests
    return told


def _disturbed(part: Part) -> Told:
    told = Told()
    sent = _admissions(part.most)
    for number in part.numbers:
        planted = PLANTED[number % len(PLANTED)]
        chosen = random.Random(f"{part.size} {number}").sample(sent, 2 * part.size)
        compared = _compared(chosen[: part.size], planted.change(chosen[part.size :]), "ADT^A01")
        found = {(one.location, one.kind) for one in compared.findings}
        told.found += planted.expected <= found
        told.beside += len(found - planted.expected)
        if not planted.expected <= found:
            told.missed.append(f"{planted.name} was not found: {sorted(found)}")
    return told


@cache
def _admissions(most: int) -> list[bytes]:
    return messages(4 * most, seed=1)[1::2]


Judge = Callable[[str, list[Part], dict[Part, Told]], Trial]


def _together(parts: list[Part], told: dict[Part, Told]) -> tuple[Told, int]:
    """What the parts of a trial gave, and of how many splits or changes."""
    whole = Told()
    for part in parts:
        whole.add(told[part])
    return whole, sum(len(part.numbers) for part in parts)


def _judged(name: str, parts: list[Part], told: dict[Part, Told]) -> Trial:
    """Splits: whether any field raised too many alarms."""
    whole, splits = _together(parts, told)
    worst = whole.alarms.most_common(1)[0] if whole.alarms else ("none", 0)
    trial = Trial(name)
    trial.figures = {
        "questions asked": whole.asked,
        "alarms": whole.alarms.total(),
        "share of questions": f"{whole.alarms.total() / max(whole.asked, 1):.5%}",
        "the field with most alarms": f"{worst[0]}, {worst[1]} of {splits} splits",
    }
    if worst[1] > max(ALARMS * splits, 1 if splits < SPLITS else 0):
        trial.faults.append(f"{worst[0]} raised {worst[1]} alarms in {splits} splits")
    return trial


def _recalled(name: str, parts: list[Part], told: dict[Part, Told]) -> Trial:
    """Planted changes: whether each was found."""
    whole, planted = _together(parts, told)
    figures = {"planted": planted, "found": whole.found, "recall": f"{whole.found / planted:.1%}"}
    return Trial(name, figures | {"findings beside them": whole.beside}, whole.missed)


if __name__ == "__main__":
    sys.exit(main())
