"""What a migration needs beyond portable tables, as named steps with a form for each engine.

A released migration is never edited; the steps here are its vocabulary and keep their meaning for good.
"""

from collections.abc import Callable, Mapping
from typing import Any, cast

from alembic import op
from sqlalchemy import Connection, text

from holdfast.core.database.errors import VectorsMissing
from holdfast.migrations.functions_0004 import NEXT_POSITION, SETTLED_POSITION

_LOCK = 4_849_120_461
"""An arbitrary number that two migrations of one database agree on."""


def version_table_schema(connection: Connection) -> str | None:
    """Where Alembic keeps the revision."""
    return {"postgresql": "holdfast"}.get(connection.dialect.name)


def prepare(connection: Connection) -> None:
    """What must be there before the first migration: on PostgreSQL the schema and the roles."""
    if connection.dialect.name == "postgresql" and not connection.scalar(_HAS_VECTORS, {"name": VECTORS}):
        raise VectorsMissing
    for statement in {"postgresql": _POSTGRESQL_BASE}.get(connection.dialect.name, ()):
        connection.execute(text(statement))


VECTORS = "vector"
"""The name of pgvector's extension."""
_HAS_VECTORS = text("SELECT EXISTS (SELECT FROM pg_available_extensions WHERE name = :name)")
_HAS_TRAIL = text("SELECT to_regclass('audit_events') IS NOT NULL")
_REACHED = text("SELECT max(position) >= next_position() FROM audit_events")
_LIFT = text("SELECT max(position) + 1 - pg_current_xact_id()::text::bigint FROM audit_events")


def lift_positions(connection: Connection) -> None:
    """Lift new positions above all that were given, where they are not.

    On PostgreSQL a position is a transaction's number, and a store restored from a dump comes to a server whose numbers
    may be lower: new lines would stand before old ones, never be sealed, never be announced. SQLite counts its own.
    A store that is migrated to before 0004 has no trail yet.
    """
    if connection.dialect.name != "postgresql" or not connection.scalar(_HAS_TRAIL):
        return
    if connection.scalar(_REACHED):
        lift = int(connection.scalar(_LIFT))
        for function in (NEXT_POSITION, SETTLED_POSITION):
            connection.execute(text(function.format(lift=lift)))


def each(statements: Mapping[str, str]) -> None:
    """Run the statement of the engine at hand; an engine without one needs nothing."""
    statement = statements.get(op.get_bind().dialect.name)
    if statement is not None:
        op.get_bind().connection.cursor().execute(statement)  # as it is: `%` and `:` mean nothing here


def only(engine: str, step: Callable[[], None]) -> None:
    """Run a step that one engine needs and the other does not."""
    if op.get_bind().dialect.name == engine:
        step()


def refuse(table: str, event: str, reason: str, *, where: Mapping[str, str] | None = None) -> None:
    """A trigger that refuses `event` (UPDATE, DELETE) on `table`, for everybody, the schema's owner included."""
    name = f"{table}_refuse_{event.lower()}"
    condition = (where or {}).get(op.get_bind().dialect.name)
    when = f"WHEN ({condition})" if condition else ""
    each(
        {
            "sqlite": f"""
                CREATE TRIGGER {name} BEFORE {event} ON {table} {when}
                BEGIN SELECT RAISE(ABORT, '{reason}'); END
            """,
            "postgresql": f"""
                CREATE TRIGGER {name} BEFORE {event} ON {table}
                FOR EACH ROW {when} EXECUTE FUNCTION refuse_change('{reason}')
            """,
        }
    )


def refuse_unless_purged(table: str, reason: str) -> None:
    """A trigger that refuses DELETE on `table`, for everybody, but for a tenant that is being deleted for good."""
    each(
        {
            "sqlite": f"""
                CREATE TRIGGER {table}_refuse_delete BEFORE DELETE ON {table}
                WHEN NOT EXISTS (SELECT 1 FROM purges WHERE tenant_id = OLD.tenant_id)
                BEGIN SELECT RAISE(ABORT, '{reason}'); END
            """,  # noqa: S608  # names and reasons written in migrations
            "postgresql": f"""
                CREATE TRIGGER {table}_refuse_delete BEFORE DELETE ON {table}
                FOR EACH ROW EXECUTE FUNCTION refuse_unless_purged('{reason}')
            """,
        }
    )


