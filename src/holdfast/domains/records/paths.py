"""Paths: the names of members on the way to a value, joined by dots."""

import re
from collections.abc import Mapping, Sequence

from holdfast.core.errors import InvalidInput

MOST_NAMES = 8
MOST_CHARS = 200
_UNFIT = re.compile(r'["\\\x00-\x1f\x7f]')

Path = tuple[str, ...]


def parse_path(given: object, *, field: str) -> Path:
    """A path as its names. Raises `InvalidInput`.

    Names need no quoting, so quotes, backslashes and control characters are refused; so are names that are numbers,
    which one engine takes for places in a list.
    """
    if not isinstance(given, str) or not given:
        raise InvalidInput(f"{field}: {given!r:.80} is no path; give names of members joined by dots", field=field)
    names = tuple(given.split("."))
    if len(given) > MOST_CHARS or len(names) > MOST_NAMES:
        raise InvalidInput(
            f"{field}: {given!r:.80} has more than {MOST_NAMES} names or {MOST_CHARS} characters", field=field
        )
    for name in names:
        if not name or _UNFIT.search(name) or name.lstrip("-").isdigit() or not _is_utf8(name):
            raise InvalidInput(f"{field}: {given!r:.80} has a name that cannot be looked up: {name!r:.40}", field=field)
    return names


def _is_utf8(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def parse_paths(given: Sequence[str], *, field: str, most: int) -> tuple[Path, ...]:
    """Several paths, each once. Raises `InvalidInput`."""
    if isinstance(given, str) or not isinstance(given, Sequence):
        raise InvalidInput(f"{field}: {given!r:.80} is no list; give a list of paths", field=field)
    paths = tuple(parse_path(one, field=field) for one in given)
    if len(paths) > most:
        raise InvalidInput(f"{field}: {len(paths)} paths, the limit is {most}", field=field)
    if len(set(paths)) != len(paths):
        raise InvalidInput(f"{field}: a path is given twice; give each once", field=field)
    return paths


def value_at(document: object, path: Path) -> object:
    """What stands at a path; None where nothing does."""
    for name in path:
        if type(document) is not dict and not isinstance(document, Mapping):
            return None
        document = document.get(name)
    return document
