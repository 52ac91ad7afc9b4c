"""Runs are partitioned by month on PostgreSQL: made ahead of time, locked like the whole, nothing lost at an edge."""

from datetime import UTC, datetime
from types import SimpleNamespace

import psycopg
import pytest

import holdfast
from holdfast.core.database.postgres_partitions import _first_id


@pytest.fixture
def store(postgres, postgres_template, request):
    name = f"partitions_{abs(hash(request.node.nodeid))}"
    place = SimpleNamespace(url=postgres.copy(postgres_template, name))
    with holdfast.open(place.url) as opened:
        yield opened
    postgres.drop(name)


@pytest.fixture
def superuser(store):
    with psycopg.connect(store.engine._conninfo, autocommit=True) as connection:
        connection.execute("SET search_path = holdfast, public")
        yield connection


def months(superuser):
    found = superuser.execute(
        "SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = 'runs'::regclass"
    )
    return {name for (name,) in found.fetchall()}


def test_they_are_made_ahead_once_and_locked(store, superuser):
    made = store.engine.make_partitions(moment=datetime(2031, 11, 30, 23, 59, tzinfo=UTC))
    assert [name for name in made if name.startswith("runs_")] == [
        "runs_y2031m11", "runs_y2031m12", "runs_y2032m01", "runs_y2032m02",
    ]  # fmt: skip
    again = store.engine.make_partitions(moment=datetime(2031, 12, 1, tzinfo=UTC))
    assert [name for name in again if name.startswith("runs_")] == ["runs_y2032m03"]
    assert months(superuser) >= {name for name in (*made, *again) if name.startswith("runs_")}
    unprotected = superuser.execute(
        "SELECT relname FROM pg_class"
        " WHERE relispartition AND relkind = 'r' AND NOT (relrowsecurity AND relforcerowsecurity)"
    )
    assert unprotected.fetchall() == []
    granted = superuser.execute(
        "SELECT count(*) FROM information_schema.table_privileges"
        " WHERE table_name LIKE 'runs\\_%' AND grantee LIKE 'holdfast%'"
    )
    assert granted.fetchone() == (0,)


def test_a_partition_asked_by_itself_shows_nothing(store, superuser):
    amina = store.tenant("acme").user("amina@acme.test")
    amina.runs.start(amina.runs.create_workflow("x").id)
    (name,) = superuser.execute("SELECT DISTINCT tableoid::regclass::text FROM runs").fetchone()
    superuser.execute("SET ROLE holdfast_app")
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        superuser.execute(f"SELECT * FROM {name}")


def test_what_fell_into_the_rest_moves_when_its_month_is_made(store, superuser):
    amina = store.tenant("acme").user("amina@acme.test")
    run = amina.runs.start(amina.runs.create_workflow("x").id)
    far = _first_id(datetime(2040, 5, 2, tzinfo=UTC))
    superuser.execute("UPDATE runs SET id = %s WHERE id = %s", (far, run.id))
    assert superuser.execute("SELECT tableoid::regclass::text FROM runs").fetchone() == ("runs_rest",)
    store.engine.make_partitions(moment=datetime(2040, 5, 1, tzinfo=UTC))
    assert superuser.execute("SELECT tableoid::regclass::text FROM runs").fetchone() == ("runs_y2040m05",)
    assert amina.runs.finish(far).status == "success"


def test_the_schedule_makes_them(store):
    made = store.system().jobs.submit("partitions.make")
    store.worker().run_due()
    assert store.system().jobs.get(made.id).status == "done"


def test_a_run_by_its_id_looks_into_one_partition(store, superuser):
    plan = "\n".join(
        row[0] for row in superuser.execute(
            "EXPLAIN (COSTS off) SELECT * FROM runs WHERE tenant_id = gen_random_uuid() AND id = %s",
            (_first_id(datetime.now(UTC)),),
        )
    )  # fmt: skip
    assert plan.count("Scan") == 1
