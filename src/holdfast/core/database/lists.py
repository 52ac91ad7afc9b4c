"""Lists for a server-side function that works for several callers at once: one value of a kind for each of them."""

import struct
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from sqlalchemy.types import Integer, LargeBinary, Text

from holdfast.core.clock import to_microseconds
from holdfast.core.database.json_paths import Code, Plain
from holdfast.core.database.types import (
    Digest,
    Id,
    Json,
    JsonText,
    Packed,
    PerEngine,
    Real,
    Time,
    spelled,
    uuid_bytes,
)


class Each(PerEngine):
    """Values of one kind, one for each of several rows: an array, packed at once (the driver takes 1 µs for each)."""

    specs = {"sqlite": "", "postgresql": ""}

    def __init__(self, kind: Any) -> None:
        self.kind = kind
        number, pack, _ = _PACKED[type(kind)]
        self.binds = {"postgresql": partial(_array, number, pack)}


def packed(kind: Any, values: Sequence[Any]) -> Packed:
    """Values of a column's type, at least one, as one array."""
    number, pack, _ = _PACKED[type(kind)]
    return _array(number, pack, values)


def kind_of_array(kind: Any) -> str:
    """What PostgreSQL calls an array of a column's type. Raises KeyError for a type that is not packed."""
    return f"{_PACKED[type(kind)][2]}[]"


_ARRAY = struct.Struct(">iiIii")
_LENGTH = struct.Struct(">i")
_NONE = _LENGTH.pack(-1)
_LONG = struct.Struct(">q")
_SINCE_2000 = 946_684_800_000_000


def _array(number: int, pack: Callable[[Any], bytes], values: Sequence[Any]) -> Packed:
    head = _ARRAY.pack(1, 1, number, len(values), 1)
    first = values[0]
    if values[-1] is first and all(value is first for value in values):  # what callers share is made once
        return Packed(head + _one(first, pack) * len(values))
    return Packed(head + b"".join([_one(value, pack) for value in values]))


def _one(value: Any, pack: Callable[[Any], bytes]) -> bytes:
    if value is None:
        return _NONE
    data = pack(value)
    return _LENGTH.pack(len(data)) + data


_PACKED: dict[type[Any], tuple[int, Callable[[Any], bytes], str]] = {
    Id: (2950, uuid_bytes, "uuid"),
    Time: (1184, lambda value: _LONG.pack(to_microseconds(value) - _SINCE_2000), "timestamptz"),
    Json: (114, lambda value: spelled(value).encode(), "json"),
    JsonText: (114, str.encode, "json"),
    Digest: (17, bytes.fromhex, "bytea"),
    LargeBinary: (17, bytes, "bytea"),
    Code: (17, bytes, "bytea"),
    Integer: (23, _LENGTH.pack, "integer"),
    Text: (25, str.encode, "text"),
    Plain: (25, str.encode, "text"),
    Real: (701, struct.Struct(">d").pack, "float8"),
}
"""The number PostgreSQL has for each kind, its binary form, and its name."""
