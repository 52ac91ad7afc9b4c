"""Several prepared statements in one message to a PostgreSQL server, by libpq's pipeline.

psycopg's own pipeline costs more of Python than it saves of the way; this one has one message at a time on it, and
looks at what came back.
"""

import select
from collections.abc import Sequence
from typing import Any

import psycopg
from psycopg.pq import ConnStatus, ExecStatus, Format
from psycopg.pq.abc import PGresult

Ready = tuple[bytes, Any, Any]
"""A prepared statement's name, its values as they are sent, and their formats."""


class Line:
    """A connection's line to its server."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self._connection = connection
        self._wire = connection.pgconn
        self._answered, self._free = select.poll(), select.poll()
        self._answered.register(self._wire.socket, select.POLLIN)
        self._free.register(self._wire.socket, select.POLLIN | select.POLLOUT)

    def send(self, statements: Sequence[Ready]) -> list[PGresult]:
        """Send statements and wait for the answers; those after one that fails are not run. Whatever was left on its
        way is taken in before. A line that breaks gives fewer answers, or psycopg's error; it is closed then.
        """
        try:
            while self._next() is not None:
                pass
            self._wire.enter_pipeline_mode()
            for name, given, formats in statements:
                self._wire.send_query_prepared(name, given, formats, Format.BINARY)
            self._wire.pipeline_sync()
            while self._wire.flush():
                self._free.poll()
                self._wire.consume_input()  # a server whose answers nobody takes takes no more either
            return self._answers()
        except BaseException:
            self._connection.close()  # nobody knows what is still on its way
            raise

    def _answers(self) -> list[PGresult]:
        """Everything up to the end of the message. After each answer libpq gives a None, and where there is no line any
        more, nothing else.
        """
        answers: list[PGresult] = []
        nothing = False
        while True:
            answer = self._next()
            if answer is None:
                if nothing or self._wire.status != ConnStatus.OK:
                    self._connection.close()
                    return answers
            elif answer.status == ExecStatus.PIPELINE_SYNC:
                self._wire.exit_pipeline_mode()
                return answers
            else:
                answers.append(answer)
            nothing = answer is None

    def _next(self) -> PGresult | None:
        """What libpq gives next. psycopg asks for that with the interpreter's lock in its hands, so that nobody else
        would go on until it came (who holds a lock of the server's neither): waiting is done before.
        """
        while self._wire.is_busy():
            self._answered.poll()
            self._wire.consume_input()
        return self._wire.get_result()
