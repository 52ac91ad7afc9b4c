"""The language of filters: what is asked of records, parsed and checked against their schema before any database.

`{"sector": "J", "repealed": False}` asks for both. Of a path one can ask `=`, `!=`, `<`, `<=`, `>`, `>=`, `in`,
`prefix` and `exists`: `{"price": {">=": 10, "<": 20}}`. Conditions are joined by `and`, `or` (lists) and `not`. A value
is compared with values of its own kind; null and absent are the same, "no value", and only `=`, `!=` and `exists` find
it. `!=` and `not` are true wherever what they turn round is not.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from holdfast.core.errors import InvalidInput
from holdfast.core.inputs import check_json
from holdfast.domains.records.errors import InvalidFilter
from holdfast.domains.records.paths import Path, parse_path, value_at
from holdfast.domains.records.schemas import Schema, check_kind, kind_of, kinds_at
from holdfast.domains.records.values import MOST_BYTES, Scalar, is_scalar

COMPARISONS = ("=", "<", "<=", ">", ">=")
OPERATORS = (*COMPARISONS, "!=", "in", "prefix", "exists")
JOINS = ("and", "or", "not")
MOST_CONDITIONS = 50
MOST_VALUES = 1_000
MOST_DEPTH = 8


@dataclass(frozen=True)
class Compare:
    """A value of the same kind as `value` stands at `path`, and compares so; `=` None: no value does."""

    path: Path
    by: str
    value: Scalar | None


@dataclass(frozen=True)
class OneOf:
    """What stands at `path` is one of these, all of one kind."""

    path: Path
    values: tuple[Scalar, ...]


@dataclass(frozen=True)
class Begins:
    """A text stands at `path` and begins so."""

    path: Path
    prefix: str


@dataclass(frozen=True)
class Not:
    """What is within is not true."""

    inner: "Filter"


@dataclass(frozen=True)
class All:
    """All are true; of none, always."""

    parts: tuple["Filter", ...]


@dataclass(frozen=True)
class Any:
    """At least one is true; of none, never."""

    parts: tuple["Filter", ...]


Filter = Compare | OneOf | Begins | Not | All | Any


def check_size(where: object) -> None:
    """Raise `InvalidFilter` for what is no JSON, too long or too deep: before anything walks through it."""
    try:
        check_json(where, field="where", most_bytes=256 * 1024, most_depth=2 * MOST_DEPTH + 2)
    except InvalidInput as error:
        raise InvalidFilter(str(error).removeprefix("where: ")) from None


def parse(where: Mapping[str, object] | None, schema: Schema) -> Filter:
    """What a filter says. Raises `InvalidFilter`."""
    if where is None:
        return All(())
    check_size(where)
    parser = _Parser(schema)
    return parser.conditions(where, MOST_DEPTH)


class _Parser:
    def __init__(self, schema: Schema) -> None:
        self._schema = schema
        self._left = MOST_CONDITIONS

    def conditions(self, where: object, depth: int) -> Filter:
        if not isinstance(where, Mapping):
            raise InvalidFilter(f'an object of paths is needed, as {{"sector": "J"}}; got {kind_of(where)}')
        if depth == 0:
            raise InvalidFilter(f"nested more than {MOST_DEPTH} deep; flatten it")
        parts = [self._condition(name, asked, depth) for name, asked in where.items()]
        return parts[0] if len(parts) == 1 else All(tuple(parts))

    def _condition(self, name: str, asked: object, depth: int) -> Filter:
        if name == "not":
            return Not(self.conditions(asked, depth - 1))
        if name in JOINS:
            if not isinstance(asked, (list, tuple)):
                raise InvalidFilter(f"{name!r} takes a list of conditions, got {kind_of(asked)}")
            parts = tuple(self.conditions(one, depth - 1) for one in asked)
            return All(parts) if name == "and" else Any(parts)
        try:
            path = parse_path(name, field="where")
        except InvalidInput as error:
            raise InvalidFilter(str(error).removeprefix("where: ")) from None
        if not isinstance(asked, Mapping):
            return self._one(path, "=", asked)
        if not asked:
            raise InvalidFilter(f"{name!r:.80}: no comparison; give one of {', '.join(OPERATORS)}")
        parts = tuple(self._one(path, by, value) for by, value in asked.items())
        return parts[0] if len(parts) == 1 else All(parts)

    def _one(self, path: Path, by: str, value: object) -> Filter:
        self._left -= 1
        if self._left < 0:
            raise InvalidFilter(f"more than {MOST_CONDITIONS} conditions; ask in several calls")
        dotted = ".".join(path)
        if by not in OPERATORS:
            raise InvalidFilter(f"{dotted!r:.80}: {by!r:.40} is no comparison; give one of {', '.join(OPERATORS)}")
        if not kinds_at(self._schema, path):
            raise InvalidFilter(f"{dotted!r:.80} is no path of this set's schema")
        if by == "exists":
            if not isinstance(value, bool):
                raise InvalidFilter(f"{dotted!r:.80}: exists takes true or false, got {kind_of(value)}")
            absent = Compare(path, "=", None)
            return Not(absent) if value else absent
        if by == "in":
            return self._one_of(path, value)
        if by == "!=":
            return Not(Compare(path, "=", self._comparable(path, value, none=True)))
        if by == "prefix":
            text = self._comparable(path, value)
            if not isinstance(text, str):
                raise InvalidFilter(f"{dotted!r:.80}: prefix takes a text, got {kind_of(value)}")
            return Begins(path, text)
        return Compare(path, by, self._comparable(path, value, none=by == "="))

    def _one_of(self, path: Path, values: object) -> Filter:
        dotted = ".".join(path)
        if not isinstance(values, Sequence) or isinstance(values, str):
            raise InvalidFilter(f"{dotted!r:.80}: in takes a list, got {kind_of(values)}")
        if len(values) > MOST_VALUES:
            raise InvalidFilter(f"{dotted!r:.80}: in takes up to {MOST_VALUES:,} values, got {len(values):,}")
        kinds: dict[str, list[Scalar]] = {}
        for value in values:
            given = self._comparable(path, value)
            assert given is not None, "none was not allowed"
            kinds.setdefault(kind_of(given), []).append(given)
        parts = tuple(OneOf(path, tuple(dict.fromkeys(given))) for given in kinds.values())
        return parts[0] if len(parts) == 1 else Any(parts)

    def _comparable(self, path: Path, value: object, *, none: bool = False) -> Scalar | None:
        dotted = ".".join(path)
        if value is None and none:
            return None
        if not is_scalar(value):
            raise InvalidFilter(
                f"{dotted!r:.80}: {kind_of(value)} cannot be compared; give a text, a number or a truth"
            )
        if isinstance(value, float) and not math.isfinite(value):
            raise InvalidFilter(f"{dotted!r:.80}: {value!r} is no JSON number")
        if isinstance(value, str) and len(value.encode()) > MOST_BYTES:
            raise InvalidFilter(f"{dotted!r:.80}: a text of more than {MOST_BYTES} bytes; search for words of it")
        check_kind(self._schema, path, value)
        return value  # type: ignore[return-value]  # is_scalar says so


def matches(where: Filter, data: Mapping[str, object]) -> bool:
    """Whether a record is what a filter asks for: the same as in a database."""
    match where:
        case All(parts):
            return all(matches(part, data) for part in parts)
        case Any(parts):
            return any(matches(part, data) for part in parts)
        case Not(inner):
            return not matches(inner, data)
        case Compare(path, by, value):
            return _compares(value_at(data, path), by, value)
        case OneOf(path, values):
            found = value_at(data, path)
            return is_scalar(found) and kind_of(found) == kind_of(values[0]) and found in values
        case Begins(path, prefix):
            found = value_at(data, path)
            return isinstance(found, str) and found.startswith(prefix)


def _compares(found: object, by: str, value: Scalar | None) -> bool:
    if value is None:
        return found is None
    if not is_scalar(found) or kind_of(found) != kind_of(value):
        return False
    if by == "=":
        return found == value
    if by in ("<", "<="):
        return found < value or (by == "<=" and found == value)  # type: ignore[operator]  # of one kind
    return found > value or (by == ">=" and found == value)  # type: ignore[operator]  # of one kind


def paths_in(where: Filter) -> set[Path]:
    """The paths that a filter asks about."""
    match where:
        case All(parts) | Any(parts):
            return {path for part in parts for path in paths_in(part)}
        case Not(inner):
            return paths_in(inner)
        case Compare(path) | OneOf(path) | Begins(path):
            return {path}
