"""Judge retrieval by a file of questions: `uv run python -m benchmarks.retrieval [FILE.json] [--embedder …]`."""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

from benchmarks.places import ENGINES, person, places_on
from benchmarks.retrieval import measuring
from benchmarks.retrieval.judging import DEPTHS, Answers, difference, judge
from benchmarks.retrieval.preparing import WINDOW
from benchmarks.retrieval.samples import Collection, NotUnderstood, read
from holdfast.core.fusion import CANDIDATES, WEIGHT
from holdfast.scopes import UserScope

AGAINST = {"lexical": "plain BM25", "hybrid": "lexical", "reciprocal ranks": "lexical"}
"""What each way has to beat."""
_console = Console(width=160)


def main() -> int:
    """Read, judge, print. 2 when the file cannot be read; with `--strict`, 1 when one does not beat what it has to."""
    options = _options()
    try:
        collections = read(options.file, adversarial=options.adversarial)
    except (NotUnderstood, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    if options.category:
        collections = [collection.only(options.category) for collection in collections]
    with places_on(options.engine) as places, places.new().open() as store:
        answers = judge(collections, _setup(options, person(store)).indexes)
    if options.json:
        print(json.dumps(_as_json(collections, answers), indent=1))
    else:
        _print(collections, answers)
    compared = [difference(one, other, 10) for one, other in _pairs(answers) if one.name != "reciprocal ranks"]
    return 1 if options.strict and any(each.better <= 0 for each in compared) else 0


def _setup(options: argparse.Namespace, me: UserScope) -> measuring.Setup:
    return measuring.Setup(
        person=me,
        embedder=measuring.embedder_named(options.embedder),
        weight=options.weight,
        window=options.window,
        vector_window=options.vector_window,
        candidates=options.candidates,
        keep_names=options.keep_names,
    )


def _pairs(answers: Sequence[Answers]) -> list[tuple[Answers, Answers]]:
    named = {each.name: each for each in answers}
    return [(named[one], named[other]) for one, other in AGAINST.items() if one in named and other in named]


def _print(collections: Sequence[Collection], answers: Sequence[Answers]) -> None:
    questions = sum(len(collection.questions) for collection in collections)
    left_out = sum(collection.left_out for collection in collections)
    passages = sum(len(collection.passages) for collection in collections)
    _console.print(f"{len(collections)} collections, {passages:,} passages, {questions:,} questions", highlight=False)
    if left_out:
        _console.print(f"{left_out:,} questions left out: no answer, or no evidence that is there", highlight=False)
    table = Table(title="recall, all questions", title_justify="left", box=SIMPLE)
    for heading in ("", *(f"@{depth}" for depth in DEPTHS)):
        table.add_column(heading)
    for each in answers:
        table.add_row(each.name, *(f"{each.recall(depth):.3f}" for depth in DEPTHS))
    _console.print(table)
    _print_collections(collections, answers)
    for one, other in _pairs(answers):
        for depth in DEPTHS[1:]:
            _console.print(_sentence(one, other, depth), highlight=False)


def _print_collections(collections: Sequence[Collection], answers: Sequence[Answers]) -> None:
    table = Table(title="recall@5 / @10 / @20 of each", title_justify="left", box=SIMPLE)
    for heading in ("collection", "questions", *(each.name for each in answers)):
        table.add_column(heading)
    for collection in collections:
        cells = (" / ".join(f"{each.recall(depth, collection.id):.3f}" for depth in DEPTHS[1:]) for each in answers)
        table.add_row(collection.id, str(len(collection.questions)), *cells)
    _console.print(table)


def _sentence(one: Answers, other: Answers, depth: int) -> str:
    found = difference(one, other, depth)
    return (
        f"{one.name} against {other.name} @{depth}: {found.better:+.3f} "
        f"(95 %: {found.least:+.3f} to {found.most:+.3f}), "
        f"better on {found.wins} of {len(one.shares)} collections, worse on {found.losses}"
    )


def _as_json(collections: Sequence[Collection], answers: Sequence[Answers]) -> dict[str, object]:
    return {
        "collections": {
            each.id: {"passages": len(each.passages), "questions": len(each.questions), "left_out": each.left_out}
            for each in collections
        },
        "recall": {
            each.name: {
                "all": {str(depth): each.recall(depth) for depth in DEPTHS},
                **{name: {str(depth): each.recall(depth, name) for depth in DEPTHS} for name in each.shares},
            }
            for each in answers
        },
        "differences": [
            {"one": one.name, "other": other.name, "depth": depth, **asdict(difference(one, other, depth))}
            for one, other in _pairs(answers)
            for depth in DEPTHS[1:]
        ],
    }


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.retrieval", description=__doc__)
    parser.add_argument("file", nargs="?", type=Path, default=measuring.OWN, help="ours by default")
    parser.add_argument(
        "--embedder", default=measuring.EMBEDDER, help="as a knowledge base takes it, or none: words alone"
    )
    parser.add_argument("--weight", type=float, default=WEIGHT, help="the vectors' share, 0 to 1")
    parser.add_argument("--window", type=int, default=WINDOW, help="neighbours indexed with a passage's words")
    parser.add_argument("--engine", choices=ENGINES, default="sqlite-plain", help="where the words are searched")
    parser.add_argument("--vector-window", type=int, default=0, help="neighbours embedded with a passage")
    parser.add_argument("--candidates", type=int, default=CANDIDATES, help="asked of each side before fusing")
    parser.add_argument("--keep-names", action="store_true", help="embed questions with the speakers' names")
    parser.add_argument("--adversarial", action="store_true", help="with the questions that have no answer")
    parser.add_argument("--category", action="append", help="only questions of this category; may be repeated")
    parser.add_argument("--strict", action="store_true", help="fail unless lexical beats plain and hybrid lexical")
    parser.add_argument("--json", action="store_true", help="figures as JSON instead of tables")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
