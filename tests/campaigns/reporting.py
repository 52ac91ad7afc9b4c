"""How a campaign is run from a shell: its options, its progress, its verdict."""

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

_EVIDENCE = 20
"""The most lines of evidence printed for one trial; `--json` has them all."""

Figures = dict[str, object]


@dataclass
class Trial:
    """One part of a campaign: what was measured, and every promise that was broken."""

    name: str
    figures: Figures = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)


Step = Callable[[], None]


@contextmanager
def steps(name: str, total: int) -> Iterator[Step]:
    """A progress bar on stderr; call the step for each part done."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as progress:
        task = progress.add_task(name, total=total)
        yield lambda: progress.advance(task)


def parser(description: str) -> argparse.ArgumentParser:
    """The options that every campaign has."""
    made = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("--quick", action="store_true", help="a short form, under 30 s")
    made.add_argument("--json", action="store_true", help="the verdict as JSON on stdout")
    return made


def add_engine(made: argparse.ArgumentParser) -> None:
    """The choice of engines."""
    made.add_argument("--engine", choices=["sqlite", "postgresql", "both"], default="both")


def engines(chosen: str) -> list[str]:
    """The engines that `--engine` names."""
    return ["sqlite", "postgresql"] if chosen == "both" else [chosen]


def conclude(trials: list[Trial], *, as_json: bool, began: float) -> int:
    """Print the verdict. The exit code: 0 when every promise was kept and something was tried, else 1."""
    kept = bool(trials) and not any(trial.faults for trial in trials)
    if as_json:
        verdict = {"kept": kept, "seconds": round(time.monotonic() - began, 1), "trials": [asdict(t) for t in trials]}
        json.dump(verdict, sys.stdout, indent=2, default=str)
        print()
    else:
        _show(trials, kept=kept, seconds=time.monotonic() - began)
    return 0 if kept else 1


def _show(trials: list[Trial], *, kept: bool, seconds: float) -> None:
    console = Console(highlight=False)
    for trial in trials:
        console.print(f"[bold]{trial.name}[/bold]")
        for name, value in trial.figures.items():
            console.print(f"  {name}: {value}", markup=False)
        for fault in trial.faults[:_EVIDENCE]:
            console.print(f"  BROKEN: {fault}", style="red", markup=False)
        if len(trial.faults) > _EVIDENCE:
            console.print(f"  … and {len(trial.faults) - _EVIDENCE} more; --json has them all", style="red")
    verdict = "every promise was kept" if kept else "A PROMISE WAS BROKEN"
    console.print(f"{verdict} ({seconds:.1f} s)", style="green" if kept else "bold red")


def spread(seconds: list[float]) -> str:
    """The worst, the 99th percentile and the middle of some durations, for reading."""
    if not seconds:
        return "never"
    ordered = sorted(seconds)
    late, middle = ordered[len(ordered) * 99 // 100], ordered[len(ordered) // 2]
    return f"at worst {ordered[-1] * 1000:.0f} ms, p99 {late * 1000:.0f} ms, median {middle * 1000:.1f} ms"
