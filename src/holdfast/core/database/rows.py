"""What a driver's rows become, by a function made for the columns of one query.

A loop that looks up which columns to convert, for each row, took four times as long as one written for the query; of
the last 20 messages it was a third of the processor time.
"""

from collections.abc import Callable, Sequence
from dataclasses import fields, is_dataclass
from typing import Any, TypeVar

T = TypeVar("T")

Rows = Sequence[Sequence[Any]]
Processor = Callable[[Any], Any] | None
"""How a value of a column is converted, None being left as it is; or None where it needs no converting."""


def row_maker(names: Sequence[str], processors: Sequence[Processor], into: type[T] | None) -> Callable[[Rows], list[T]]:
    """A function from the driver's rows to `into`, a dataclass with a field for each name, or to tuples.

    Raises TypeError for what is no dataclass, or lacks a field.
    """
    if into is None:
        made = f"({''.join(f'{value}, ' for value in _values(processors))})"
        return _written(f"return [{made} for {_unpacked(names)} in raw]", processors)
    if not is_dataclass(into):
        raise TypeError(f"{into!r} is not a dataclass")
    _check_fields(into, names)
    held = ", ".join(f"{name!r}: {value}" for name, value in zip(names, _values(processors), strict=True))
    return _written(_FILL.format(unpacked=_unpacked(names), held=held), processors, into=into)


_FILL = """made = []
    for {unpacked} in raw:
        one = new(into)
        one.__dict__.update({{{held}}})
        made.append(one)
    return made"""
"""A frozen dataclass without running its __init__, which costs more than reading the row."""


def _unpacked(names: Sequence[str]) -> str:
    return f"({''.join(f'v{n}, ' for n in range(len(names)))})"


def _values(processors: Sequence[Processor]) -> list[str]:
    return [
        f"v{n}" if convert is None else f"(None if v{n} is None else c{n}(v{n}))"
        for n, convert in enumerate(processors)
    ]


def _written(body: str, processors: Sequence[Processor], *, into: type | None = None) -> Callable[[Rows], Any]:
    """The function of that body. Nothing in it comes from outside but names of columns, each spelled by `repr`."""
    held = {f"c{n}": convert for n, convert in enumerate(processors) if convert is not None}
    known: dict[str, Any] = {"new": object.__new__, "into": into, **held}
    exec(f"def rows(raw):\n    {body}", known)  # our own text, as for a dataclass
    written: Callable[[Rows], Any] = known["rows"]
    return written


def _check_fields(into: Any, names: Sequence[str]) -> None:
    known = {field.name for field in fields(into)}
    if not set(names) <= known:
        raise TypeError(f"{into.__name__} has no field {sorted(set(names) - known)}")
