"""A cursor that runs prepared statements straight through libpq.

psycopg's own costs 40 µs and more a statement in Python, more than libpq and the server take together; this one a
third of that, since it waits inside libpq, without the interpreter's lock, and keeps the statements of its connection.
psycopg connects, converts parameters and rows, and names the errors.

A transaction is opened with its first statement, in one message and one round trip; so do several statements travel
that need nothing of each other.
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
from holdfast.core.database.postgres_line import Line, Ready

MOST_STATEMENTS = 400
"""So many prepared statements a connection keeps. A store has fewer; a statement counts once for each set of types."""

TOGETHER = (100, 30, 10, 3)
"""Rows of an INSERT that go in one statement: most of a row's cost is the statement, and what policies ask once for
each. 92 rows are five statements; each of these sizes is prepared once.
"""

_PLACE = re.compile(r"\$(\d+)")

_GOOD = (ExecStatus.TUPLES_OK, ExecStatus.COMMAND_OK)

Statement = tuple[str, Sequence[Any]]
"""A statement's text and its values."""
Rows = Sequence[Sequence[Any]]


class PostgresCursor:
    """The one cursor of a connection, for one thread at a time. Raises psycopg's errors."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self.connection = connection
        self.rowcount = -1
        self._opening: Sequence[Statement] = ()
        self._left = False
        self._wire = connection.pgconn
        self._line = Line(connection)
        self._convert = Transformer.from_context(connection)
        self._prepared: dict[tuple[str, tuple[int, ...]], bytes] = {}
        self._rows: Rows = ()

    def close(self) -> None:
        """Close the connection."""
        self.connection.close()

    def begin(self, opening: Sequence[Statement]) -> None:
        """Open a transaction by these statements, once there is something to send with them."""
        self._opening = opening

    def is_opened(self) -> bool:
        """Whether anything was sent since `begin`; what was not is forgotten."""
        opened = not self._opening
        self._opening = ()
        return opened

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
        """Whether none is open, nor to be opened, or its end is on its way."""
        status = self._wire.transaction_status
        return not self._opening and (
            status == TransactionStatus.IDLE or (self._left and status == TransactionStatus.ACTIVE)
        )

    def execute(self, sql: str, values: Sequence[Any] = ()) -> None:
        """One statement, prepared the first time."""
        if self._opening:
            answer = self._sent([(sql, values)])[-1]
        else:
            self._left = False
            name, given, formats = self._ready(sql, values)
            answer = self._checked(self._wire.exec_prepared(name, given, formats, Format.BINARY))
        self._rows = self._read(answer)

    def together(self, statements: Sequence[Statement]) -> list[Rows]:
        """Several statements in one round trip: the rows of each. After one that fails none runs."""
        answers = self._sent(statements)
        return [self._read(answer) for answer in answers[-len(statements) :]]

    def _read(self, answer: PGresult) -> Rows:
        if answer.status != ExecStatus.TUPLES_OK:
            self.rowcount = answer.command_tuples or 0
            return ()
        self.rowcount = answer.ntuples
        self._convert.set_pgresult(answer)
        rows = self._convert.load_rows(0, answer.ntuples, tuple)
        self._convert.set_pgresult(None)
        return rows

    def _sent(self, statements: Sequence[Statement]) -> list[PGresult]:
        """What opens the transaction, where that is still to be done, and these statements: the answers to all."""
        wanted, self._opening = (*self._opening, *statements), ()
        self._make_room(len(wanted))
        ready = [self._ready(sql, values) for sql, values in wanted]
        self._left = False
        answers = self._line.send(ready)
        for answer in answers:
            self._checked(answer)
        if len(answers) < len(wanted):
            raise psycopg.OperationalError("the line to the server broke")
        return answers

    def executemany(self, sql: str, values: Iterable[Sequence[Any]]) -> None:
        """One statement for each set of values; an INSERT, for as many of them at once as `TOGETHER` says.

        Other statements are all sent before the first answer is waited for.
        """
        if self._opening:
            self._sent(())
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

    def fetchall(self) -> Rows:
        """Every row of the last statement, once: a connection in the pool keeps nothing of what it read."""
        rows, self._rows = self._rows, ()
        return rows

    def _ready(self, sql: str, values: Sequence[Any]) -> Ready:
        given = self._convert.dump_sequence(values, [PyFormat.AUTO] * len(values))
        types, formats = self._convert.types or (), self._convert.formats
        return self._prepared.get((sql, types)) or self._prepare(sql, types), given, formats

    def _prepare(self, sql: str, types: tuple[int, ...]) -> bytes:
        self._make_room(1)
        name = b"h%d" % len(self._prepared)
        self._left = False
        self._checked(self._wire.prepare(name, sql.encode(), types))
        self._prepared[sql, types] = name
        return name

    def _make_room(self, count: int) -> None:
        """For so many statements more, without losing one of them to the next."""
        if len(self._prepared) > MOST_STATEMENTS - count:
            self.run(b"; ".join(b"DEALLOCATE " + name for name in self._prepared.values()))
            self._prepared.clear()

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
