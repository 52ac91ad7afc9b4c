"""A limit the plain way: a guarded update and a hold's row, then their settlement and a row of use. Two commits."""

from datetime import UTC, datetime
from uuid import uuid4

from benchmarks.raw import RawConnection

_TABLES = (
    "CREATE TABLE counters (id INTEGER PRIMARY KEY, used BIGINT, reserved BIGINT, amount BIGINT)",
    "CREATE TABLE holds (id TEXT PRIMARY KEY, units BIGINT, expires_at TEXT)",
    "CREATE TABLE usage_rows (id TEXT PRIMARY KEY, at TEXT, model TEXT, tokens BIGINT, cost TEXT)",
    "INSERT INTO counters VALUES (1, 0, 0, 100000000000000)",
)
_RESERVE = "UPDATE counters SET reserved = reserved + {0} WHERE id = 1 AND used + reserved + {0} <= amount"
_HOLD = "INSERT INTO holds VALUES ({0}, {0}, {0})"
_SETTLE = "UPDATE counters SET used = used + {0}, reserved = reserved - {0} WHERE id = 1"
_END = "DELETE FROM holds WHERE id = {0}"
_USE = "INSERT INTO usage_rows VALUES ({0}, {0}, {0}, {0}, {0})"


class RawLimit:
    """One limit on one connection."""

    def __init__(self, opened: RawConnection) -> None:
        self._opened = opened
        self._postgres = opened._begin is None
        mark = "%s" if self._postgres else "?"
        self._texts = [text.format(mark) for text in (_RESERVE, _HOLD, _SETTLE, _END, _USE)]
        self._begin()
        for statement in _TABLES:
            opened.connection.execute(statement)
        opened._commit()

    def reserve_and_settle(self) -> None:
        """Durable twice: once when it is reserved, once when it is settled."""
        reserve, hold, settle, end, use = self._texts
        execute, number, moment = self._opened.connection.execute, str(uuid4()), datetime.now(UTC).isoformat()
        self._begin()
        if execute(reserve, (1200, 1200)).rowcount != 1:
            raise AssertionError("there is enough")
        execute(hold, (number, 1200, moment))
        self._opened._commit()
        self._begin()
        execute(settle, (913, 1200))
        execute(end, (number,))
        execute(use, (number, moment, "gpt-4o-mini", 913, "0.00014"))
        self._opened._commit()

    def _begin(self) -> None:
        if not self._postgres:
            self._opened.connection.execute("BEGIN IMMEDIATE")
