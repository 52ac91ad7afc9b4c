"""Are picks exact? A million of them from 100,000 records, filtered and not, and after weights changed; by chi-square.

`uv run python -m tests.campaigns.picks [--quick]` ends with 1 when shares are off. Records are put into classes of
equal weight, so that each is expected at least a hundred times; the sum of squares is compared with what chance leaves
in one case of ten thousand. The seeds are fixed: the result is the same wherever it runs.
"""

import argparse
import sys
import tempfile
from bisect import bisect_left
from collections import Counter
from itertools import accumulate
from pathlib import Path
from random import Random
from typing import Any

import holdfast

CHANCE = 3.72
"""Standard deviations that chance exceeds once in ten thousand."""
CLASSES = 500


def main() -> int:
    """Pick, and judge."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer records and picks")
    quick = parser.parse_args().quick
    size, picks = (5_000, 100_000) if quick else (100_000, 1_000_000)
    with tempfile.TemporaryDirectory() as folder, holdfast.create(f"sqlite:///{Path(folder) / 'picks.db'}") as store:
        store.system().identity.create_tenant("acme")
        store.system().identity.create_user("amina@acme.test", tenant="acme")
        return judge(store.tenant("acme").user("amina@acme.test").records, size, picks)


def judge(room: Any, size: int, picks: int) -> int:
    """Three looks at one set: all of it, some of it, and all of it with other weights."""
    chance = Random(5)
    rows = [_row(chance, number) for number in range(size)]
    room.define("names", key="id", weight="weight")
    room.put_many("names", rows)
    sound = _is_sound("all", room, rows, picks, None)
    some = [row for row in rows if row["region"] == "TX"]
    sound &= _is_sound("filtered", room, some, picks, {"region": "TX"})
    for row in chance.sample(rows, size // 10):
        row["weight"] = _weight(chance)
    room.put_many("names", rows)
    sound &= _is_sound("with other weights", room, rows, picks, None)
    sound &= _is_sound("filtered, with other weights", room, some, picks, {"region": "TX"})
    return 0 if sound else 1


def _row(chance: Random, number: int) -> dict[str, Any]:
    return {"id": f"{number:06d}", "region": chance.choice(("TX", "NY", "CA")), "weight": _weight(chance)}


def _weight(chance: Random) -> float:
    """Zipf's: a few weigh much, most little, some nothing, some a fraction."""
    return chance.choice((0, 0.1, 1, 2.5, 1000 / chance.randrange(1, 1_000)))


def _is_sound(what: str, room: Any, rows: list[dict[str, Any]], picks: int, where: dict[str, Any] | None) -> bool:
    """Whether the shares of the classes are those of their weights."""
    found: Counter[str] = Counter()
    for lot in range(0, picks, 10_000):
        found.update(record.key for record in room.pick("names", where=where, n=10_000, seed=lot))
    ends = [*accumulate(row["weight"] for row in rows)]
    borders = [ends[-1] * number / CLASSES for number in range(1, CLASSES + 1)]
    weights, counts = [0.0] * CLASSES, [0] * CLASSES
    for row, end in zip(rows, ends, strict=True):
        place = min(bisect_left(borders, end), CLASSES - 1)
        weights[place] += row["weight"]
        counts[place] += found.pop(row["id"], 0)
    kept = [(count, picks * weight / ends[-1]) for count, weight in zip(counts, weights, strict=True) if weight]
    square = sum((count - expected) ** 2 / expected for count, expected in kept)
    freedom = len(kept) - 1
    off = (square - freedom) / (2 * freedom) ** 0.5
    print(f"{what}: {picks:,} picks from {len(rows):,} records, chi-square {square:.0f} at {freedom} ({off:+.2f} σ)")
    return not found and abs(off) < CHANCE


if __name__ == "__main__":
    sys.exit(main())
