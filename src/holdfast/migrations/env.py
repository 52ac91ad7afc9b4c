"""Alembic's environment: the connection is given, its transaction is the caller's."""

from alembic import context

from holdfast.migrations.dialects import lift_positions, prepare, version_table_schema

connection = context.config.attributes["connection"]
prepare(connection)
context.configure(
    connection=connection,
    version_table="holdfast_schema",
    version_table_schema=version_table_schema(connection),
)
context.run_migrations()
lift_positions(connection)
