"""Records as Parquet, written one row group after the other.

Texts, truths, whole numbers and numbers have columns of their types where the set's schema says so; other members are
columns of JSON (Parquet's logical type JSON). What has no column, or does not fit its own (null, a whole number of more
than 64 bits), is JSON in one more column, so that reading gives every record back.
"""

import json
import os
from collections.abc import Callable, Iterable, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

from holdfast.domains.records.formats.errors import ParquetMissing
from holdfast.domains.records.schemas import Schema, kinds_at

GROUP = 10_000
"""Records of one row group: so many are in memory."""
REST = b"holdfast.rest"
"""In the file's metadata: the column of what has none of its own."""
_Column = tuple[Any, Callable[[object], bool] | None]
"""A column's type, and which values fit it; None: all do, as JSON."""
_to_json: Callable[[object], str] = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def pyarrow() -> Any:
    """The library, which is large and imported only where it is needed. Raises `ParquetMissing`."""
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        raise ParquetMissing from error
    return pyarrow


def write_parquet(path: Path, rows: Iterable[Mapping[str, object]], schema: Schema) -> int:
    """Write records to a file: how many. It is there when all are in it. Raises `ParquetMissing`."""
    arrow = pyarrow()
    columns = _columns(arrow, schema)
    rest = "_rest"
    while rest in columns:
        rest += "_"
    fields = [arrow.field(name, kind) for name, (kind, _) in columns.items()] + [arrow.field(rest, _json_type(arrow))]
    of = arrow.schema(fields, metadata={REST: rest.encode()})
    part, count, coming = path.with_name(f"{path.name}.part"), 0, iter(rows)
    try:
        with arrow.parquet.ParquetWriter(part, of, compression="zstd") as file:
            while lot := list(islice(coming, GROUP)):
                file.write_table(_table(arrow, of, columns, rest, lot))
                count += len(lot)
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)
    return count


def _table(arrow: Any, of: Any, columns: Mapping[str, _Column], rest: str, lot: list[Mapping[str, object]]) -> Any:
    values: dict[str, list[object]] = {name: [None] * len(lot) for name in (*columns, rest)}
    for place, row in enumerate(lot):
        left = {}
        for name, value in row.items():
            column = columns.get(name)
            if column is None:
                left[name] = value
            elif column[1] is None:
                values[name][place] = _to_json(value)
            elif column[1](value):
                values[name][place] = value
            else:
                left[name] = value
        if left:
            values[rest][place] = _to_json(left)
    return arrow.table({field.name: _array(arrow, values[field.name], field.type) for field in of}, schema=of)


def _array(arrow: Any, values: list[object], kind: Any) -> Any:
    if isinstance(kind, arrow.JsonType):
        return arrow.ExtensionArray.from_storage(kind, arrow.array(values, type=kind.storage_type))
    return arrow.array(values, kind)


def _json_type(arrow: Any) -> Any:
    return arrow.json_(arrow.string())


def _columns(arrow: Any, schema: Schema) -> dict[str, _Column]:
    """The columns that a schema's members get."""
    members = schema.get("properties")
    made: dict[str, _Column] = {}
    for name, node in members.items() if isinstance(members, Mapping) else ():
        kinds = kinds_at(schema, (name,)) - {"null"}
        if kinds == {"string"}:
            made[name] = (arrow.string(), lambda value: isinstance(value, str))
        elif kinds == {"boolean"}:
            made[name] = (arrow.bool_(), lambda value: isinstance(value, bool))
        elif kinds == {"number"} and _is_whole(node):
            made[name] = (arrow.int64(), _fits_whole)
        elif kinds == {"number"}:
            made[name] = (arrow.float64(), _fits_double)
        else:
            made[name] = (_json_type(arrow), None)
    return made


def _is_whole(node: object) -> bool:
    said = node.get("type") if isinstance(node, Mapping) else None
    return said == "integer" or (isinstance(said, list) and "integer" in said and "number" not in said)


def _fits_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and -(2**63) <= value < 2**63


def _fits_double(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return False
    return isinstance(value, float) or -(2**53) <= value <= 2**53
