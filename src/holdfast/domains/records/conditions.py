"""Filters as conditions of a statement.

A filter is split into its shape, of which statements are made and kept, and its values, which are parameters: so the
same question about other values is the same statement, and nothing that a caller gave is in its text. An indexed path
is asked of its column, in one range of codes; another of the document itself.
"""

from typing import Any as Anything

from sqlalchemy import ColumnElement, and_, bindparam, false, func, literal_column, not_, or_, true

from holdfast.core.database.json_paths import (
    Code,
    certainly,
    is_one_of,
    kind_at,
    number_at,
    number_of,
    text_at,
    truth_at,
)
from holdfast.core.database.text_match import is_listed
from holdfast.domains.records.filters import All, Any, Begins, Compare, Filter, Not, OneOf
from holdfast.domains.records.paths import Path
from holdfast.domains.records.schemas import kind_of
from holdfast.domains.records.tables import PLACES, records
from holdfast.domains.records.values import after, beginnings, code_of

Shape = tuple[Anything, ...]
"""What a statement is made of: ("all", parts), ("column", name, how), ("path", kind, how)."""

_r = records.c


def split(where: Filter, indexed: tuple[Path, ...]) -> tuple[Shape, dict[str, Anything]]:
    """A filter's shape, and its values by the names of their parameters."""
    splitter = _Splitter(dict(zip(indexed, PLACES, strict=False)))
    return splitter.shape(where), splitter.values


class _Splitter:
    def __init__(self, columns: dict[Path, str]) -> None:
        self._columns = columns
        self.values: dict[str, Anything] = {}

    def shape(self, where: Filter) -> Shape:
        """The shape; the values are put aside."""
        match where:
            case All(parts):
                return ("all", *(self.shape(part) for part in parts))
            case Any(parts):
                return ("any", *(self.shape(part) for part in parts))
            case Not(inner):
                return ("not", self.shape(inner))
        column = self._columns.get(where.path)
        return self._of_column(column, where) if column is not None else self._of_path(where)

    def _put(self, value: Anything) -> str:
        name = f"p{len(self.values)}"
        self.values[name] = value
        return name

    def _of_column(self, column: str, where: Compare | OneOf | Begins) -> Shape:
        match where:
            case OneOf(_, values):
                return ("column", column, "in", self._put([code_of(value) for value in values]))
            case Begins(_, prefix):
                first, end = beginnings(prefix)
                return ("column", column, "from", self._put(first), self._put(end))
            case Compare(_, "=", value):
                return ("column", column, "=", self._put(code_of(value)))
            case Compare(_, by, value):
                code = code_of(value)
                if by in ("<", "<="):
                    return ("column", column, "from" if by == "<" else "through", self._put(code[:1]), self._put(code))
                return ("column", column, "from" if by == ">=" else "past", self._put(code), self._put(after(code)))

    def _of_path(self, where: Compare | OneOf | Begins) -> Shape:
        at = self._put(where.path)
        match where:
            case OneOf(_, values):
                kind = kind_of(values[0])
                given = [_spelled(value) for value in values]
                return ("path", at, kind, "in", self._put(given))
            case Begins(_, prefix):
                return ("path", at, "string", "prefix", self._put(prefix), self._put(len(prefix)))
            case Compare(_, _, None):
                return ("path", at, "null", "=")
            case Compare(_, by, value):
                return ("path", at, kind_of(value), by, self._put(_spelled(value)))


def _spelled(value: object) -> object:
    """A truth as the engines' JSON functions spell it."""
    return {True: "true", False: "false"}[value] if isinstance(value, bool) else value


def condition_of(shape: Shape) -> ColumnElement[bool]:
    """The condition of a shape: true or not; unknown counts as not."""
    match shape:
        case ("all", *parts):
            return and_(true(), *(condition_of(part) for part in parts))
        case ("any", *parts):
            return or_(false(), *(condition_of(part) for part in parts))
        case ("not", inner):
            return not_(certainly(condition_of(inner)))
        case ("column", column, *how):
            return _of_column(_r[column], how)
        case ("path", at, kind, *how):
            return _of_path(at, kind, how)
    raise AssertionError(shape)


def _of_column(column: Anything, how: list[str]) -> ColumnElement[bool]:
    by, *names = how
    if by == "in":
        return is_one_of(column, names[0])
    given = [bindparam(name, type_=Code()) for name in names]
    if by == "=":
        return column == given[0]  # type: ignore[no-any-return]  # a column's comparison
    first, end = given
    low = column > first if by == "past" else column >= first
    return and_(low, column <= end if by == "through" else column < end)


_AT = {"string": text_at, "number": number_at, "boolean": truth_at}


def _of_path(at: str, kind: str, how: list[str]) -> ColumnElement[bool]:
    by, *names = how
    if kind == "null":
        found = kind_at(_r.data, at)
        return or_(found.is_(None), found == literal_column("'null'"))
    value: Anything = _AT[kind](_r.data, at)
    if by == "in":
        return is_one_of(value, names[0]) if kind == "number" else is_listed(value, names[0])
    if by == "prefix":
        return func.substr(value, 1, bindparam(names[1])) == bindparam(names[0])
    given: Anything = number_of(names[0]) if kind == "number" else bindparam(names[0])
    return {  # type: ignore[no-any-return]  # a column's comparison
        "=": value.__eq__,
        "<": value.__lt__,
        "<=": value.__le__,
        ">": value.__gt__,
        ">=": value.__ge__,
    }[by](given)


def value_at_path(path: str, kind: str | None) -> ColumnElement[Anything]:
    """What stands at a path that is a parameter, where it is of this kind."""
    return _AT[kind or "string"](_r.data, path)
