"""Positions go on rising in another cluster.

On PostgreSQL a position is a transaction's number, and a store restored from a dump comes to a server whose numbers may
be lower: new lines would stand before old ones, never be sealed, and never be announced. `holdfast migrate` puts that
right.
"""

from sqlalchemy import Connection, text

from holdfast.migrations.functions_0004 import NEXT_POSITION, SETTLED_POSITION

_REACHED = text("SELECT max(position) >= next_position() FROM audit_events")
_LIFT = text("SELECT max(position) + 1 - pg_current_xact_id()::text::bigint FROM audit_events")


def lift_positions(connection: Connection) -> None:
    """Lift new positions above all that were given, where they are not. SQLite counts its own."""
    if connection.dialect.name == "postgresql" and connection.scalar(_REACHED):
        lift = int(connection.scalar(_LIFT))
        for function in (NEXT_POSITION, SETTLED_POSITION):
            connection.execute(text(function.format(lift=lift)))
