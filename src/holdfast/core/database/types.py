"""Column types that mean the same on both engines, each stored the way its engine is quick at.

| type   | Python          | SQLite                    | PostgreSQL  |
| ------ | --------------- | ------------------------- | ----------- |
| Id     | UUID            | BLOB, 16 bytes            | uuid        |
| Time   | aware datetime  | INTEGER, µs since 1970    | timestamptz |
| Real   | float           | DOUBLE                    | double precision |
| Money  | Decimal         | INTEGER, 10⁻⁹ of a dollar | bigint      |
| Json   | JSON value      | TEXT, sorted keys         | json        |
| Real   | float           | DOUBLE                    | double precision |
| Digest | hex digits      | BLOB                      | bytea       |
| Words  | text            | an FTS5 column            | tsvector    |
| MarkList | marks         | an FTS5 column            | tsvector    |
| Secret | text            | BLOB, sealed              | bytea       |
| KeyedHash | text in, hex digits out | BLOB           | bytea       |

Types of vectors are in `vector_search`.
"""

import json
import struct
import sys
from array import array
from collections.abc import Callable
from decimal import Decimal
from functools import lru_cache
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import Dialect
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.types import UserDefinedType

from holdfast.core.clock import from_microseconds, to_microseconds
from holdfast.core.words import words

_new_uuid = object.__new__
_set = object.__setattr__


@lru_cache(maxsize=4096)
def uuid_from_bytes(value: bytes) -> UUID:
    """`UUID(bytes=value)` without its argument checks; they cost more than reading the row. The rows of an answer have
    many ids in common, and what was read lately is read again.
    """
    made = _new_uuid(UUID)
    _set(made, "int", int.from_bytes(value, "big"))
    _set(made, "is_safe", _SAFE_UNKNOWN)
    return made


_SAFE_UNKNOWN = UUID(int=0).is_safe


def dump_json(value: object) -> str:
    """The one JSON spelling of a value: sorted keys, no spaces, no escapes. Digests are taken over it."""
    if not value and isinstance(value, dict):
        return "{}"
    return _encode(value)


_encode = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode


def dump_whole(value: object) -> str:
    """The same spelling in an eighth of the time, of a value of JSON's own types in which every number is whole.

    Raises UnicodeEncodeError for a lone surrogate.
    """
    return _encode_whole(value).decode()


_encode_whole = msgspec.json.Encoder(order="sorted").encode
"""It spells numbers with a fraction in a way of its own."""


class PerEngine(UserDefinedType[Any]):
    """A type whose column, bind and result forms are chosen by engine."""

    cache_ok = True
    specs: dict[str, str]
    binds: dict[str, Callable[[Any], Any]] = {}
    results: dict[str, Callable[[Any], Any]] = {}

    def get_col_spec(self, **_: Any) -> str:
        """What a compiler without a dialect shows."""
        return self.specs["postgresql"]

    def bind_processor(self, dialect: Dialect) -> Any:
        """For SQLAlchemy's own executor, which migrations use."""
        return _unless_none(self.binds.get(dialect.name))

    def result_processor(self, dialect: Dialect, _coltype: object) -> Any:
        """The driver's value as ours; never called with None."""
        return self.results.get(dialect.name)


@compiles(PerEngine)
def _column_type(type_: PerEngine, compiler: Any, **_: Any) -> str:
    return type_.specs[compiler.dialect.name]


def _unless_none(convert: Callable[[Any], Any] | None) -> Callable[[Any], Any] | None:
    if convert is None:
        return None
    return lambda value: None if value is None else convert(value)


def uuid_bytes(value: UUID) -> bytes:
    """How SQLite keeps an id, and PostgreSQL sends one."""
    return value.bytes


class Id(PerEngine):
    """A UUID."""

    specs = {"sqlite": "BLOB", "postgresql": "UUID"}
    binds = {"sqlite": uuid_bytes}
    results = {"sqlite": uuid_from_bytes}


class Time(PerEngine):
    """A moment, to the microsecond."""

    specs = {"sqlite": "INTEGER", "postgresql": "TIMESTAMP WITH TIME ZONE"}
    binds = {"sqlite": to_microseconds}
    results = {"sqlite": from_microseconds}


NANO = Decimal("1e-9")
"""The smallest amount of money that is kept, in US dollars."""


def to_nano(amount: Decimal) -> int:
    """Money as the whole number that is stored: billionths of a dollar. It must have been rounded to them."""
    return int(amount.scaleb(9))


def from_nano(units: int) -> Decimal:
    """The inverse of `to_nano`."""
    return Decimal(units).scaleb(-9)


class Money(PerEngine):
    """An amount of money, in US dollars, to the billionth. Whole numbers, so that sums are exact on both engines."""

    specs = {"sqlite": "INTEGER", "postgresql": "BIGINT"}
    binds = {"sqlite": to_nano, "postgresql": to_nano}
    results = {"sqlite": from_nano, "postgresql": from_nano}


