"""Drift on planted truth: every planted change is found, and batches that did not change raise hardly an alarm.

A batch is compared with a configuration of as many messages, at 30, 100, 300 and 1,000. Undisturbed: two halves of one
sender's messages, shuffled anew for each of 200 splits; of the fields looked at, at most one in a hundred may be told.
Disturbed: each change of `tests/support/planting.py` in a batch of its own; it must be found, and nothing beside it.
With HOLDFAST_TEST_DATA set, splits of a simulated hospital's messages too.

`uv run python -m tests.campaigns.drift [--quick]`
"""

import os
import random
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from support.hl7 import messages
from support.planting import PLANTED

from benchmarks.messages import write
from holdfast.domains.interop.documents import documents, inferred
from holdfast.domains.interop.drift import Drift, drift
from holdfast.domains.interop.hl7 import Message, read
from holdfast.domains.interop.profiles import ProfileKey, profile_messages

from .reporting import Step, Trial, conclude, parser, steps

KEY = ProfileKey(b"the campaign of drift, for nobody")
SIZES = (30, 100, 300, 1_000)
SPLITS = 200
ROUNDS = 10
ALARMS = 0.01
"""The share of a field's splits that may raise an alarm."""


def main() -> int:
    options = parser(__doc__ or "").parse_args()
    began = time.monotonic()
    sizes, splits, rounds = ((30, 100), 6, 1) if options.quick else (SIZES, SPLITS, ROUNDS)
    senders = _senders(2 * max(sizes))
    admissions = messages(4 * max(sizes), seed=1)[1::2]
    trials = []
    with steps("drift", len(sizes) * (splits * len(senders) + rounds * len(PLANTED))) as step:
        for name, kind, sent in senders:
            for size in [size for size in sizes if 2 * size <= len(sent)]:
                trials.append(
                    _undisturbed(f"{name}, {size} messages a side, {splits} splits", kind, sent, size, splits, step)
                )
        for size in sizes:
            trials.append(_disturbed(admissions, size, rounds, step))
    return conclude(trials, as_json=options.json, began=began)


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


def _undisturbed(name: str, kind: str, sent: list[bytes], size: int, splits: int, step: Step) -> Trial:
    trial = Trial(name)
    alarms: Counter[str] = Counter()
    tests = 0
    pick = random.Random(size)
    for _ in range(splits):
        chosen = pick.sample(sent, 2 * size)
        found = _compared(chosen[:size], chosen[size:], kind)
        alarms.update({one.location for one in found.findings})
        tests += found.tests
        step()
    worst = alarms.most_common(1)[0] if alarms else ("none", 0)
    trial.figures = {
        "questions asked": tests,
        "alarms": alarms.total(),
        "share of questions": f"{alarms.total() / max(tests, 1):.5%}",
        "the field with most alarms": f"{worst[0]}, {worst[1]} of {splits} splits",
    }
    if worst[1] > max(ALARMS * splits, 1 if splits < SPLITS else 0):
        trial.faults.append(f"{worst[0]} raised {worst[1]} alarms in {splits} splits")
    return trial


def _disturbed(sent: list[bytes], size: int, rounds: int, step: Step) -> Trial:
    trial = Trial(f"planted changes, {size} messages a side, {rounds} rounds")
    found, beside = 0, 0
    pick = random.Random(-size)
    for planted in PLANTED:
        for _ in range(rounds):
            chosen = pick.sample(sent, 2 * size)
            told = {
                (one.location, one.kind)
                for one in _compared(chosen[:size], planted.change(chosen[size:]), "ADT^A01").findings
            }
            found += planted.expected <= told
            beside += len(told - planted.expected)
            if not planted.expected <= told:
                trial.faults.append(f"{planted.name} was not found: {sorted(told)}")
            step()
    trial.figures = {
        "planted": len(PLANTED) * rounds,
        "found": found,
        "recall": f"{found / (len(PLANTED) * rounds):.1%}",
        "findings beside them": beside,
    }
    return trial


if __name__ == "__main__":
    sys.exit(main())
