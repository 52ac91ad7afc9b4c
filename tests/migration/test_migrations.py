"""Migrations equal the tables, and bring what tables cannot say."""

import re

import pytest
import sqlalchemy
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from holdfast.core.database.schema import every_table, metadata, scoped_tables

FULL_TEXT = ("message_index", "lexical_index")
"""On SQLite a virtual table of FTS5, or a table with one beside it: the stated exceptions."""


@pytest.fixture
def engine(sync_store):
    return sync_store.engine


def ours(dialect):
    """The tables that are ordinary ones on an engine."""
    return [table for table in every_table() if not (dialect == "sqlite" and table.name in FULL_TEXT)]


def is_partition(name):
    """A month of a partitioned table, or its rest."""
    return re.fullmatch(r"\w+_(rest|y\d{4}m\d\d)", str(name)) is not None


def is_ours(name, kind, parents):
    table = name if kind == "table" else parents.get("table_name")
    if is_partition(table):
        return False
    return kind == "schema" or not (table == "holdfast_schema" or str(table).startswith(FULL_TEXT))


def compile_type(type_, dialect):
    return type_.compile(dialect=dialect).upper()


def same_type(context, inspected_column, metadata_column, inspected_type, metadata_type):
    dialect = context.dialect
    return compile_type(inspected_type, dialect) != compile_type(metadata_type, dialect)


def test_alembic_finds_no_difference(engine):
    with engine.admin() as connection:
        options = {"compare_type": same_type, "include_name": is_ours, "target_metadata": metadata}
        context = MigrationContext.configure(connection, opts=options)
        differences = [d for d in compare_metadata(context, metadata) if not _is_full_text(d)]
    assert differences == []


def _is_full_text(difference):
    named = getattr(difference[1], "name", "") if isinstance(difference, tuple) else ""
    return named in FULL_TEXT or getattr(getattr(difference[1], "table", None), "name", "") in FULL_TEXT


def test_columns_are_the_same(engine):
    with engine.admin() as connection:
        inspector, dialect = sqlalchemy.inspect(connection), connection.dialect
        for table in ours(dialect.name):
            found = {
                c["name"]: (compile_type(c["type"], dialect), c["nullable"]) for c in inspector.get_columns(table.name)
            }
            expected = {c.name: (compile_type(c.type, dialect), c.nullable) for c in table.columns}
            assert found == expected, table.name
            assert list(found) == list(expected), table.name


def test_keys_and_constraints_are_the_same(engine):
    with engine.admin() as connection:
        inspector, dialect = sqlalchemy.inspect(connection), connection.dialect.name
        for table in ours(dialect):
            assert inspector.get_pk_constraint(table.name)["constrained_columns"] == _names(table.primary_key.columns)
            found = {tuple(unique["column_names"]) for unique in inspector.get_unique_constraints(table.name)}
            assert found == _constraints(table, sqlalchemy.UniqueConstraint), table.name
            foreign = {
                (tuple(key["constrained_columns"]), key["referred_table"], tuple(key["referred_columns"]))
                for key in inspector.get_foreign_keys(table.name)
            }
            assert foreign == {
                (tuple(key.column_keys), key.referred_table.name, tuple(e.column.name for e in key.elements))
                for key in table.foreign_key_constraints
            }, table.name
            checks = {check["name"] for check in inspector.get_check_constraints(table.name)}
            assert checks == _check_names(table), table.name


def _names(columns):
    return [column.name for column in columns]


def _constraints(table, kind):
    return {tuple(_names(c.columns)) for c in table.constraints if isinstance(c, kind)}


def _check_names(table):
    checks = [c for c in table.constraints if isinstance(c, sqlalchemy.CheckConstraint)]
    return {f"ck_{table.name}_{c.name}" if not str(c.name).startswith("ck_") else str(c.name) for c in checks}


def test_every_constraint_has_the_name_the_convention_gives(engine):
    with engine.admin() as connection:
        inspector, dialect = sqlalchemy.inspect(connection), connection.dialect
        for table in ours(dialect.name):
            found = {key["name"] for key in inspector.get_foreign_keys(table.name)}
            found |= {key["name"] for key in inspector.get_unique_constraints(table.name)}
            found |= {inspector.get_pk_constraint(table.name)["name"]}
            kinds = (sqlalchemy.PrimaryKeyConstraint, sqlalchemy.UniqueConstraint, sqlalchemy.ForeignKeyConstraint)
            expected = {
                dialect.identifier_preparer.format_constraint(c) for c in table.constraints if isinstance(c, kinds)
            }
            assert found == expected, table.name


