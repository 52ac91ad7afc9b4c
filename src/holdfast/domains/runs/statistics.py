"""What runs came to, by a stated rule (`Tally`): counted in the database, put together here."""

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from holdfast.core.action import action
from holdfast.core.database import Transaction, Work
from holdfast.core.ids import as_id
from holdfast.domains.runs import queries
from holdfast.domains.runs.checks import check_period
from holdfast.domains.runs.models import DayOfRuns, RunStatistics, Tally, WorkflowOfRuns
from holdfast.domains.runs.reads import RunReads, find_workflow

_EPOCH = date(1970, 1, 1)
_ENDED = ("success", "error", "cancelled")
Marks = dict[Hashable, tuple[float | None, float | None]]


class Statistics(RunReads):
    """Figures about runs; see `Runs`."""

    @action("runs.read", writes=False, on="workflow")
    def statistics(
        self, *, since: datetime, until: datetime, workflow: UUID | str | None = None
    ) -> Work[RunStatistics]:
        """How the runs that started in a period ended, in all, for each workflow and for each day (UTC) with any.

        Success rate = success / (success + error); cancelled ones and those under way are counted apart. Reads the runs
        of the period: five statements through the index on `started_at`. Raises `WorkflowNotFound`, `InvalidInput`.
        """
        begin, end = check_period(since, until)
        asked: dict[str, Any] = {"since": begin, "until": end}
        if workflow is not None:
            asked["workflow_id"] = as_id(workflow, field="workflow")
        one = workflow is not None

        def work(tx: Transaction) -> RunStatistics:
            if one:
                find_workflow(tx, asked["workflow_id"])
            counted = [
                (row[0], _EPOCH + timedelta(days=int(row[1])), row[2], row[3])
                for row in tx.all(queries.counts(workflow=one), asked)
            ]
            marks = {by: _marks(tx, by, asked, one=one) for by in ("total", "workflow", "day")}
            names = dict(tx.all(queries.names_of_workflows))
            total = _tallies(((None, status, count) for _, _, status, count in counted), marks["total"])
            of_workflows = _tallies(((of, status, count) for of, _, status, count in counted), marks["workflow"])
            of_days = _tallies(((day, status, count) for _, day, status, count in counted), marks["day"])
            return RunStatistics(
                since=begin,
                until=end,
                total=total.get(None, Tally()),
                workflows=tuple(
                    WorkflowOfRuns(workflow_id=of, name=names[of], tally=tally)
                    for of, tally in sorted(of_workflows.items(), key=lambda one: (-one[1].runs, names[one[0]]))
                ),
                days=tuple(DayOfRuns(day=day, tally=tally) for day, tally in sorted(of_days.items())),
            )

        return work


def _marks(tx: Transaction, by: str, asked: dict[str, Any], *, one: bool) -> Marks:
    """The durations at both percentiles, by group."""
    found: dict[Hashable, dict[int, float]] = defaultdict(dict)
    sizes: dict[Hashable, int] = {}
    for of, size, rank, ms in tx.all(queries.percentiles(by=by, workflow=one), asked):
        group = None if by == "total" else _EPOCH + timedelta(days=int(of)) if by == "day" else of
        found[group][rank], sizes[group] = ms, size
    return {
        group: (ranks[(sizes[group] * 50 + 99) // 100], ranks[(sizes[group] * 95 + 99) // 100])
        for group, ranks in found.items()
    }


def _tallies(rows: Iterable[tuple[Any, str, int]], marks: Marks) -> dict[Any, Tally]:
    counts: dict[Any, Counter[str]] = defaultdict(Counter)
    for group, status, count in rows:
        counts[group][status] += count
    return {group: _tally(of, marks.get(group, (None, None))) for group, of in counts.items()}


def _tally(counts: Counter[str], marks: tuple[float | None, float | None]) -> Tally:
    judged = counts["success"] + counts["error"]
    return Tally(
        runs=counts.total(),
        success=counts["success"],
        error=counts["error"],
        cancelled=counts["cancelled"],
        open=sum(count for status, count in counts.items() if status not in _ENDED),
        success_rate=counts["success"] / judged if judged else None,
        p50_ms=marks[0],
        p95_ms=marks[1],
    )
