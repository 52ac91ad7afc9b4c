"""Records from Parquet, one batch after the other.

Dates and times become texts as RFC 3339 spells them, bytes their base64, exact decimals numbers where the schema has
numbers, else texts; columns of JSON what they hold. What is null is left out.
"""

import json
import math
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from holdfast.domains.records.formats.errors import RecordFileUnfit
from holdfast.domains.records.formats.parquet_writing import REST, pyarrow
from holdfast.domains.records.schemas import Schema, kinds_at

Row = dict[str, object]
Convert = Callable[[Any], object]
LOT = 1_000


def read_parquet(path: Path, schema: Schema) -> Iterator[Row]:
    """The records of a file. Raises `RecordFileUnfit`: no Parquet, damaged, or with columns that do not fit the schema.

    The columns are checked before the first record is given; an empty schema takes any.
    """
    arrow = pyarrow()
    try:
        with arrow.parquet.ParquetFile(path, pre_buffer=False, buffer_size=1 << 20) as file:
            rest = (file.schema_arrow.metadata or {}).get(REST, b"").decode()
            columns = _columns(arrow, path, file, schema)
            if schema:
                _check(arrow, path, file.schema_arrow, columns, schema, rest)
            number = 1
            for batch in file.iter_batches(batch_size=LOT):
                yield from _rows(path, batch, columns, rest, number)
                number += batch.num_rows
    except (arrow.ArrowException, OSError, UnicodeDecodeError) as error:
        raise RecordFileUnfit(path.name, f"is no Parquet file that can be read ({error!s:.200})") from error


def _columns(arrow: Any, path: Path, file: Any, schema: Schema) -> dict[str, Convert | None]:
    """Each column, and what makes its values JSON; None where they are."""
    of, names, types = file.schema, file.schema_arrow.names, arrow.types
    leaves = [of.column(place) for place in range(len(of))]
    documents = {leaf.path for leaf in leaves if leaf.logical_type.type == "JSON"}
    found: dict[str, Convert | None] = {}
    for field in file.schema_arrow:
        name, kind = field.name, field.type
        if names.count(name) > 1:
            raise RecordFileUnfit(path.name, f"has two columns {name!r:.80}; rename one")
        if types.is_duration(kind):
            raise RecordFileUnfit(path.name, f"has durations in column {name!r:.80}; write them as numbers")
        if name in documents or name.encode() == (file.schema_arrow.metadata or {}).get(REST):
            found[name] = json.loads
        elif types.is_decimal(kind):
            found[name] = _number if not schema or "number" in kinds_at(schema, (name,)) else str
        else:
            found[name] = None if types.is_string(kind) or types.is_boolean(kind) or types.is_integer(kind) else _plain
    return found


def _check(arrow: Any, path: Path, of: Any, columns: Mapping[str, Convert | None], schema: Schema, rest: str) -> None:
    """Each column must be able to hold what the schema has there, and none be missing that every record needs."""
    for field in of:
        given = _kinds_of(arrow, field.type)
        if columns[field.name] is json.loads or not given:
            continue
        wanted = kinds_at(schema, (field.name,))
        if not wanted:
            reason = f"has a column {field.name!r:.80} that the set's schema has not; leave it out"
            raise RecordFileUnfit(path.name, reason)
        if not given & wanted:
            said, right = " or ".join(sorted(given)), " or ".join(sorted(wanted))
            raise RecordFileUnfit(path.name, f"has {said} in column {field.name!r:.80}, and the set's schema {right}")
    needed = schema.get("required")
    for name in needed if isinstance(needed, list) and not rest else ():
        if name not in columns:
            raise RecordFileUnfit(path.name, f"has no column {name!r:.80}, which every record of the set needs")


def _kinds_of(arrow: Any, kind: Any) -> set[str]:
    """What a column's values become; empty for nothing but null."""
    types = arrow.types
    if types.is_dictionary(kind):
        return _kinds_of(arrow, kind.value_type)
    if types.is_null(kind):
        return set()
    if types.is_boolean(kind):
        return {"boolean"}
    if types.is_integer(kind) or types.is_floating(kind):
        return {"number"}
    if types.is_decimal(kind):
        return {"number", "string"}
    if types.is_struct(kind) or types.is_map(kind):
        return {"object"}
    return {"array"} if types.is_nested(kind) else {"string"}


def _rows(path: Path, batch: Any, columns: Mapping[str, Convert | None], rest: str, first: int) -> Iterator[Row]:
    names = batch.schema.names
    lists = [column.to_pylist(maps_as_pydicts="strict") for column in batch.columns]
    converters = [columns[name] for name in names]
    for number, values in enumerate(zip(*lists, strict=True), first):
        row: Row = {}
        for name, convert, value in zip(names, converters, values, strict=True):
            if value is None:
                continue
            try:
                row[name] = value if convert is None else convert(value)
            except (ValueError, TypeError) as error:
                reason = f"has a value in column {name!r:.80} of record {number:,} that is not of its type"
                raise RecordFileUnfit(path.name, reason) from error
        left = row.pop(rest, None) if rest else None
        yield row | left if isinstance(left, dict) else row


def _number(value: Decimal | float) -> float:
    number = float(value)
    return int(value) if math.isfinite(number) and value == int(value) else number


def _plain(value: object) -> object:
    """A value as JSON has it. Raises `TypeError` for one that has no form there."""
    match value:
        case None | str() | bool() | int():
            return value
        case float():
            return _number(value)
        case Decimal():
            return str(value)
        case datetime():
            return value.astimezone(UTC).isoformat().replace("+00:00", "Z") if value.tzinfo else value.isoformat()
        case date() | time():
            return value.isoformat()
        case bytes():
            return b64encode(value).decode()
        case timedelta():
            raise TypeError("a duration")
        case list():
            return [_plain(one) for one in value]
        case dict() if all(isinstance(name, str) for name in value):
            return {name: _plain(one) for name, one in value.items() if one is not None}
        case dict():
            raise TypeError("a map whose keys are no texts")
    return str(value)
