"""The ledger is partitioned by month on PostgreSQL: nothing lost at an edge, and append-only in every partition."""

from datetime import UTC, datetime
from types import SimpleNamespace

import psycopg
import pytest

import holdfast


@pytest.fixture
def store(postgres, postgres_template):
    place = SimpleNamespace(url=postgres.copy(postgres_template, "usage_partitions"))
    with holdfast.open(place.url) as opened:
        yield opened
    postgres.drop("usage_partitions")


def test_an_event_of_a_month_without_a_partition_moves_into_it_and_stays_as_it_is(store):
    amina = store.tenant("acme").user("amina@acme.test")
    amina.metering.record("chat", tokens=1)
    late = amina.metering.record("chat", tokens=2, at=datetime(2019, 5, 2, tzinfo=UTC), request_id="r-1")
    with psycopg.connect(store.engine._conninfo, autocommit=True) as superuser:
        superuser.execute("SET search_path = holdfast, public")
        of = "SELECT tableoid::regclass::text FROM usage_events WHERE tokens = %s"
        month = f"usage_events_y{datetime.now(UTC):%Ym%m}"
        assert superuser.execute(of, (1,)).fetchone() == (month,)
        assert superuser.execute(of, (2,)).fetchone() == ("usage_events_rest",)
        assert "usage_events_y2019m05" in store.engine.make_partitions(moment=datetime(2019, 5, 1, tzinfo=UTC))
        assert superuser.execute(of, (2,)).fetchone() == ("usage_events_y2019m05",)
        for table in ("usage_events_y2019m05", "usage_events_rest", month, "usage_events"):
            triggers = (
                "SELECT count(*) FROM pg_trigger WHERE tgrelid = %s::regclass AND tgenabled = 'O' AND NOT tgisinternal"
            )
            assert superuser.execute(triggers, (table,)).fetchone() == (2,), table
        with pytest.raises(psycopg.Error, match="append-only"):
            superuser.execute("UPDATE usage_events_y2019m05 SET tokens = 3")
    again = amina.metering.record("chat", tokens=9, request_id="r-1")
    assert (again.id, again.tokens, again.replayed) == (late.id, 2, True)
    assert amina.metering.report().total.tokens == 3
