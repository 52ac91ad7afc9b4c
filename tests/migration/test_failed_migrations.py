"""A migration that fails leaves everything as it was; one that succeeds is kept."""

import shutil
from pathlib import Path

import pytest
import sqlalchemy

import holdfast
from holdfast import migrations
from holdfast.core.database.opening import engine_for_new
from holdfast.migrations.runner import upgrade


def listed(engine, sqlite, postgresql):
    with engine.admin() as connection:
        statement = {"sqlite": sqlite, "postgresql": postgresql}[connection.dialect.name]
        return {row[0] for row in connection.exec_driver_sql(statement)}


FAILING = '''
"""A migration that fails half-way."""
import sqlalchemy as sa
from alembic import op
from holdfast.migrations.dialects import refuse

revision, down_revision, branch_labels, depends_on = "9999", "NEWEST", None, None

def upgrade():
    op.create_table("half_way", sa.Column("id", sa.Integer, primary_key=True))
    op.add_column("conversations", sa.Column("half_way", sa.Text))
    op.get_bind().exec_driver_sql("UPDATE conversations SET title = 'half way'")
    refuse("half_way", "DELETE", "half way")
    op.get_bind().exec_driver_sql("SELECT * FROM a_table_that_is_not_there")
'''.replace("NEWEST", migrations.NEWEST)
LATER = FAILING.replace('    op.get_bind().exec_driver_sql("SELECT * FROM a_table_that_is_not_there")\n', "")


@pytest.fixture
def scripts(tmp_path):
    folder = tmp_path / "100% scripts"
    shutil.copytree(Path(migrations.__file__).parent, folder, ignore=shutil.ignore_patterns("__pycache__"))
    return folder


def schema_of(engine):
    return listed(
        engine,
        "SELECT type || name || coalesce(sql, '') FROM sqlite_master",
        "SELECT table_name || '.' || column_name FROM information_schema.columns WHERE table_schema = 'holdfast'"
        " UNION SELECT tgname FROM pg_trigger UNION SELECT version_num FROM holdfast.holdfast_schema",
    )


def test_a_failed_migration_rolls_everything_back(place, scripts):
    (scripts / "versions" / "9999_failing.py").write_text(FAILING)
    with holdfast.open(place.url, place.key) as store:
        c = store.tenant("acme").user("amina@acme.test").conversations
        chat = c.create(title="before")
        c.append(chat.id, role="user", content="heliotrope")
        before = schema_of(store.engine)
        with pytest.raises(sqlalchemy.exc.DBAPIError, match="a_table_that_is_not_there"):
            upgrade(store.engine, scripts=scripts)
        assert schema_of(store.engine) == before
        assert store.engine.revision() == migrations.NEWEST
    with holdfast.open(place.url, place.key) as store:
        c = store.tenant("acme").user("amina@acme.test").conversations
        assert c.get(chat.id).title == "before"
        assert c.append(chat.id, role="user", content="on").seq == 2
        assert len(c.search("heliotrope")) == 1


def test_a_migration_that_succeeds_is_kept_and_then_this_version_refuses_the_store(place, scripts):
    (scripts / "versions" / "9999_later.py").write_text(LATER)
    with holdfast.open(place.url, place.key) as store:
        upgrade(store.engine, scripts=scripts)
        assert store.engine.revision() == "9999"
    with pytest.raises(holdfast.HoldfastError) as caught:
        holdfast.open(place.url, place.key)
    assert caught.value.code == "schema_too_new"


def test_the_first_migration_failing_leaves_an_empty_database(postgres, scripts):
    first = scripts / "versions" / "0001_identity_and_conversations.py"
    first.write_text(first.read_text().replace("    _protection()\n", "    raise RuntimeError('half way')\n"))
    postgres.execute("CREATE DATABASE half_way")
    engine = engine_for_new(postgres.url("half_way"), None, holdfast.Settings())
    try:
        with pytest.raises(RuntimeError, match="half way"):
            upgrade(engine, scripts=scripts)
        assert engine.revision() is None
        assert listed(engine, "", "SELECT relname FROM pg_class JOIN pg_namespace n ON n.oid = relnamespace"
                                  " WHERE nspname = 'holdfast'") == set()  # fmt: skip
    finally:
        engine.discard()
        postgres.execute("DROP DATABASE half_way")


def test_a_server_without_pgvector_is_refused_by_name_and_nothing_is_made(postgres, monkeypatch):
    monkeypatch.setattr("holdfast.migrations.dialects.VECTORS", "an_extension_that_is_not_there")
    postgres.execute("CREATE DATABASE without_pgvector")
    with pytest.raises(holdfast.HoldfastError, match="the server has no pgvector") as caught:
        holdfast.create(postgres.url("without_pgvector"))
    assert caught.value.code == "pgvector_missing"
    monkeypatch.undo()
    holdfast.create(postgres.url("without_pgvector")).close()
    postgres.drop("without_pgvector")
