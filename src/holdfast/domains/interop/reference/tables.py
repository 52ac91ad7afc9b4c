"""Delimited files, row by row, by the names in their header: published files gain and move columns."""

import csv
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Literal

from holdfast.domains.interop.reference.errors import ReferenceFileUnfit

Row = Mapping[str, str]
LONGEST_FIELD = 1 << 20


def rows_of(
    path: Path, needed: Sequence[str], *, delimiter: str = ",", names: Sequence[str] | None = None
) -> Iterator[dict[str, str]]:
    """Rows as texts by column, their spaces trimmed. `names`: of a file that has no header.

    Raises `ReferenceFileUnfit` for columns that are missing, and for what cannot be read.
    """
    try:
        csv.field_size_limit(LONGEST_FIELD)
        with path.open(encoding=_encoding(path), newline="") as file:
            quoted: Literal[0, 3] = csv.QUOTE_NONE if delimiter == "\t" else csv.QUOTE_MINIMAL
            reader = csv.reader(file, delimiter=delimiter, quoting=quoted)
            header = [*names] if names is not None else [one.strip().lstrip("\ufeff") for one in next(reader, [])]
            missing = [one for one in needed if one not in header]
            if missing:
                raise ReferenceFileUnfit(path.name, f"has no column {missing[0]!r}; is it a file of this kind?")
            for values in reader:
                if values:
                    yield {name: value.strip() for name, value in zip(header, values, strict=False)}
    except (OSError, csv.Error, UnicodeDecodeError) as error:
        raise ReferenceFileUnfit(path.name, f"cannot be read ({error})") from error


def _encoding(path: Path) -> str:
    """UTF-8, or the Windows encoding that older files of the FDA are in; told by the first part of the file."""
    with path.open("rb") as file:
        part = file.read(1 << 20)
    try:
        part[: len(part) - 4 if len(part) == 1 << 20 else None].decode()
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8"


def date_of(text: str | None) -> str | None:
    """`20260131` and `01/31/2026` as `2026-01-31`; what is neither as nothing."""
    given = text or ""
    if len(given) == 8 and given.isdigit():
        return f"{given[:4]}-{given[4:6]}-{given[6:]}"
    parts = given.split("/")
    if len(parts) == 3 and all(part.isdigit() for part in parts):
        return f"{parts[2]}-{parts[0]:>02}-{parts[1]:>02}"
    return None


def given(**members: object) -> dict[str, object]:
    """What there is: empty texts and nothing are left out."""
    return {name: value for name, value in members.items() if value not in (None, "")}
