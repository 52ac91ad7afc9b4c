"""Writing records to files, one after the other."""

import csv
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TextIO

from holdfast.core.inputs import check_choice
from holdfast.domains.records.formats.parquet_writing import write_parquet
from holdfast.domains.records.formats.reading import FORMATS

Row = Mapping[str, object]


def write(
    path: Path | str,
    rows: Iterable[Row],
    format: str,
    *,
    columns: Sequence[str] = (),
    schema: Mapping[str, object] | None = None,
) -> int:
    """Write records to a file: how many. What is there already is replaced.

    `columns`: of a CSV, paths; by default the members of `schema`, the set's. What is in none of them is left out
    there, and has a column of its own in Parquet; lists and objects are JSON in both. MongoDB's is relaxed, an array
    with a record in each line. Raises `ParquetMissing`.
    """
    check_choice(format, FORMATS, field="format")
    said = dict(schema or {})
    if format == "parquet":
        return write_parquet(Path(path), rows, said)
    members = said.get("properties")
    columns = columns or (tuple(members) if isinstance(members, Mapping) else ())
    with Path(path).open("w", encoding="utf-8", newline="") as file:
        return {"jsonl": _lines, "csv": _csv, "mongodb": _array}[format](file, rows, columns)


def _lines(file: TextIO, rows: Iterable[Row], _columns: Sequence[str]) -> int:
    count = 0
    for row in rows:
        file.write(_json(row) + "\n")
        count += 1
    return count


def _array(file: TextIO, rows: Iterable[Row], _columns: Sequence[str]) -> int:
    count = 0
    for row in rows:
        file.write(("[\n" if not count else ",\n") + _json(row))
        count += 1
    file.write("\n]\n" if count else "[]\n")
    return count


def _csv(file: TextIO, rows: Iterable[Row], columns: Sequence[str]) -> int:
    coming = iter(rows)
    first = next(coming, None)
    names = [*(columns or first or ())]
    writer = csv.writer(file)
    writer.writerow(names)
    count = 0
    for row in _again(first, coming):
        writer.writerow([_cell(_at(row, name)) for name in names])
        count += 1
    return count


def _again(first: Row | None, others: Iterator[Row]) -> Iterator[Row]:
    if first is not None:
        yield first
        yield from others


def _at(row: Any, path: str) -> object:
    for name in path.split("."):
        row = row.get(name) if isinstance(row, Mapping) else None
    return row


def _cell(value: object) -> object:
    if value is None or isinstance(value, str):
        return value
    return _json(value)


_json: Callable[[object], str] = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
