"""A cursor that runs prepared statements straight through libpq.

psycopg's own costs 40 µs and more a statement in Python, more than libpq and the server take together; this one a
third of that, since it waits inside libpq, without the interpreter's lock, and keeps the statements of its connection.
psycopg connects, converts parameters and rows, and names the errors.
"""

import re
from collections.abc import Iterable, Sequence
from functools import cache, partial
from itertools import chain
from typing import Any

import psycopg
from psycopg.adapt import PyFormat, Transformer
from psycopg.errors import error_from_result
from psycopg.pq import DiagnosticField, ExecStatus, Format, TransactionStatus
from psycopg.pq.abc import PGresult

from holdfast.core.database.columns import closing

MOST_STATEMENTS = 400
"""So many prepared statements a connection keeps. A store has fewer; a statement counts once for each set of types."""

TOGETHER = (100, 30, 10, 3)
"""Rows of an INSERT that go in one statement: most of a row's cost is the statement, and what policies ask once for
each. 92 rows are five statements; each of these sizes is prepared once.
"""

_PLACE = re.compile(r"\$(\d+)")

_GOOD = (ExecStatus.TUPLES_OK, ExecStatus.COMMAND_OK)


class PostgresCursor:
    """The one cursor of a connection, for one thread at a time. Raises psycopg's errors."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self.connection = connection
        self.rowcount = -1
        self._left = False
        self._wire = connection.pgconn
        self._convert = Transformer.from_context(connection)
        self._prepared: dict[tuple[str, tuple[int, ...]], bytes] = {}
        self._rows: Sequence[Sequence[Any]] = ()

    def close(self) -> None:
        """Close the connection."""
        self.connection.close()

    def run(self, text: bytes) -> None:
        """Statements without parameters, in one message; nothing is read of what they give."""
        self._left = False
        self._checked(self._wire.exec_(text))

    def leave(self, text: bytes) -> None:
        """Send a statement and wait for no answer. libpq takes that in before whatever is sent next, and drops it: for
        what a caller need not know the end of.
        """
        self._wire.send_query(text)
        self._left = True

    def is_out_of_transaction(self) -> bool:
        """Whether none is open, or its end is on its way."""
        status = self._wire.transaction_status
        return status == TransactionStatus.IDLE or (self._left and status == TransactionStatus.ACTIVE)

    def execute(self, sql: str, values: Sequence[Any] = ()) -> None:
        """One statement, prepared the first time."""
        self._left = False
        given: Any = self._convert.dump_sequence(values, [PyFormat.AUTO] * len(values))
        types = self._convert.types or ()
        name = self._prepared.get((sql, types)) or self._prepare(sql, types)
        answer = self._checked(self._wire.exec_prepared(name, given, self._convert.formats, Format.BINARY))
        if answer.status == ExecStatus.TUPLES_OK:
            self.rowcount = answer.ntuples
            self._convert.set_pgresult(answer)
            self._rows = self._convert.load_rows(0, answer.ntuples, tuple)
            self._convert.set_pgresult(None)
        else:
            self.rowcount = answer.command_tuples or 0
            self._rows = ()

    def executemany(self, sql: str, values: Iterable[Sequence[Any]]) -> None:
        """One statement for each set of values; an INSERT, for as many of them at once as `TOGETHER` says.

        Other statements are all sent before the first answer is waited for.
        """
        rows = list(values)
        at = touched = 0
        for size in TOGETHER:
            insert = _many_rows(sql, size) if len(rows) - at >= size else None
            while insert is not None and len(rows) - at >= size:
                self.execute(insert, list(chain.from_iterable(rows[at : at + size])))
                at, touched = at + size, touched + self.rowcount
        self.rowcount = touched
        if at < len(rows):
            self._one_by_one(sql, rows[at:])

    def _one_by_one(self, sql: str, rows: Sequence[Sequence[Any]]) -> None:
        touched = self.rowcount
        with psycopg.RawCursor(self.connection) as cursor:
            cursor.executemany(sql.encode(), rows)
            self.rowcount = touched + max(0, cursor.rowcount)

    def fetchall(self) -> Sequence[Sequence[Any]]:
        """Every row of the last statement, once: a connection in the pool keeps nothing of what it read."""
        rows, self._rows = self._rows, ()
        return rows

    def _prepare(self, sql: str, types: tuple[int, ...]) -> bytes:
        if len(self._prepared) >= MOST_STATEMENTS:
            self.run(b"; ".join(b"DEALLOCATE " + name for name in self._prepared.values()))
            self._prepared.clear()
        name = b"h%d" % len(self._prepared)
        self._checked(self._wire.prepare(name, sql.encode(), types))
        self._prepared[sql, types] = name
        return name

    def _checked(self, answer: PGresult) -> PGresult:
        if answer.status in _GOOD:
            return answer
        if answer.error_field(DiagnosticField.SQLSTATE) is None:
            raise psycopg.OperationalError("the line to the server broke")
        raise error_from_result(answer)


@cache
def _many_rows(sql: str, count: int) -> str | None:
    """An INSERT of one row as one of `count` rows; None for another statement."""
    head, values, rest = sql.partition(" VALUES (")
    if not head.startswith("INSERT INTO ") or not values or "$" in head:
        return None
    end = closing(rest)
    row, tail = rest[:end], rest[end + 1 :]
    if "$" in tail:
        return None
    places = len(_PLACE.findall(row))
    rows = [_PLACE.sub(partial(_moved, by=at * places), row) for at in range(count)]
    return f"{head} VALUES ({'), ('.join(rows)}){tail}"


def _moved(place: re.Match[str], *, by: int) -> str:
    return f"${int(place[1]) + by}"
