"""Reports: tables for people, JSON for machines, and the figures section of docs/measurements.md."""

import json
import os
import platform
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path

from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

from benchmarks.figures import Figure
from benchmarks.overhead import fsync_time

END = "<!-- end of figures -->"
HEADINGS = ("operation", "engine", "ours", "raw", "ratio", "p95 ms", "p99 ms", "max ms", "promise", "")
_TEXT = ("operation", "engine", "promise", "")
_console = Console(width=180)
PAGE = Path(__file__).parent.parent / "docs" / "measurements.md"


def print_tables(figures: Sequence[Figure]) -> None:
    """One table of each kind of figures."""
    for name, group in groupby(figures, key=lambda figure: figure.table):
        _print_table(name, list(group))


def _print_table(name: str, figures: list[Figure]) -> None:
    rows = [_cells(figure) for figure in figures]
    shown = [n for n in range(len(HEADINGS)) if any(row[n] for row in rows)]
    table = Table(title=name, title_justify="left", box=SIMPLE)
    for n in shown:
        table.add_column(HEADINGS[n], justify="left" if HEADINGS[n] in _TEXT else "right", no_wrap=True)
    for row in rows:
        table.add_row(*[row[n] for n in shown])
    _console.print(table)
    for figure in figures:
        _print_rest(figure)


def _cells(figure: Figure) -> list[str]:
    pair = (figure.ours, figure.raw)
    percentiles = [_number(figure.more.get(name)) for name in ("p95 ms", "p99 ms", "max ms")]
    ours, raw = (_number(value) + f" {figure.unit}".rstrip() if value is not None else "" for value in pair)
    return [
        figure.operation,
        figure.engine,
        ours,
        raw,
        _number(figure.ratio),
        *percentiles,
        ", ".join(map(str, figure.promise)),
        verdict(figure),
    ]


def _print_rest(figure: Figure) -> None:
    rest = {name: value for name, value in figure.more.items() if name not in HEADINGS}
    if rest:
        listed = ", ".join(f"{name} {_number(value)}" for name, value in rest.items())
        _console.print(f"  {figure.operation}, {figure.engine}: {listed}", style="dim", highlight=False)


def verdict(figure: Figure) -> str:
    """`held`, or what was missed."""
    if not figure.promise:
        return ""
    missed = figure.missed()
    return f"MISSED: {', '.join(map(str, missed))}" if missed else "held"


def _number(value: float | None) -> str:
    if value is None:
        return ""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def as_json(figures: Iterable[Figure], command: str) -> str:
    """For machines."""
    return json.dumps({"machine": machine(), "command": command, "figures": [f.as_json() for f in figures]}, indent=1)


def machine() -> dict[str, object]:
    """What it ran on, without names or paths."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    models = [line.partition(": ")[2] for line in lines if line.startswith("model name")]
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "cores": os.cpu_count(),
        "processor": models[0] if models else platform.machine(),
        "python": platform.python_version(),
        "8 KiB made durable, ms": round(fsync_time(), 3),
    }


def save(name: str, figures: Sequence[Figure], command: str, page: Path = PAGE) -> None:
    """Put the figures of one kind between its two marks of the page; the rest of it stays as it is."""
    begin = f"<!-- figures: {name} -->"
    text = page.read_text() if page.exists() else "# Measurements\n"
    if begin not in text:
        text += f"\n## {name.capitalize()}\n\n{begin}\n{END}\n"
    before, _, rest = text.partition(begin)
    page.write_text(f"{before}{begin}\n{_markdown(figures, command)}{END}{rest.partition(END)[2]}")


def _markdown(figures: Sequence[Figure], command: str) -> str:
    about = ", ".join(f"{name} {value}" for name, value in machine().items())
    lines = [f"`{command}`: {about}.", ""]
    for _, group in groupby(figures, key=lambda figure: figure.table):
        lines += [*_rows(list(group)), ""]
    return "\n".join(lines)


def _rows(figures: Sequence[Figure]) -> list[str]:
    """A table with the columns that say something."""
    rows = [[*_cells(figure), _rest(figure)] for figure in figures]
    shown = [n for n in range(len(HEADINGS) + 1) if any(row[n] for row in rows)]
    headings = (*HEADINGS, "besides")
    return [
        _line(headings[n] for n in shown),
        _line("---" for _ in shown),
        *(_line(row[n] for n in shown) for row in rows),
    ]


def _rest(figure: Figure) -> str:
    """What has no column of its own; of latencies, what is not shown already."""
    rest = {name: value for name, value in figure.more.items() if name not in HEADINGS and name != "p50 ms"}
    return ", ".join(f"{name} {_number(value)}" for name, value in rest.items())


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"