def protect(table: str, *, rule: str, grants: str, check: str | None = None, purged: bool = True) -> None:
    """Row-level security, enabled and forced: the application role sees what `rule` says and may do `grants`.

    What it writes must satisfy `check`, which is `rule` unless given. `purged`: the operator deletes its rows when a
    tenant is deleted for good.
    """
    steps: tuple[Callable[[], str], ...] = (
        lambda: f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY",
        lambda: f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY",
        lambda: f"CREATE POLICY scope ON {table} TO holdfast_app USING ({rule}) WITH CHECK ({check or rule})",
        lambda: f"CREATE POLICY operator ON {table} TO holdfast_operator USING (true) WITH CHECK (true)",
        lambda: f"GRANT SELECT, INSERT, UPDATE ON {table} TO holdfast_operator",
    )
    for step in steps:
        each({"postgresql": step()})
    if purged:
        each({"postgresql": f"GRANT DELETE ON {table} TO holdfast_operator"})
    if grants:
        each({"postgresql": f"GRANT {grants} ON {table} TO holdfast_app"})


def confine_deleting(table: str, rule: str) -> None:
    """Less may be deleted than may be read: a row that is deleted meets no check, so a policy of its own says it."""
    each({"postgresql": f"CREATE POLICY deleting ON {table} AS RESTRICTIVE FOR DELETE TO holdfast_app USING ({rule})"})


def partition_by_month(table: str) -> None:
    """The partitions of a table that was made with `postgresql_partition_by` and is protected: the months at hand, and
    one for the rest. Later months are made by the schedule (`Engine.make_partitions`).
    """
    for statement in (
        f"CREATE TABLE {table}_rest PARTITION OF {table} DEFAULT",
        f"ALTER TABLE {table}_rest ENABLE ROW LEVEL SECURITY",
        f"ALTER TABLE {table}_rest FORCE ROW LEVEL SECURITY",
        f"CREATE POLICY operator ON {table}_rest TO holdfast_operator USING (true)",
    ):
        each({"postgresql": statement})
    only("postgresql", _make_partitions)


def _make_partitions() -> None:
    from holdfast.core.database import postgres_partitions  # imports the driver, which only this engine needs

    postgres_partitions.make(cast("Any", op.get_bind().connection.driver_connection))


TENANT = "(SELECT nullif(current_setting('holdfast.tenant_id', true), '')::uuid)"
ACTOR = "(SELECT nullif(current_setting('holdfast.actor_id', true), '')::uuid)"
REACH = "(SELECT current_setting('holdfast.reach', true))"
"""Wrapped in SELECT, so that each is evaluated once a statement and not once a row."""

OF_TENANT = f"tenant_id = {TENANT}"
OF_OWNER = f"{OF_TENANT} AND (owner_id = {ACTOR} OR {REACH} = 'tenant')"
OF_CONVERSATION = (
    f"{OF_TENANT} AND EXISTS (SELECT FROM conversations c WHERE c.tenant_id = {TENANT} AND c.id = conversation_id)"
)
OF_MESSAGE = f"{OF_TENANT} AND EXISTS (SELECT FROM messages m WHERE m.tenant_id = {TENANT} AND m.id = message_id)"

_POSTGRESQL_BASE = (
    f"SELECT pg_advisory_xact_lock({_LOCK})",
    "CREATE SCHEMA IF NOT EXISTS holdfast",
    """
    DO $$
    DECLARE name text;
    BEGIN
        -- Roles belong to the whole cluster: another database's migration may be making them just now.
        FOREACH name IN ARRAY ARRAY['holdfast_app', 'holdfast_operator'] LOOP
            BEGIN
                EXECUTE format('CREATE ROLE %I NOLOGIN', name);
                EXECUTE format('GRANT %I TO CURRENT_USER', name);
            EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
            END;
        END LOOP;
    END $$
    """,
    "GRANT USAGE ON SCHEMA holdfast TO holdfast_app, holdfast_operator",
)
