"""Reading records from files, one after the other, so that a file may be longer than memory."""

import csv
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import ijson

from holdfast.core.extended_json import plain
from holdfast.domains.records.formats.errors import RecordFileUnfit
from holdfast.domains.records.formats.parquet_reading import read_parquet
from holdfast.domains.records.schemas import kinds_at

Row = dict[str, object]
_ENDINGS = {".jsonl": "jsonl", ".ndjson": "jsonl", ".csv": "csv", ".json": "mongodb", ".parquet": "parquet"}
LONGEST_FIELD = 1 << 20
MOST_COLUMNS = 10_000


def read(path: Path | str, format: str | None = None, *, schema: Mapping[str, object] | None = None) -> Iterator[Row]:
    """The records of a file: `jsonl`, `csv`, `mongodb` or `parquet`, by default as the file's name says.

    `schema`: the set's. A CSV's texts become numbers and truths where it has such; empty ones are left out. Parquet's
    columns must fit it. Raises `RecordFileUnfit`, with the line, for what cannot be read; `ParquetMissing`.
    """
    of = Path(path)
    if not of.is_file():
        raise RecordFileUnfit(of.name, "is not there; give the path of a file")
    try:
        yield from _READERS[format or format_of(of)](of, {} if schema is None else dict(schema))
    except (OSError, UnicodeDecodeError, csv.Error, ijson.JSONError) as error:
        raise RecordFileUnfit(of.name, f"cannot be read ({error!s:.200})") from error


def format_of(path: Path) -> str:
    """What a file's name says. Raises `RecordFileUnfit`."""
    found = _ENDINGS.get(path.suffix.lower())
    if found is None:
        raise RecordFileUnfit(path.name, f"does not tell its format by its name; say which: {', '.join(FORMATS)}")
    return found


def _lines(path: Path, _schema: dict[str, object]) -> Iterator[Row]:
    with path.open(encoding="utf-8-sig") as file:
        for number, line in enumerate(file, 1):
            if line.strip():
                try:
                    yield json.loads(line)
                except ValueError as error:
                    raise RecordFileUnfit(path.name, f"is no JSON in line {number:,} ({error!s:.100})") from None
                except RecursionError:
                    raise RecordFileUnfit(path.name, f"nests too deeply in line {number:,}") from None


def _mongodb(path: Path, schema: dict[str, object]) -> Iterator[Row]:
    """One array, as `mongoexport --jsonArray` writes it, or a document in each line."""
    with path.open("rb") as file:
        begin = file.read(4096).lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
        file.seek(0)
        documents: Iterator[Any] = ijson.items(file, "item") if begin == b"[" else _lines(path, schema)
        for number, one in enumerate(documents, 1):
            try:
                yield _whole(plain(one))
            except (ValueError, TypeError, KeyError, OverflowError, RecursionError) as error:
                reason = f"has a value that is not of its type in document {number:,} ({type(error).__name__})"
                raise RecordFileUnfit(path.name, reason) from None


def _whole(value: Any) -> Any:
    """The streaming parser gives decimal numbers; records hold whole ones and doubles."""
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, list):
        return [_whole(one) for one in value]
    return {name: _whole(one) for name, one in value.items()} if isinstance(value, dict) else value


def _csv(path: Path, schema: dict[str, object]) -> Iterator[Row]:
    csv.field_size_limit(LONGEST_FIELD)
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file, restkey="", restval="")
        _check_header(path.name, reader.fieldnames or ())
        converters = {name: _converter(schema, name) for name in reader.fieldnames or ()}
        for row in reader:
            if "" in row:
                raise RecordFileUnfit(path.name, f"has more values than columns in line {reader.line_num:,}")
            made: Row = {}
            for name, text in row.items():
                if text:
                    _put(made, name.split("."), converters[name](text))
            yield made


def _check_header(file: str, names: Sequence[str]) -> None:
    """Raise `RecordFileUnfit` for columns of which one would take another's place."""
    if len(names) > MOST_COLUMNS:
        raise RecordFileUnfit(file, f"has {len(names):,} columns, the limit is {MOST_COLUMNS:,}")
    seen: set[str] = set()
    for number, name in enumerate(names, 1):
        if not name:
            raise RecordFileUnfit(file, f"has no name for column {number} in its header; give it one")
        if name in seen:
            raise RecordFileUnfit(file, f"has the column {name!r:.80} twice; rename one")
        seen.add(name)
    for name in names:
        parts = name.split(".")
        above = next((".".join(parts[:n]) for n in range(1, len(parts)) if ".".join(parts[:n]) in seen), None)
        if above is not None:
            raise RecordFileUnfit(file, f"has the columns {above!r:.80} and {name!r:.80}; one value cannot be both")


def _put(row: Row, names: list[str], value: object) -> None:
    for name in names[:-1]:
        row = row.setdefault(name, {})  # type: ignore[assignment]  # made here
    row[names[-1]] = value


def _converter(schema: dict[str, object], name: str) -> Callable[[str], object]:
    """What a column's texts become: what is no number or truth stays a text, for the schema to refuse by name."""
    kinds = kinds_at(schema, tuple(name.split("."))) if schema else frozenset({"string"})
    if "string" in kinds:
        return str
    return _scalar if kinds & {"number", "boolean"} else str


def _scalar(text: str) -> object:
    try:
        found = json.loads(text)
    except ValueError:
        return {"True": True, "False": False, "TRUE": True, "FALSE": False}.get(text, text)
    return found if isinstance(found, (int, float)) else text


_READERS: dict[str, Callable[[Path, dict[str, object]], Iterator[Row]]] = {
    "jsonl": _lines,
    "csv": _csv,
    "mongodb": _mongodb,
    "parquet": read_parquet,
}
FORMATS = tuple(_READERS)