class Real(PerEngine):
    """A number with a fraction, in double precision."""

    specs = {"sqlite": "DOUBLE", "postgresql": "DOUBLE PRECISION"}


def load_json(text: str) -> Any:
    """The value of a stored text; the empty document, the common case, without a parser."""
    return {} if text == "{}" else _scan(text, 0)[0]


_scan = json.JSONDecoder().scan_once  # type: ignore[attr-defined]  # what loads() ends in; our texts have no spaces around


class Spelled(str):
    """JSON that `dump_json` spelled before, so that nobody spells it again."""

    __slots__ = ()


def spelled(value: object) -> str:
    """The JSON of a value, which may be spelled already."""
    return value if type(value) is Spelled else dump_json(value)


class Json(PerEngine):
    """A JSON value, kept as the text `dump_json` made: jsonb would respell numbers, and digests cover the text."""

    specs = {"sqlite": "TEXT", "postgresql": "JSON"}
    binds = {"sqlite": spelled, "postgresql": spelled}
    results = {"sqlite": load_json, "postgresql": load_json}


class JsonText(Json):
    """A JSON value whose text was made already, by `dump_json`."""

    binds = {}


class Digest(PerEngine):
    """A hash: bytes in the database, hex digits in Python."""

    specs = {"sqlite": "BLOB", "postgresql": "BYTEA"}
    binds = {"sqlite": bytes.fromhex, "postgresql": bytes.fromhex}
    results = {"sqlite": bytes.hex, "postgresql": bytes.hex}


def _words_of(text: str) -> str:
    return " ".join(words(text))


def _tsvector(text: str) -> str:
    """A tsvector literal. Words are letters and digits only (core/words.py), so quoting them is safe."""
    found = words(text)
    places: dict[str, list[str]] = {}
    for at, word in enumerate(found[:_POSITIONS], 1):
        places.setdefault(word, []).append(str(at))
    for word in found[_POSITIONS:]:
        places.setdefault(word, [str(_POSITIONS)])
    return " ".join([f"'{word}':{','.join(at[:_PER_WORD])}" for word, at in places.items()])


_POSITIONS = 16_383
_PER_WORD = 255


class MarkList(PerEngine):
    """Marks of letters and digits, separated by spaces, indexed as they are: a stem would be another mark."""

    specs = {"sqlite": "", "postgresql": "TSVECTOR"}


class Words(PerEngine):
    """A text, as its searchable words: a column of an FTS5 table, or a tsvector. Written, never read back."""

    specs = {"sqlite": "", "postgresql": "TSVECTOR"}
    binds = {"sqlite": _words_of, "postgresql": _tsvector}


class Secret(PerEngine):
    """A text that only its own row can open again: sealed with the tenant's data key when it is written, opened when
    it is read, bound to tenant, column and row.

    `label` names the column (`connections.access_token`) and never changes; `row` names the columns that identify the
    row within its tenant. Whatever writes it must give them, whatever reads it must select them: a `Query` that does
    not is refused when it is defined. `of_store`: the table has no tenants; the store's own key seals.
    """

    specs = {"sqlite": "BLOB", "postgresql": "BYTEA"}

    def __init__(self, label: str, row: tuple[str, ...], of_store: bool = False) -> None:
        self.label = label
        self.row = row
        self.of_store = of_store

    def bind_processor(self, dialect: Dialect) -> Any:
        """Refuses SQLAlchemy's own executor, which knows no keys and would write the text as it is."""
        return _only_in_queries


class KeyedHash(PerEngine):
    """The hash of an identifier that must be found, and not read: HMAC-SHA256 with the tenant's own key.

    Equal texts under one `label` have equal hashes within a tenant, and no others. Compare it with a bind parameter.
    """

    specs = {"sqlite": "BLOB", "postgresql": "BYTEA"}
    results = {"sqlite": bytes.hex, "postgresql": bytes.hex}

    def __init__(self, label: str, of_store: bool = False) -> None:
        self.label = label
        self.of_store = of_store

    def bind_processor(self, dialect: Dialect) -> Any:
        """See `Secret.bind_processor`."""
        return _only_in_queries


def _only_in_queries(_value: object) -> None:
    raise TypeError("secrets and keyed hashes are written by a Query, in a transaction of the store")


class Packed(bytes):
    """A value in PostgreSQL's own binary form, which goes to the server as it is."""


class VectorBytes(Packed):
    """A vector as PostgreSQL's own binary form: two bytes of dimension, two of nothing, big-endian numbers."""

    @classmethod
    def of(cls, vector: "array[float]") -> "VectorBytes":
        """From `array("f")`."""
        numbers = array("f", vector)
        if sys.byteorder == "little":
            numbers.byteswap()
        return cls(struct.pack(">HH", len(numbers), 0) + numbers.tobytes())
