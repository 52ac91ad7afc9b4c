"""A store of the first release is migrated with what is in it."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import text

import holdfast
from holdfast import migrations
from holdfast.core.database.opening import engine_for_existing, engine_for_new
from holdfast.core.ids import new_id

TENANT, USER, WORKSPACE, CHAT = (new_id() for _ in range(4))


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request, tmp_path, postgres):
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/old.db"
        return
    postgres.execute("CREATE DATABASE old_store")
    yield postgres.url("old_store")
    postgres.execute("DROP DATABASE old_store WITH (FORCE)")


def make_old(url):
    """A store at revision 0001 with a tenant, a person, a workspace and a conversation."""
    engine = engine_for_new(url, None, holdfast.Settings())
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    with engine.admin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        on_sqlite = connection.dialect.name == "sqlite"
        ids = {name: value.bytes if on_sqlite else value for name, value in
               {"t": TENANT, "u": USER, "w": WORKSPACE, "c": CHAT}.items()}  # fmt: skip
        moment = "1700000000000000" if on_sqlite else "'2023-11-14T22:13:20Z'"
        head = "x'00'" if on_sqlite else "'\\x00'"
        for statement in (
            f"INSERT INTO tenants VALUES (:t, 'acme', 'Acme', '{{}}', {moment})",
            f"INSERT INTO users VALUES (:u, 'amina@acme.test', {moment})",
            f"INSERT INTO memberships VALUES (:t, :u, 'admin', 'Amina', {moment})",
            f"INSERT INTO workspaces VALUES (:t, :w, 'Client', {moment})",
            "INSERT INTO conversations (tenant_id, id, owner_id, workspace_id, title, status, tags, metadata,"
            " message_count, head, summarized_through, indexed_through, created_at, active_at)"
            f" VALUES (:t, :c, :u, :w, 'old', 'ACTIVE', '[]', '{{}}', 0, {head}, 0, 0, {moment}, {moment})",
        ):
            connection.execute(text(statement), {name: ids[name] for name in ids if f":{name}" in statement})
    engine.close()


def test_everything_is_there_afterwards_and_works(url):
    make_old(url)
    with pytest.raises(holdfast.HoldfastError, match="holdfast migrate"):
        holdfast.open(url)
    assert holdfast.migrate(url) == "0001"
    with holdfast.open(url) as store:
        assert store.tenant("acme").tenant.status == "active"
        amina = store.tenant("acme").user("amina@acme.test")
        assert (amina.scope.role, amina.scope.actor_id) == ("admin", USER)
        assert [(w.id, w.name, w.archived_at) for w in amina.identity.list_workspaces()] == [
            (WORKSPACE, "Client", None)
        ]
        assert amina.conversations.get(CHAT).title == "old"
        assert amina.conversations.append(CHAT, role="user", content="on").seq == 1
        with pytest.raises(holdfast.HoldfastError, match="already a workspace"):
            amina.identity.create_workspace("Client")
        with store.engine.admin() as connection, pytest.raises(Exception, match="append-only"):
            connection.connection.cursor().execute("DELETE FROM messages")
        assert store.profile("acme").branding == {}
        store.system().identity.delete_tenant("acme", reason="test")
        assert store.system().identity.list_tenants() == []


def keep_old_runs(url):
    """At revision 0031: runs of 1 to 100 seconds that ended, one that was cancelled, one that goes on."""
    engine = engine_for_existing(url, None, holdfast.Settings())
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    with engine.admin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0031")
        on_sqlite = connection.dialect.name == "sqlite"
        moment = "1700000000000000" if on_sqlite else "'2023-11-14T22:13:20Z'"
        workflow = new_id()
        ids = {"t": TENANT, "u": USER, "w": workflow}
        new = f"INSERT INTO workflows VALUES (:t, :w, 'Old', NULL, NULL, NULL, '{{}}', true, :u, {moment}, {moment})"
        rows = [(new, ids)]
        for second in range(102):
            status = "cancelled" if second == 0 else "running" if second == 101 else "success"
            took = "NULL" if status == "running" else f"{second}000.0"
            rows.append(
                (
                    "INSERT INTO runs (tenant_id, id, workflow_id, status, attempt, waits, started_by, created_at,"
                    f" started_at, duration_ms) VALUES (:t, :r, :w, '{status}', 1, 0, :u, {moment}, {moment}, {took})",
                    {**ids, "r": new_id()},
                )
            )
        for statement, given in rows:
            values = {name: value.bytes if on_sqlite else value for name, value in given.items()}
            connection.execute(text(statement), values)
    engine.close()


def test_runs_that_were_there_are_rolled_up(url):
    make_old(url)
    keep_old_runs(url)
    assert holdfast.migrate(url) == "0031"
    began = datetime(2023, 11, 14, tzinfo=UTC)
    with holdfast.open(url) as store:
        runs = store.tenant("acme").user("amina@acme.test").runs
        for since in (began, began + timedelta(hours=22, minutes=13)):  # from roll-ups, from the runs themselves
            total = runs.statistics(since=since, until=began + timedelta(hours=22, minutes=30)).total
            assert (total.success, total.cancelled, total.open) == (100, 1, 1)
            assert (total.p50_ms, total.p95_ms) == pytest.approx((50_000, 95_000), rel=0.02)
        assert runs.statistics(since=began, until=began + timedelta(days=1)).total == total
