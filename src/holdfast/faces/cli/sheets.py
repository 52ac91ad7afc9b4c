"""Lines of a report as a file for other programs: CSV or Parquet, by the name's ending."""

import csv
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

from holdfast.core.errors import InvalidInput
from holdfast.core.rendering import plain
from holdfast.domains.records.formats import ParquetMissing

Row = Mapping[str, Any]


def write_sheet(path: Path, rows: Sequence[Row]) -> None:
    """One line for each row, columns by name. Raises `InvalidInput` for another ending, `ParquetMissing`."""
    if path.suffix == ".csv":
        _write_csv(path, rows)
    elif path.suffix == ".parquet":
        _write_parquet(path, rows)
    else:
        raise InvalidInput(f"out: {path.name!r:.80} ends neither in .csv nor in .parquet", field="out")


def _write_csv(path: Path, rows: Sequence[Row]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]) if rows else [])
        writer.writeheader()
        writer.writerows({name: _safe(plain(value)) for name, value in row.items()} for row in rows)


def _safe(value: Any) -> Any:
    """A spreadsheet takes a text that begins like a formula for one."""
    return f"'{value}" if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t") else value


def _write_parquet(path: Path, rows: Sequence[Row]) -> None:
    try:
        import pyarrow as arrow
        from pyarrow import parquet
    except ImportError as error:
        raise ParquetMissing from error
    kinds = {datetime: arrow.timestamp("us", tz="UTC"), Decimal: arrow.decimal128(38, 9), UUID: arrow.string()}
    kinds |= {int: arrow.int64(), float: arrow.float64(), str: arrow.string()}
    columns = {}
    for name in rows[0] if rows else []:
        values = [str(value) if isinstance(value, UUID) else value for value in (row[name] for row in rows)]
        found = next((type(value) for value in values if value is not None), str)
        columns[name] = arrow.array(values, type=kinds[found])
    parquet.write_table(arrow.table(columns), path)
