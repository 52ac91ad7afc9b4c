"""What runs came to, by a stated rule (`Tally`): from roll-ups of whole days, and the runs of the edges."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from holdfast.core.action import action
from holdfast.core.database import Transaction, Work
from holdfast.core.ids import as_id
from holdfast.core.scope import NIL
from holdfast.domains.runs import queries
from holdfast.domains.runs.checks import check_period
from holdfast.domains.runs.durations import UNTIMED, percentile
from holdfast.domains.runs.models import DayOfRuns, RunStatistics, Tally, WorkflowOfRuns
from holdfast.domains.runs.reads import RunReads, find_workflow

_EPOCH = date(1970, 1, 1)
_DAY = timedelta(days=1)
_START = datetime(1970, 1, 1, tzinfo=UTC)
Part = tuple[bool, datetime, datetime]
"""A part of a period: whether it is whole days, else it is within one; its beginning and end."""
Counts = Counter[tuple[str, int]]
"""How many runs had a status and a bucket."""


class Statistics(RunReads):
    """Figures about runs; see `Runs`."""

    @action("runs.read", writes=False, on="workflow")
    def statistics(
        self, *, since: datetime, until: datetime, workflow: UUID | str | None = None
    ) -> Work[RunStatistics]:
        """How the runs that started in a period ended, in all, for each workflow and for each day (UTC) with any.

        Success rate = success / (success + error); cancelled ones and those under way are counted apart. Counts are
        exact, percentiles within 2 % (see `durations`). Whole days are read from roll-ups, what is left at both edges
        from an index of the runs: two statements for the days, one for each edge, one for the runs under way, one for
        names. Raises `WorkflowNotFound`, `InvalidInput`.
        """
        begin, end = check_period(since, until)
        asked: dict[str, Any] = {"since": begin, "until": end, "nobody": NIL}
        if workflow is not None:
            asked["workflow_id"] = as_id(workflow, field="workflow")

        def work(tx: Transaction) -> RunStatistics:
            if workflow is not None:
                find_workflow(tx, asked["workflow_id"])
            found = _Sums()
            for whole, first, last in parts(begin, end):
                found.add_days(tx, asked, first, last) if whole else found.add_edge(tx, asked, first, last)
            found.add_under_way(tx, asked)
            names = dict(tx.all(queries.names_of_workflows))
            tallies = {of: _tally(counts) for of, counts in found.of_workflows.items()}
            return RunStatistics(
                since=begin,
                until=end,
                total=_tally(_total(found.of_workflows.values())),
                workflows=tuple(
                    WorkflowOfRuns(workflow_id=of, name=names[of], tally=tally)
                    for of, tally in sorted(tallies.items(), key=lambda one: (-one[1].runs, names[one[0]]))
                ),
                days=tuple(
                    DayOfRuns(day=_EPOCH + timedelta(days=day), tally=_tally(counts))
                    for day, counts in sorted(found.of_days.items())
                    if counts
                ),
            )

        return work


def parts(since: datetime, until: datetime) -> Iterator[Part]:
    """What makes up a period: part of a day, days, part of a day; each only where there is any."""
    begin, end = since + (_START - since) % _DAY, until - (until - _START) % _DAY
    if begin > end:
        yield False, since, until
        return
    if since < begin:
        yield False, since, begin
    if begin < end:
        yield True, begin, end
    if end < until:
        yield False, end, until


class _Sums:
    """How many runs of each workflow, and of each day, had a status and a bucket."""

    def __init__(self) -> None:
        self.of_workflows: dict[UUID, Counts] = defaultdict(Counter)
        self.of_days: dict[int, Counts] = defaultdict(Counter)

    def add_days(self, tx: Transaction, asked: dict[str, Any], since: datetime, until: datetime) -> None:
        """Whole days, from the roll-ups."""
        groups: tuple[tuple[Any, Any], ...] = (("workflow", self.of_workflows), ("day", self.of_days))
        for by, found in groups:
            query = queries.rolled_up(by=by, workflow="workflow_id" in asked)
            for group, status, bucket, runs in tx.all(query, {**asked, "since": since, "until": until}):
                if runs:
                    found[group][status, bucket] += runs

    def add_edge(self, tx: Transaction, asked: dict[str, Any], since: datetime, until: datetime) -> None:
        """Part of one day: by workflow, and so of the day."""
        query = queries.counted(workflow="workflow_id" in asked)
        day = self.of_days[(since - _START).days]
        for workflow, status, bucket, runs in tx.all(query, {**asked, "since": since, "until": until}):
            self.of_workflows[workflow][status, bucket] += runs
            day[status, bucket] += runs

    def add_under_way(self, tx: Transaction, asked: dict[str, Any]) -> None:
        """Of the whole period."""
        for workflow, day, runs in tx.all(queries.under_way(workflow="workflow_id" in asked), asked):
            for counts in (self.of_workflows[workflow], self.of_days[day]):
                counts["open", UNTIMED] += runs


def _total(parts: Iterable[Counts]) -> Counts:
    total: Counts = Counter()
    for counts in parts:
        total.update(counts)
    return total


def _tally(counts: Counts) -> Tally:
    statuses: Counter[str] = Counter()
    durations: Counter[int] = Counter()
    for (status, bucket), runs in counts.items():
        statuses[status] += runs
        if bucket != UNTIMED:
            durations[bucket] += runs
    judged = statuses["success"] + statuses["error"]
    return Tally(
        runs=statuses.total(),
        success=statuses["success"],
        error=statuses["error"],
        cancelled=statuses["cancelled"],
        open=statuses["open"],
        success_rate=statuses["success"] / judged if judged else None,
        p50_ms=percentile(durations, 50),
        p95_ms=percentile(durations, 95),
    )
