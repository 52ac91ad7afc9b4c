"""The attacker with a copy of the disk, or the owner of the database: changes rows behind Holdfast's back."""

from typing import Any

import psycopg


class Backdoor:
    """Raw statements on a store, as its owner. `?` marks parameters on both engines."""

    def __init__(self, engine: Any) -> None:
        self._engine = engine
        self.name: str = engine.dialect.name

    def run(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        connection = self._engine.connect() if self.name == "sqlite" else self._engine.connect_admin()
        try:
            cursor = connection.cursor()
            cursor.execute(statement.replace("?", "%s") if self.name == "postgresql" else statement, values)
            rows = [] if cursor.description is None else cursor.fetchall()
            if isinstance(connection, psycopg.Connection):
                connection.commit()
            return [tuple(row) for row in rows]
        finally:
            connection.close()

    def without_triggers(self, statement: str, *values: object, table: str = "messages") -> None:
        """Run a statement that the append-only triggers would refuse, as one who can drop them may."""
        if self.name == "postgresql":
            self.run(f"ALTER TABLE {table} DISABLE TRIGGER ALL")
            self.run(statement, *values)
            self.run(f"ALTER TABLE {table} ENABLE TRIGGER ALL")
            return
        triggers = [row[0] for row in self.run("SELECT sql FROM sqlite_master WHERE type = 'trigger'")]
        names = [row[0] for row in self.run("SELECT name FROM sqlite_master WHERE type = 'trigger'")]
        for name in names:
            self.run(f"DROP TRIGGER {name}")
        self.run(statement, *values)
        for trigger in triggers:
            self.run(trigger)
