"""Statistics come from roll-ups, and are what counting the runs one by one would give, however they came about."""

import itertools
import re
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from holdfast.domains.runs import queries
from holdfast.domains.runs.durations import ERROR, NOTHING, bucket_of, middle_of, percentile
from holdfast.domains.runs.statistics import parts

BEGAN = datetime(2026, 2, 27, 21, 40, tzinfo=UTC)
MINUTES = st.integers(0, 3 * 24 * 60)
TELLINGS = st.tuples(
    st.integers(0, 5),  # which execution
    st.sampled_from(["running", "waiting", "success", "error", "cancelled"]),
    MINUTES,  # when it began
    st.integers(0, 10_000_000) | st.integers(0, 20),  # milliseconds later it was so
)
_numbers = itertools.count()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=20)
@given(told=st.lists(TELLINGS, min_size=1, max_size=12), since=MINUTES, minutes=st.integers(1, 3 * 24 * 60))
def test_they_are_those_of_the_runs(sync_store, told, since, minutes):
    """Told late, again, corrected from one end to another, begun earlier than it was said."""
    amina = sync_store.tenant("acme").user("amina@acme.test").runs
    ben = sync_store.tenant("acme").user("ben@acme.test").runs
    number = next(_numbers)
    workflows = [amina.create_workflow(f"w{n}", external_id=f"{number}-{n}") for n in range(2)]
    for execution, status, minute, later in told:
        began = BEGAN + timedelta(minutes=minute)
        at = began + timedelta(milliseconds=later)
        amina.tell(f"{number}-{execution % 2}", f"e-{execution}", status=status, at=at, started_at=began)
    begin = BEGAN + timedelta(minutes=since)
    end = begin + timedelta(minutes=minutes)
    for workflow in workflows:
        found = ben.statistics(since=begin, until=end, workflow=workflow.id)
        rows = [run for run in amina.list(workflow=workflow.id).items if begin <= run.started_at < end]
        same(found.total, rows)
        assert sum(day.tally.runs for day in found.days) == len(rows)
        for day in found.days:
            same(day.tally, [run for run in rows if run.started_at.date() == day.day])
        assert [one.workflow_id for one in found.workflows] == [workflow.id] * bool(rows)


def same(tally, rows):
    statuses = [run.status for run in rows]
    assert (tally.runs, tally.success, tally.error, tally.cancelled) == (
        len(rows), *(statuses.count(name) for name in ("success", "error", "cancelled")),
    )  # fmt: skip
    durations = sorted(run.duration_ms for run in rows if run.status in ("success", "error"))
    for found, percent in ((tally.p50_ms, 50), (tally.p95_ms, 95)):
        if durations:
            assert found == pytest.approx(durations[(len(durations) * percent + 99) // 100 - 1], rel=ERROR * 1.0001)
        else:
            assert found is None


def test_everybody_counts_what_they_see(store, amina, ben, ada):
    """Runs of a conversation are its starter's own, in the sums too."""
    workflow = amina.runs.create_workflow("x").id
    amina.runs.finish(amina.runs.start(workflow).id)
    amina.runs.finish(amina.runs.start(workflow, conversation=amina.conversations.create().id).id, status="error")
    begin = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    counts = []
    for person in (amina, ben, ada):
        found = person.runs.statistics(since=begin - timedelta(hours=1), until=begin + timedelta(days=1)).total
        counts.append((found.runs, found.success, found.error))
    assert counts == [(2, 1, 1), (1, 1, 0), (2, 1, 1)]


def test_a_run_that_ends_late_is_counted_where_it_began(amina):
    amina.runs.create_workflow("x", external_id="x")
    long_ago = BEGAN - timedelta(days=90)
    period = {"since": long_ago - timedelta(days=1), "until": long_ago + timedelta(days=1)}
    amina.runs.tell("x", "e", status="running", at=long_ago)
    assert amina.runs.statistics(**period).total.open == 1
    amina.runs.tell("x", "e", status="success", at=BEGAN)
    found = amina.runs.statistics(**period).total
    assert (found.open, found.success, found.p50_ms) == (0, 1, pytest.approx(90 * 86_400_000, rel=ERROR))


@given(st.floats(0.001, 1e12))
def test_a_bucket_stands_for_what_is_in_it(duration):
    assert middle_of(bucket_of(duration)) == pytest.approx(duration, rel=ERROR * 1.0001)


def test_percentiles_of_buckets():
    assert bucket_of(None) is None and bucket_of(0) == NOTHING and middle_of(NOTHING) == 0
    assert percentile({}, 50) is None and percentile({NOTHING: 3}, 95) == 0
    assert percentile({1: 19, 200: 1}, 95) == middle_of(1) and percentile({1: 18, 200: 2}, 95) == middle_of(200)


@given(MINUTES, st.integers(1, 3 * 86_400_000_000) | st.integers(0, 3).map(lambda days: days * 86_400_000_000 + 60))
def test_the_parts_of_a_period_are_all_of_it(first, length):
    since = BEGAN + timedelta(minutes=first)
    until = since + timedelta(microseconds=length)
    made = list(parts(since, until))
    assert [begin for _, begin, _ in made] + [until] == [since] + [end for _, _, end in made]
    for whole, begin, end in made:
        assert begin < end
        assert (begin.time() == end.time() == datetime.min.time()) if whole else end - begin < timedelta(days=1)
        assert whole or begin.date() == (end - timedelta(microseconds=1)).date()
    assert sum(not whole for whole, _, _ in made) <= 2


@pytest.mark.parametrize("one", [False, True])
@pytest.mark.parametrize(("query", "index"), [("under_way", "ix_runs_under_way"), ("counted", "ix_runs_started")])
def test_on_sqlite_the_runs_are_counted_from_an_index_alone(sync_store, query, index, one):
    """A plan through another index reads every run of the period."""
    engine = sync_store.engine
    if engine.dialect.name != "sqlite":
        return
    asked = getattr(queries, query)(workflow=one).prepared(engine.dialect).sql
    with engine.admin() as connection:
        values = (0,) * asked.count("?") if "?" in asked else dict.fromkeys(re.findall(r":(\w+)", asked), 0)
        plan = connection.connection.cursor().execute(f"EXPLAIN QUERY PLAN {asked}", values).fetchall()
    assert f"COVERING INDEX {index}" in plan[0][3], plan
