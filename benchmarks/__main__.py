"""The one command: `uv run python -m benchmarks [WHAT …] [--engine sqlite] [--quick]`."""

import argparse
import itertools
import sys
from collections.abc import Callable, Iterable, Iterator
from functools import partial

from benchmarks import (
    adding,
    append,
    caching,
    configurations,
    http,
    hybrid,
    importing,
    interop,
    knowledge,
    metering,
    overhead,
    protection,
    reads,
    records,
    report,
    runs,
    search,
    vectors,
)
from benchmarks.figures import Figure
from benchmarks.places import ENGINES, Places, places_on
from benchmarks.retrieval import measuring as retrieval

Measure = Callable[..., Iterator[Figure]]


def main() -> int:
    """Run what was asked for; 1 when a promise was missed and `--strict` was given."""
    measures: dict[str, Measure] = {
        "append": append.measure,
        "reads": reads.measure,
        "search": search.measure,
        "import": importing.measure,
        "overhead": overhead.measure,
        "http": http.measure,
        "protection": protection.measure,
        "vectors": vectors.measure,
        "knowledge": knowledge.measure,
        "adding": adding.measure,
        "hybrid": hybrid.measure,
        "retrieval": retrieval.measure,
        "cache": caching.measure,
        "runs": runs.measure,
        "configurations": configurations.measure,
        "metering": metering.measure,
        "records": records.measure,
        "interop": interop.measure,
    }
    options = _options(measures)
    measures["search"] = partial(search.measure, million=options.million)
    measures["knowledge"] = partial(knowledge.measure, million=options.million)
    measures["metering"] = partial(metering.measure, millions=options.million)
    measures["runs"] = partial(runs.measure, million=options.million)
    measures["records"] = partial(records.measure, million=options.million)
    first = (options.engine or ENGINES)[0]
    measures["interop"] = partial(interop.measure, million=options.million, first=first)
    made: dict[str, list[Figure]] = {name: [] for name in options.what or measures}
    for engine in options.engine or ENGINES:
        with places_on(engine) as places:
            for name, figures in made.items():
                figures += _run(measures[name], places, options)
    if options.json:
        print(report.as_json(_in_tables([one for figures in made.values() for one in figures]), _command()))
    if options.save:
        for name, figures in made.items():
            report.save(name + (" million" if options.million else ""), _in_tables(figures), _command(name))
    figures = [one for figures in made.values() for one in figures]
    return 1 if options.strict and any(figure.missed() for figure in figures) else 0


def _in_tables(figures: list[Figure]) -> list[Figure]:
    """Those of one table together, the engines in turn."""
    tables = [*dict.fromkeys(figure.table for figure in figures)]
    return sorted(figures, key=lambda figure: tables.index(figure.table))


def _command(*only: str) -> str:
    """What to call for these figures again; of several kinds, `only` this one."""
    options = [one for one in sys.argv[1:] if one not in ("--save", "--json")]
    if only:
        options = [*only, *itertools.dropwhile(lambda one: not one.startswith("-"), options)]
    return " ".join(["uv run python -m benchmarks", *options])


def _run(measure: Measure, places: Places, options: argparse.Namespace) -> list[Figure]:
    """One kind of benchmark on one engine, shown as soon as it is done."""
    done = list(measure(places, quick=options.quick))
    if not options.json:
        report.print_tables(done)
    return done


def _options(what: Iterable[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "what",
        nargs="*",
        metavar="WHAT",
        help=f"{', '.join(what)}; all of them by default",
    )
    parser.add_argument("--engine", action="append", choices=ENGINES, help="may be repeated; all by default")
    parser.add_argument("--quick", action="store_true", help="small sizes: whether it works, not how fast it is")
    million = "search or count 1,000,000 messages, chunks, records, runs, profile as many, report over 5,000,000 events"
    parser.add_argument("--million", action="store_true", help=million)
    parser.add_argument("--json", action="store_true", help="figures as JSON instead of tables")
    parser.add_argument("--save", action="store_true", help="rewrite the figures in docs/measurements.md")
    parser.add_argument("--strict", action="store_true", help="fail when a promise was missed")
    options = parser.parse_args()
    if options.save and options.quick:
        parser.error("--save with --quick: figures of small sizes are not kept; leave one of them out")
    return options


if __name__ == "__main__":
    sys.exit(main())
