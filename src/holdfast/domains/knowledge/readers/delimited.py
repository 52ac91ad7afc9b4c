"""CSV and its relatives: each row a block that repeats the names of its columns."""

import csv
import re
from collections.abc import Iterator
from io import StringIO
from itertools import chain, islice

from holdfast.domains.knowledge.errors import DocumentDamaged

from .decoding import decode
from .models import Block, Found, Given

_DELIMITERS = ",;\t|"
_LOOK_CHARS = 64 * 1024
_LOOK_ROWS = 50
_FIELD_CHARS = 1_000_000
_COLUMNS = 10_000
_NUMBER = re.compile(r"[+-]?[\d.,\s]*\d[%€$£]?")


def read_delimited(given: Given, *, tabs: bool) -> Found:
    """One block for each row: "name: value; name: value". Without a header the values alone, joined by " | "."""
    decoded = decode(given.data, given.charset)
    text = decoded.text
    said = re.match(r"sep=(.)\r?\n", text)  # Excel's own way to say it
    delimiter = said[1] if said else "\t" if tabs else _delimiter(text[:_LOOK_CHARS])
    rows = _rows(text[said.end() if said else 0 :], delimiter)
    first = list(islice(rows, 2))
    header = _header(first)
    metadata: dict[str, object] = {"encoding": decoded.encoding, "delimiter": delimiter}
    if header is not None:
        metadata["columns"] = header
        first = first[1:]
    blocks = (Block(text=_told(header, row), kind="row") for row in chain(first, rows))
    if header is not None and not first:
        blocks = (Block(text=" | ".join(name), kind="row") for name in [header])  # a header is all there is
    return Found(blocks=blocks, metadata=metadata)


def _rows(text: str, delimiter: str) -> Iterator[list[str]]:
    """The rows that hold anything, one at a time. A quote that is never closed ends as an error, not as one field."""
    if csv.field_size_limit() < _FIELD_CHARS:
        csv.field_size_limit(_FIELD_CHARS)  # of the process; never lowered
    number = 0
    try:
        for row in csv.reader(StringIO(text.replace("\0", ""), newline=""), delimiter=delimiter):
            number += 1
            if len(row) > _COLUMNS:
                raise DocumentDamaged(f"row {number} has {len(row):,} columns, the limit is {_COLUMNS:,}")
            fields = [field.strip() for field in row]
            if any(fields):
                yield fields
    except csv.Error as error:
        raise DocumentDamaged(f"row {number + 1} of the CSV cannot be read ({_kind(error)})") from None


def _kind(error: csv.Error) -> str:
    return "a field is too long; is a quote not closed?" if "limit" in str(error) else "broken quoting"


def _delimiter(sample: str) -> str:
    """The one that parts the first rows into the same number of fields, the greatest; a comma when none does."""
    best, most = ",", 0.0
    for candidate in _DELIMITERS:
        rows = list(islice(csv.reader(StringIO(sample, newline=""), delimiter=candidate), _LOOK_ROWS + 1))
        if len(rows) > 1 and len(sample) == _LOOK_CHARS:
            rows.pop()  # it may be cut
        widths = [len(row) for row in rows if row]
        common = max(set(widths), key=lambda width: (widths.count(width), width), default=1)
        score = common * (widths.count(common) / len(widths)) ** 2 if common > 1 else 0.0
        if score > most:
            best, most = candidate, score
    return best


def _header(rows: list[list[str]]) -> list[str] | None:
    """The names of the columns, when the first row looks like names: all different, none a number or empty but one."""
    if not rows:
        return None
    names = rows[0]
    empty = sum(not name for name in names)
    if empty > 1 or any(_NUMBER.fullmatch(name) for name in names if name) or len({*names}) < len(names):
        return None
    if len(rows) == 1 and len(names) == 1:
        return None
    return names


def _told(header: list[str] | None, row: list[str]) -> str:
    if header is None:
        return " | ".join(row)
    named = [f"{name}: {value}" if name else value for name, value in zip(header, row, strict=False) if value]
    return "; ".join([*named, *(value for value in row[len(header) :] if value)])
