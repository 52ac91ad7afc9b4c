"""Values of a kind and a length that are nobody's, and look it.

Words are of letters that names hardly have together; whole numbers of four digits and more begin with 99; births are
before 1900 and other days after 2100. No value of a patient is known here that could be repeated.
"""

import random
import re

_SYLLABLES = tuple(f"{consonant}{vowel}" for consonant in "qxzvkj" for vowel in "uoyi")
_TIMES = re.compile(r"YYYY|YY|MM|DD|HH|NN|SS|S+|Mon|MON|ZZ:ZZ|ZZZZ|ZZ")
_LEAST = {
    "decimal": 3,
    "signed number": 2,
    "compared number": 2,
    "text": 3,
    "upper-case code": 2,
    "code": 2,
    "long": 41,
}
_SHORT = 40


def make(kind: str, length: int, pick: random.Random, *, birth: bool = False) -> str:
    """A value of the kind; of the length where the kind can be that long."""
    if "YY" in kind or "HH" in kind:
        return _time(kind, pick, birth)
    size = max(length, _LEAST.get(kind, 1))
    match kind:
        case "integer":
            return _digits(size, pick)
        case "decimal":
            return f"{_digits(size - 2, pick)}.{pick.randrange(10)}"
        case "signed number":
            return f"-{_digits(size - 1, pick)}"
        case "compared number":
            return f">{_digits(size - 1, pick)}"
        case "upper-case word":
            return _word(size, pick).upper()
        case "word":
            return _word(size, pick).capitalize() if size > 1 else _word(1, pick)
        case "upper-case code":
            return f"{_word(size - 1, pick).upper()}{pick.randrange(10)}"[-size:]
        case "code":
            return f"{_word(size - 1, pick)}{pick.randrange(10)}"
        case "blank":
            return " " * size
        case "long":
            return _word(size, pick)
        case _:
            return _text(size, pick)


def longest_first(kind: str) -> tuple[int, str]:
    """The order in which kinds take lengths, so that text is long and numbers are short."""
    ranks = {"long": 0, "text": 1, "code": 2, "upper-case code": 3, "word": 4, "upper-case word": 5}
    return ranks.get(kind, 6), kind


def _digits(size: int, pick: random.Random) -> str:
    if size < 4:
        return "".join(str(pick.randrange(1, 10)) for _ in range(max(size, 1)))
    return f"99{pick.randrange(10 ** (size - 2)):0{size - 2}}"


def _word(size: int, pick: random.Random) -> str:
    return "".join(pick.choices(_SYLLABLES, k=size // 2 + 1))[:size]


def _text(size: int, pick: random.Random) -> str:
    words = ""
    while len(words) < size:
        words += _word(pick.randrange(2, 8), pick) + " "
    made = words[: size - 1] + "q"
    return made if " " in made else f"{made[: size - 2]} q"[-size:]


def _time(kind: str, pick: random.Random, birth: bool) -> str:
    year = pick.randrange(1850, 1900) if birth else pick.randrange(2101, 2199)
    month, day = pick.randrange(1, 13), pick.randrange(13, 29)
    clock = {"HH": pick.randrange(24), "SS": pick.randrange(60)}
    state = {"after": "YY" not in kind, "seconds": False}

    def part(found: re.Match[str]) -> str:
        name = found[0]
        if name == "YYYY":
            return str(year)
        if name == "YY":
            return f"{year % 100:02}"
        if name == "DD":
            return f"{day:02}"
        if name == "NN":  # which of day and month comes first is not told: both are small
            return f"{1 + day % 12:02}"
        if name in ("Mon", "MON"):
            return "Jun" if name == "Mon" else "JUN"
        if name == "HH":
            state["after"] = True
            return f"{clock['HH']:02}"
        if name == "MM":
            return f"{pick.randrange(60):02}" if state["after"] else f"{month:02}"
        if name == "SS" and not state["seconds"]:
            state["seconds"] = True
            return f"{clock['SS']:02}"
        if set(name) == {"S"}:
            return "".join(str(pick.randrange(10)) for _ in name)
        return {"ZZ:ZZ": "01:00", "ZZZZ": "0100"}.get(name, "01")

    return _TIMES.sub(part, kind)
