"""Many rows for one INSERT, given as columns: what they share once, and a list for each column in which they differ.

A row by row, most of a record's way into a database was making its parameters: 20 of them, of which 5 differed. SQLite
takes the rows one after the other all the same; PostgreSQL takes each list as one array, in one statement, which also
cost its server a fifth less than 20 statements of 100 rows each.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from itertools import repeat
from typing import Any

from holdfast.core.database.lists import kind_of_array, packed
from holdfast.core.database.prepared import Prepared, Running

Columns = Mapping[str, Sequence[Any]]
"""Lists of one length by the names of their parameters."""
MOST_CHARS = 8 * 1024 * 1024
"""So much text goes in one statement: servers and drivers hold it in memory several times."""
_PLACE = re.compile(r"\$(\d+)")


class Filling:
    """An INSERT of one row, prepared for one engine and for the columns in which rows differ."""

    def __init__(self, prepared: Prepared[Any], each: tuple[str, ...], dialect_name: str) -> None:
        if not prepared.sql.startswith("INSERT INTO "):
            raise TypeError("only an INSERT of one row is filled from columns")
        self._prepared = prepared
        self._nothing = dict.fromkeys(each)
        self._converts = {name: prepared.converter_of(name) for name in each}
        self._places = [(at, name) for at, name in enumerate(prepared.names) if name in self._nothing]
        self._in_arrays = dialect_name == "postgresql"
        self.sql = _in_arrays(prepared, each) if self._in_arrays else prepared.sql

    def run(self, cursor: Any, shared: Mapping[str, Any], each: Columns, tx: Running) -> int:
        """Insert the rows; how many were."""
        values = self._prepared.values({**shared, **self._nothing}, tx)
        if self._in_arrays:
            kept = [value for at, value in enumerate(values) if self._prepared.names[at] not in self._nothing]
            cursor.execute(
                self.sql, [*kept, *(packed(self._prepared.types[name], each[name]) for name in self._nothing)]
            )
        else:
            columns: list[Any] = [repeat(value) for value in values]
            made = {name: _converted(each[name], convert) for name, convert in self._converts.items()}
            for at, name in self._places:
                columns[at] = made[name]
            cursor.executemany(self.sql, zip(*columns, strict=False))  # those that are shared never end
        return int(cursor.rowcount)


def lots(each: Columns, *, most: int = MOST_CHARS) -> list[Columns]:
    """The same rows, in lots of up to so many characters."""
    count = len(next(iter(each.values())))
    if count < 2 or sum(len(one) for column in each.values() for one in column if isinstance(one, str)) <= most:
        return [each]
    half = count // 2
    halves = ({name: column[part] for name, column in each.items()} for part in (slice(half), slice(half, None)))
    return [lot for one in halves for lot in lots(one, most=most)]


def _converted(column: Sequence[Any], convert: Callable[[Any], Any] | None) -> Sequence[Any]:
    if convert is None:
        return column
    return [None if value is None else convert(value) for value in column]


def _in_arrays(prepared: Prepared[Any], each: tuple[str, ...]) -> str:
    """`INSERT … SELECT … FROM unnest(…)`."""
    head, _, rest = prepared.sql.partition(" VALUES (")
    end = closing(rest)
    row, tail = rest[:end], rest[end + 1 :]
    if "$" in tail:
        raise TypeError("only an INSERT without parameters after its row is filled from columns")
    kept = [name for name in prepared.names if name not in each]

    def moved(place: re.Match[str]) -> str:
        name = prepared.names[int(place[1]) - 1]
        return f"u.c{each.index(name)}" if name in each else f"${kept.index(name) + 1}"

    arrays = ", ".join(f"${len(kept) + at}::{kind_of_array(prepared.types[name])}" for at, name in enumerate(each, 1))
    columns = ", ".join(f"c{at}" for at in range(len(each)))
    chosen = _PLACE.sub(moved, row)
    return f"{head} SELECT {chosen} FROM unnest({arrays}) AS u({columns}){tail}"  # noqa: S608  # our own statement


def closing(text: str) -> int:
    """Where the parenthesis that was open at the beginning is closed."""
    depth = 1
    for at, letter in enumerate(text):
        depth += (letter == "(") - (letter == ")")
        if not depth:
            return at
    raise ValueError("VALUES without an end")
