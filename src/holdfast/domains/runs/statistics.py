"""What runs came to, by a stated rule (`Tally`): from roll-ups of whole days, and the runs of the edges."""

from collections import Counter, defaultdict
from collections.abc import Iterator
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
"""A part of a period: whether it is whole days, its beginning and end."""
Groups = dict[Any, Counter[tuple[str, int]]]
"""Of each group, how many runs had a status and a bucket."""


class Statistics(RunReads):
    """Figures about runs; see `Runs`."""

    @action("runs.read", writes=False, on="workflow")
    def statistics(
        self, *, since: datetime, until: datetime, workflow: UUID | str | None = None
    ) -> Work[RunStatistics]:
        """How the runs that started in a period ended, in all, for each workflow and for each day (UTC) with any.

        Success rate = success / (success + error); cancelled ones and those under way are counted apart. Counts are
        exact, percentiles within 2 % (see `durations`). Whole days are read from roll-ups, what is left at both edges
        from an index of the runs: two statements for each of up to three parts, two for the runs under way, one for
        names. Raises `WorkflowNotFound`, `InvalidInput`.
        """
        begin, end = check_period(since, until)
        asked: dict[str, Any] = {"since": begin, "until": end, "nobody": NIL}
        if workflow is not None:
            asked["workflow_id"] = as_id(workflow, field="workflow")
        one = workflow is not None

        def work(tx: Transaction) -> RunStatistics:
            if one:
                find_workflow(tx, asked["workflow_id"])
            of_workflows = _groups(tx, "workflow", asked, one=one)
            of_days = _groups(tx, "day", asked, one=one)
            names = dict(tx.all(queries.names_of_workflows))
            tallies = {of: _tally(counts) for of, counts in of_workflows.items()}
            return RunStatistics(
                since=begin,
                until=end,
                total=_tally(sum(of_days.values(), Counter())),
                workflows=tuple(
                    WorkflowOfRuns(workflow_id=of, name=names[of], tally=tally)
                    for of, tally in sorted(tallies.items(), key=lambda one: (-one[1].runs, names[one[0]]))
                ),
                days=tuple(
                    DayOfRuns(day=_EPOCH + timedelta(days=day), tally=_tally(of_days[day])) for day in sorted(of_days)
                ),
            )

        return work


def parts(since: datetime, until: datetime) -> Iterator[Part]:
    """What makes up a period: part of a day, days, part of a day; each only where there is any."""
    begin, end = since + (_START - since) % _DAY, until - (until - _START) % _DAY
    if begin >= end:
        yield False, since, until
        return
    if since < begin:
        yield False, since, begin
    yield True, begin, end
    if end < until:
        yield False, end, until


def _groups(tx: Transaction, by: queries.By, asked: dict[str, Any], *, one: bool) -> Groups:
    made: Groups = defaultdict(Counter)
    for whole, since, until in parts(asked["since"], asked["until"]):
        query = queries.rolled_up if whole else queries.counted
        _add(made, tx.all(query(by=by, workflow=one), {**asked, "since": since, "until": until}))
    _add(made, tx.all(queries.under_way(by=by, workflow=one), asked))
    return made


def _add(made: Groups, rows: list[tuple[Any, ...]]) -> None:
    for group, status, bucket, runs in rows:
        if runs:
            made[group][status, bucket] += runs


def _tally(counts: Counter[tuple[str, int]]) -> Tally:
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
