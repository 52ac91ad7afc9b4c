"""A limit the plain way: a guarded update and a hold's row, then their settlement and a row of use. Two commits.

As somebody careful writes it by hand: a hold says which counter it is of, how much it holds and until when, so that
those which a crashed process left behind are found, by an index, and given back; and the settlement takes the hold away
first, since whoever does not find it any more (it was settled, or had expired) must not count it once more.
"""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

from benchmarks.raw import RawConnection

_TABLES = (
    "CREATE TABLE counters (id INTEGER PRIMARY KEY, used BIGINT, reserved BIGINT, amount BIGINT)",
    "CREATE TABLE holds (id TEXT PRIMARY KEY, counter_id INTEGER, units BIGINT, expires_at TEXT)",
    "CREATE INDEX holds_by_expiry ON holds (expires_at)",
    "CREATE TABLE usage_rows (id TEXT PRIMARY KEY, at TEXT, model TEXT, tokens BIGINT, cost TEXT)",
    "INSERT INTO counters VALUES (1, 0, 0, 100000000000000)",
)
_RESERVE = "UPDATE counters SET reserved = reserved + {0} WHERE id = {0} AND used + reserved + {0} <= amount"
_HOLD = "INSERT INTO holds VALUES ({0}, {0}, {0}, {0})"
_END = "DELETE FROM holds WHERE id = {0} RETURNING counter_id, units"
_SETTLE = "UPDATE counters SET used = used + {0}, reserved = reserved - {0} WHERE id = {0}"
_USE = "INSERT INTO usage_rows VALUES ({0}, {0}, {0}, {0}, {0})"
_LASTS = timedelta(minutes=5)


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
        execute, number, moment = self._opened.connection.execute, str(uuid4()), datetime.now(UTC)
        self._begin()
        if execute(reserve, (1200, 1, 1200)).rowcount != 1:
            raise AssertionError("there is enough")
        execute(hold, (number, 1, 1200, (moment + _LASTS).isoformat()))
        self._opened._commit()
        self._begin()
        ended = execute(end, (number,)).fetchone()
        if ended is None:
            raise AssertionError("nobody else ends it")
        counter, held = ended
        execute(settle, (913, held, counter))
        execute(use, (number, moment.isoformat(), "gpt-4o-mini", 913, "0.00014"))
        self._opened._commit()

    def _begin(self) -> None:
        if not self._postgres:
            self._opened.connection.execute("BEGIN IMMEDIATE")