def test_indexes_are_the_same(engine):
    with engine.admin() as connection:
        inspector, dialect = sqlalchemy.inspect(connection), connection.dialect.name
        for table in ours(dialect):
            found = {
                index["name"]: (tuple(index["column_names"]), bool(index["unique"]))
                for index in inspector.get_indexes(table.name)
                if not (index.get("duplicates_constraint") or index.get("expressions"))
            }
            expected = {index.name: (tuple(_names(index.columns)), bool(index.unique)) for index in table.indexes}
            assert found == expected, table.name


def test_every_table_is_there_and_no_other(engine):
    with engine.admin() as connection:
        dialect = connection.dialect.name
        names = sqlalchemy.inspect(connection).get_table_names()
        found = {name for name in names if not (name.startswith(FULL_TEXT) or is_partition(name))}
    expected = {table.name for table in every_table()} - {*FULL_TEXT}
    assert found == expected | {"holdfast_schema"}, dialect


def listed(engine, sqlite, postgresql):
    with engine.admin() as connection:
        statement = {"sqlite": sqlite, "postgresql": postgresql}[connection.dialect.name]
        return {row[0] for row in connection.exec_driver_sql(statement)}


def test_the_triggers_are_there(engine):
    found = listed(
        engine,
        "SELECT name FROM sqlite_master WHERE type = 'trigger'",
        "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal",
    )
    assert found >= {"messages_refuse_update", "messages_refuse_delete", "summaries_refuse_update"}
    if type(engine).__name__ == "SqliteEngine":
        assert found >= {"lexical_index_added", "lexical_index_removed", "lexical_index_changed"}


@pytest.mark.parametrize(
    "statement",
    ["UPDATE messages SET content = 'x'", "DELETE FROM messages", "UPDATE summaries SET text = 'x'"],
)
def test_the_triggers_refuse(sync_store, statement):
    c = sync_store.tenant("acme").user("amina@acme.test").conversations
    chat = c.create()
    c.append(chat.id, role="user", content="kept")
    c.summarize(chat.id, "kept")
    with pytest.raises(Exception, match="append-only|versioned"):
        with sync_store.engine.admin() as connection:
            connection.connection.cursor().execute(statement)
    assert c.last(chat.id)[0].content == c.summaries(chat.id)[0].text == "kept"
    assert c.verify(chat.id).ok


def test_policies_and_functions_are_there_on_the_server(engine):
    if type(engine).__name__ == "SqliteEngine":
        assert listed(engine, "SELECT name FROM sqlite_master WHERE sql LIKE '%VIRTUAL%'", "") == {
            "message_index",
            "lexical_index_words",
        }
        return
    functions = listed(engine, "", "SELECT proname FROM pg_proc WHERE pronamespace = 'holdfast'::regnamespace")
    assert functions >= {"append_message", "search_messages", "search_lexical", "refuse_change"}
    policies = listed(
        engine, "", "SELECT tablename || '.' || policyname FROM pg_policies WHERE schemaname = 'holdfast'"
    )
    on_server = listed(engine, "", "SELECT relname FROM pg_class WHERE relnamespace = 'holdfast'::regnamespace")
    for table in every_table():
        if table.name in on_server:
            assert {f"{table.name}.scope", f"{table.name}.operator"} <= policies


@pytest.mark.parametrize("table", scoped_tables(), ids=lambda table: table.name)
def test_the_tenant_leads_every_key(table):
    assert _names(table.primary_key.columns)[0] == "tenant_id"
    assert not table.columns["tenant_id"].nullable
    for unique in _constraints(table, sqlalchemy.UniqueConstraint):
        assert "tenant_id" in unique
    for index in table.indexes:
        assert not index.unique or "tenant_id" in _names(index.columns)
    for key in table.foreign_key_constraints:
        target = [element.column.name for element in key.elements]
        if key.referred_table.info["scoped"]:
            assert (key.column_keys[0], target[0]) == ("tenant_id", "tenant_id"), key.name
        else:
            assert key.referred_table.name in ("tenants", "users"), key.name
