"""What a value looks like: a date in some format, a number, a code, text. Never what it says."""

import re
from collections.abc import Callable, Sequence

_DIGITS_AND_LETTERS = "0123456789", "ABCDEFGHIJKLMNOPQRSUVWXY", "abcdefghijklmnopqrstuvwxyz"  # T, Z part and end times
_SHAPES = bytes.maketrans("".join(_DIGITS_AND_LETTERS).encode(), b"9" * 10 + b"A" * 24 + b"a" * 26)
_LONGEST = 40
_KNOWN = 20_000
_PLAIN_DATES = {8: "YYYYMMDD", 10: "YYYYMMDDHH", 12: "YYYYMMDDHHMM", 14: "YYYYMMDDHHMMSS"}
_DIGITS = re.compile(r"(9{8}|9{10}|9{12}|9{14})(\.9{1,6})?([+-]9{4})?")
_DAY = re.compile(
    r"(?:1[89]|2[01])\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])"
    r"(?:(?![0-9])|(?:[01]\d|2[0-4])(?:(?![0-9])|[0-5]\d(?:(?![0-9])|[0-5]\d|60)))"
)
_WRITTEN = {  # shapes of dates that are written out
    "9999-99-99": "YYYY-MM-DD",
    "9999/99/99": "YYYY/MM/DD",
    "99.99.9999": "DD.MM.YYYY",
    "99-Aaa-9999": "DD-Mon-YYYY",
} | {f"99-{month}-9999": "DD-MON-YYYY" for month in ("AAA", "AAT")}
_TIMES = {
    "99:99": "HH:MM",
    "99:99:99": "HH:MM:SS",
    "9999": "HHMM",
    "999999": "HHMMSS",
}
_TIME = re.compile(r"(.+?)([ T])(99:99(?::99)?|9{4}|9{6})(\.9{1,6})?(Z|[+-]99:?99)?")
_AMERICAN = re.compile(r"9{1,2}/9{1,2}/(?:9999|99)")
_NUMBERS = (
    (re.compile(r"9+"), "integer"),
    (re.compile(r"9*\.9+|9+\."), "decimal"),
    (re.compile(r"[+-]9+(\.9+)?"), "signed number"),
    (re.compile(r"[<>]=?9+(\.9+)?"), "compared number"),
)
_WORDS = (
    (re.compile(r"[A-Z][A-Z_]*"), "upper-case word"),
    (re.compile(r"[A-Za-z]+"), "word"),
    (re.compile(r"[A-Z0-9._:/+-]+"), "upper-case code"),
    (re.compile(r"\S+"), "code"),
)
Kind = str | Callable[[str], str]
NUMBERS = frozenset({"integer", "decimal", "signed number", "compared number", "JSON integer", "JSON decimal"})


def is_dated(kind: str) -> bool:
    """Whether what looks like this is a date or a time."""
    return "YY" in kind or "HH:MM" in kind


_known: dict[str, Kind] = {}


def kind_of(value: str) -> str:
    """The kind of a value that is not empty."""
    kind = kind_of_shape(_shaped(value) if len(value) <= _LONGEST else value)
    return kind if isinstance(kind, str) else kind(value)


def shapes_of(values: Sequence[str]) -> list[str]:
    """Every value with its digits and letters made alike, so that few are different. As long as the value is."""
    found = _shaped("\n".join(values)).split("\n")
    return found if len(found) == len(values) else [_shaped(value) for value in values]


def kind_of_shape(shape: str) -> Kind:
    """The kind of all values of a shape, or what tells it of one."""
    if len(shape) > _LONGEST:
        return "text" if " " in shape else "long"
    if not shape.isascii():
        return "text"
    kind = _known.get(shape)
    if kind is None:
        if len(_known) >= _KNOWN:
            _known.clear()
        kind = _known[shape] = _of_shape(shape)
    return kind


def _shaped(value: str) -> str:
    """Bytes are translated many times faster than characters; those of no ASCII character stay as they are."""
    return value.encode("utf-8", "surrogatepass").translate(_SHAPES).decode("utf-8", "surrogatepass")


def _of_shape(shape: str) -> Kind:
    return _date(shape) or _date_and_time(shape) or _number_or_word(shape)


def _date(shape: str) -> Kind | None:
    plain = _DIGITS.fullmatch(shape)
    if plain is not None:
        return _plain_date(shape, plain)
    if _AMERICAN.fullmatch(shape):
        return _slashed
    return _WRITTEN.get(shape)


def _plain_date(shape: str, found: re.Match[str]) -> Kind:
    name = _PLAIN_DATES[len(found[1])] + ("." + "S" * (len(found[2]) - 1) if found[2] else "")
    name += "+ZZZZ" if found[3] else ""
    otherwise = _number_or_word(shape)
    return lambda value: name if _is_date(value) else otherwise


def _number_or_word(shape: str) -> str:
    for pattern, kind in _NUMBERS:
        if pattern.fullmatch(shape):
            return kind
    plain = shape.replace("9", "0")
    for pattern, kind in _WORDS:
        if pattern.fullmatch(plain):
            return kind
    return "blank" if not shape.strip() else "text"


def _is_date(value: str) -> bool:
    """Whether eight or more digits are a day, and the rest a time of it."""
    return _DAY.match(value) is not None


def _slashed(value: str) -> str:
    """Which of day and month comes first, where the value tells."""
    first, second, year = value.split("/")
    years = "YYYY" if len(year) == 4 else "YY"
    if int(first) > 31 or int(second) > 31 or (int(first) > 12 and int(second) > 12):
        return "code"
    if int(first) > 12:
        return f"DD/MM/{years}"
    return f"MM/DD/{years}" if int(second) > 12 else f"NN/NN/{years}"


def _date_and_time(shape: str) -> Kind | None:
    if shape in ("99:99", "99:99:99"):
        return _TIMES[shape]
    found = _TIME.fullmatch(shape)
    day = _date(found[1]) if found is not None else None
    if found is None or day is None:
        return None
    rest = found[2] + _TIMES[found[3]] + ("." + "S" * (len(found[4]) - 1) if found[4] else "")
    if found[5]:
        rest += "Z" if found[5] == "Z" else "+ZZ:ZZ" if ":" in found[5] else "+ZZZZ"
    if isinstance(day, str):
        return day + rest
    find = day
    end = len(found[1])
    return lambda value: _with_time(find, value[: len(value) - (len(shape) - end)], rest)


def _with_time(day: Callable[[str], str], value: str, rest: str) -> str:
    found = day(value)
    return found + rest if "YY" in found else "text"
