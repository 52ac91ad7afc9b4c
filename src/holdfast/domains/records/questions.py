"""What is asked of a set: keys, filters, orders and cursors, as what its statements take."""

from collections.abc import Mapping
from typing import Any

from holdfast.core.errors import InvalidInput
from holdfast.core.pages import InvalidCursor, decode_cursor
from holdfast.domains.records.conditions import Shape, split
from holdfast.domains.records.filters import All, Compare, parse
from holdfast.domains.records.models import RecordSet
from holdfast.domains.records.paths import Path
from holdfast.domains.records.tables import PLACES

Where = Mapping[str, object] | None


def check_key(key: object) -> str:
    """A key as it is kept. Raises `InvalidInput`."""
    if isinstance(key, int) and not isinstance(key, bool):
        return str(key)
    if not isinstance(key, str) or not key or "\0" in key:
        raise InvalidInput(f"key: {key!r:.80} is no key; give a text", field="key")
    try:
        key.encode()
    except UnicodeEncodeError as error:
        raise InvalidInput(
            "key: has a lone surrogate; decode the source with the right encoding first", field="key"
        ) from error
    return key


def indexed_paths(of: RecordSet) -> tuple[Path, ...]:
    """The indexed paths of a set, in the order of their columns."""
    return tuple(tuple(one.split(".")) for one in of.indexed)


def question_of(of: RecordSet, where: Where, *also: Compare) -> tuple[Shape, dict[str, Any]]:
    """A filter's shape, and the values of its parameters. Raises `InvalidFilter`."""
    return split(All((parse(where, of.schema), *also)), indexed_paths(of))


def order_of(of: RecordSet, order: str | None) -> tuple[str, bool]:
    """The column that is ordered by, and whether downwards."""
    if order is None:
        return "key", False
    if not isinstance(order, str):
        raise InvalidInput(f"order: {order!r:.80} is no path", field="order")
    wanted, descending = order.removeprefix("-"), order.startswith("-")
    if wanted == of.key and wanted not in of.indexed:
        return "key", descending
    if wanted not in of.indexed:
        can = ", ".join((of.key, *of.indexed))
        raise InvalidInput(f"order: {wanted!r:.80} is neither the key nor indexed; give one of {can}", field="order")
    return PLACES[of.indexed.index(wanted)], descending


def place_of(question: tuple[object, ...], cursor: str, column: str) -> dict[str, Any]:
    """Where the page before ended, as parameters. Raises `InvalidCursor`."""
    names = [] if column == "key" else [f"after_{column}"]
    given = decode_cursor(question, cursor, length=len(names) + 2)
    if not all(isinstance(one, str) for one in given):
        raise InvalidCursor(cursor)
    try:
        codes = [bytes.fromhex(str(one)) for one in given[: len(names)]]
    except ValueError as error:
        raise InvalidCursor(cursor) from error
    return dict(zip([*names, "after_key", "after_level"], [*codes, *given[len(names) :]], strict=True))
