"""Checks of what callers give, before any of it reaches a database.

Each returns the value in its stored form or raises `InvalidInput` naming the field. The messages show
structure (sizes, places, code points), never the content itself: errors end up in logs.
"""

import json
import math
from collections.abc import Mapping, Sequence

from holdfast.core.errors import InvalidInput
from holdfast.core.scope import LEVELS

INTEGER_BITS = 63
"""Longer whole numbers are refused: parsers round them, each in its own way."""


def check_text(value: object, *, field: str, most_bytes: int) -> str:
    """`value`, when it is text that both engines can store, of at most `most_bytes` bytes of UTF-8."""
    if not isinstance(value, str):
        raise InvalidInput(f"{field}: a text is needed, got {type(value).__name__}", field=field)
    if "\0" in value:
        at = value.index("\0")
        raise InvalidInput(f"{field}: NUL at character {at}; remove it, no database can store it in text", field=field)
    size = len(_encode(value, field))
    if size > most_bytes:
        raise InvalidInput(f"{field}: {size:,} bytes, the limit is {most_bytes:,}", field=field)
    return value


def check_name(value: object, *, field: str, most_chars: int) -> str:
    """A title, name or tag: text on its own, not empty, at most `most_chars` characters."""
    text = check_text(value, field=field, most_bytes=most_chars * 4)
    if not text.strip():
        raise InvalidInput(f"{field}: is empty; give at least one visible character", field=field)
    if len(text) > most_chars:
        raise InvalidInput(f"{field}: {len(text):,} characters, the limit is {most_chars:,}", field=field)
    return text


def check_choice(value: object, choices: tuple[str, ...], *, field: str) -> str:
    """`value`, when it is one of `choices`."""
    if not isinstance(value, str) or value not in choices:
        raise InvalidInput(f"{field}: {value!r:.80} is not one of {', '.join(choices)}", field=field)
    return value


def check_document(
    value: Mapping[str, object] | None, *, field: str, most_bytes: int, most_depth: int
) -> dict[str, object]:
    """A JSON object (None means an empty one) within the limits of size and depth."""
    return check_and_spell(value, field=field, most_bytes=most_bytes, most_depth=most_depth)[0]


def check_and_spell(
    value: Mapping[str, object] | None, *, field: str, most_bytes: int, most_depth: int
) -> tuple[dict[str, object], str]:
    """The same, and the text that `dump_json` would make of it, for who stores it: the check has to make one anyhow."""
    if value is None:
        return {}, "{}"
    if not isinstance(value, Mapping):
        raise InvalidInput(f"{field}: a JSON object is needed, got {type(value).__name__}", field=field)
    if not value:
        return {}, "{}"
    document = dict(value)
    text, _size = _checked_text(document, field, most_bytes, most_depth)
    return document, text


def check_levels(values: Sequence[str], *, field: str) -> str:
    """Clearance levels as they are kept: one text, highest first, each once. None at all is allowed, and means none."""
    if isinstance(values, str):
        raise InvalidInput(f"{field}: {values!r:.40} is one text; give a list of {', '.join(LEVELS)}", field=field)
    given = {check_choice(value, LEVELS, field=field) for value in values}
    return "".join(level for level in LEVELS if level in given)


def check_json(value: object, *, field: str, most_bytes: int, most_depth: int) -> int:
    """The size of `value` as JSON in bytes, when it is JSON that both engines can store, within the limits."""
    return _checked_text(value, field, most_bytes, most_depth)[1]


def _checked_text(value: object, field: str, most_bytes: int, most_depth: int) -> tuple[str, int]:
    """The JSON of `value`, and its size. What is wrong is looked for only where the quick look is not content."""
    text = _spelled(value) if is_plain_json(value, most_depth=most_depth - 1) else None
    if text is None or "\\u0000" in text:
        _check_node(value, field, most_depth)
        text = _spelled(value)
    size = len(_encode(text, field))
    if size > most_bytes:
        raise InvalidInput(f"{field}: {size:,} bytes of JSON, the limit is {most_bytes:,}", field=field)
    return text, size


_SIMPLE = frozenset({str, bool, type(None)})


def is_plain_json(value: object, *, most_depth: int, floats: bool = True) -> bool:
    """Whether `value` is made of JSON's own types and numbers that fit, nested no deeper; without `floats`, of whole
    numbers only.

    A quick look at what is nearly always right: `check_json` says what is wrong, and looks at texts.
    """
    kind = type(value)
    if kind is str or kind is bool or value is None:
        return True
    if most_depth < 0 and kind in (dict, list):  # before it is looked into: it may hold itself
        return False
    inner: object
    if kind is dict:
        for name, inner in value.items():  # type: ignore[attr-defined]  # it is a dict
            if type(name) is not str or (
                type(inner) not in _SIMPLE and not is_plain_json(inner, most_depth=most_depth - 1, floats=floats)
            ):
                return False
        return True
    if kind is list:
        for inner in value:  # type: ignore[attr-defined]  # it is a list
            if type(inner) not in _SIMPLE and not is_plain_json(inner, most_depth=most_depth - 1, floats=floats):
                return False
        return True
    if kind is int:
        return value.bit_length() <= INTEGER_BITS  # type: ignore[attr-defined,no-any-return]  # it is an int
    return floats and kind is float and math.isfinite(value)  # type: ignore[arg-type]  # it is a float


_spelled = json.JSONEncoder(sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode


def _check_node(value: object, place: str, depth: int) -> None:
    if depth < 0:
        raise InvalidInput(f"{place}: nested too deeply; flatten it", field=place.partition(".")[0])
    if isinstance(value, dict):
        for key, inner in value.items():
            if not isinstance(key, str):
                raise InvalidInput(f"{place}: the key {key!r:.40} is not text", field=place.partition(".")[0])
            _check_string(key, place)
            _check_node(inner, f"{place}.{key:.40}", depth - 1)
    elif isinstance(value, (list, tuple)):
        for number, inner in enumerate(value):
            _check_node(inner, f"{place}.{number}", depth - 1)
    else:
        _check_leaf(value, place)


def _check_leaf(value: object, place: str) -> None:
    if isinstance(value, str):
        _check_string(value, place)
    elif isinstance(value, float) and not math.isfinite(value):
        raise InvalidInput(f"{place}: {value!r} is not a JSON number", field=place.partition(".")[0])
    elif isinstance(value, int) and value.bit_length() > INTEGER_BITS:
        raise InvalidInput(f"{place}: a whole number of {value.bit_length():,} bits", field=place.partition(".")[0])
    elif value is not None and not isinstance(value, (bool, int, float)):
        raise InvalidInput(
            f"{place}: {type(value).__name__} is not JSON; give text, numbers, true, false, null, lists or objects",
            field=place.partition(".")[0],
        )


def _check_string(value: str, place: str) -> None:
    field = place.partition(".")[0]
    if "\0" in value:
        raise InvalidInput(f"{place}: NUL in a text; remove it, no database can store it", field=field)
    _encode(value, field)


def _encode(value: str, field: str) -> bytes:
    try:
        return value.encode()
    except UnicodeEncodeError as error:
        raise InvalidInput(
            f"{field}: lone surrogate U+{ord(value[error.start]):04X} at character {error.start}; "
            "decode the source with the right encoding first",
            field=field,
        ) from error
