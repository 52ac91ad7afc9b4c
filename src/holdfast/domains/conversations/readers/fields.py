"""Taking single fields out of other people's JSON, and saying what is wrong with those that do not fit."""

import hashlib
import json
from collections.abc import Iterable
from datetime import UTC, datetime

from .models import Part, Role, Unreadable

Item = dict[str, object]

ROLES: dict[str, Role] = {
    "system": "system",
    "developer": "system",
    "user": "user",
    "human": "user",
    "assistant": "assistant",
    "gpt": "assistant",
    "chatgpt": "assistant",
    "model": "assistant",
    "bot": "assistant",
    "ai": "assistant",
    "function_call": "assistant",
    "tool": "tool",
    "function": "tool",
    "function_response": "tool",
    "observation": "tool",
}
# Seconds since 1970 reach this in the year 5138; a larger number counts milli-, micro- or nanoseconds.
_LARGEST_SECONDS = 1e11


class Malformed(Exception):
    """Internal: a conversation or a message does not have the shape its format requires."""

    def __init__(self, reason: str, value: object, at: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.value = value
        self.at = at


class Reading:
    """One conversation being read: where it stands, how deep a message of it may nest, what could not be read."""

    def __init__(self, place: str, max_depth: int) -> None:
        self.place = place
        self.max_depth = max_depth
        self.problems: list[Unreadable] = []

    def report(self, reason: str, value: object, at: str = "") -> None:
        """Note what is left out at `at`, a path below the conversation such as `.mapping.abc`."""
        self.problems.append(Unreadable(place=self.place + at, reason=reason, value=shape(value)))

    def time(self, value: object, at: str) -> datetime | None:
        """The time in UTC; what is not a time is reported and left out."""
        if value is None:
            return None
        try:
            return moment(value)
        except (TypeError, ValueError, OverflowError, OSError):
            self.report("not a time", value, at)
            return None


def moment(value: object) -> datetime:
    """A time from seconds (or finer) since 1970, as a number or text, or from ISO 8601. Without a zone it is UTC.

    Raises TypeError, ValueError, OverflowError or OSError when it is none of these.
    """
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            stated = datetime.fromisoformat(str(value))
            return stated.replace(tzinfo=UTC) if stated.tzinfo is None else stated.astimezone(UTC)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"{shape(value)} is not a time")
    while abs(value) > _LARGEST_SECONDS:
        value /= 1000
    return datetime.fromtimestamp(value, UTC)


def role(value: object, at: str) -> Role:
    """Holdfast's role for the source's word. Raises Malformed for a word that is not known."""
    known = ROLES.get(value.lower()) if isinstance(value, str) else None
    if known is None:
        word = repr(value[:20]) if isinstance(value, str) else shape(value)
        raise Malformed(f"the role {word} is not known", value, at)
    return known


def text(value: object) -> str:
    """The string, or "" for anything else."""
    return value if isinstance(value, str) else ""


def identifier(value: object) -> str | None:
    """A non-empty id as text, or None. Whole numbers serve as ids too."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return value if isinstance(value, str) and value else None


def entries(value: object) -> list[object]:
    """The list, or an empty one for anything else."""
    return value if isinstance(value, list) else []


def objects(value: object) -> list[Item]:
    """The JSON objects of a list; an empty list for anything else."""
    return [entry for entry in entries(value) if isinstance(entry, dict)]


def required_object(value: object, name: str, at: str) -> Item:
    """The JSON object, or Malformed naming the field."""
    if not isinstance(value, dict):
        raise Malformed(f"{name!r} is not an object", value, at)
    return value


def required_list(value: object, name: str, at: str) -> list[object]:
    """The list, or Malformed naming the field."""
    if not isinstance(value, list):
        raise Malformed(f"{name!r} is not a list", value, at)
    return value


def kept(source: Item, names: Iterable[tuple[str, str]]) -> Item:
    """The fields worth keeping, as pairs of the source's name and ours; absent, null and empty ones are not there."""
    found = {}
    for theirs, ours in names:
        value = source.get(theirs)
        if value is not None and value not in ("", [], {}):
            found[ours] = value
    return found


def same(*names: str) -> tuple[tuple[str, str], ...]:
    """Pairs for `kept` where our name is the source's."""
    return tuple((name, name) for name in names)


def structured(parts: list[Part]) -> tuple[Part, ...] | None:
    """The parts, or None when they are plain text only, which `content` already says."""
    plain = all(part["type"] == "text" and len(part) == 2 for part in parts)
    return None if plain else tuple(parts)


def text_of(parts: list[Part]) -> str:
    """What the parts say: text and tools' results, one below the other. Thinking and files say nothing."""
    return "\n".join(text(part.get("text")) for part in parts if part["type"] in ("text", "tool_result"))


def digest(value: object) -> str:
    """A SHA-256 of the JSON value that does not depend on its whitespace or key order."""
    canonical = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return "sha256:" + hashlib.sha256(canonical.encode()).hexdigest()


def shape(value: object) -> str:
    """What kind of value it is, in at most 80 characters, without the text it may hold."""
    if isinstance(value, str):
        return f"a string of {len(value)} characters"
    if isinstance(value, dict):
        return f"an object with the keys {', '.join(map(str, value)) or '(none)'}"[:80]
    if isinstance(value, bytes):
        return f"{len(value)} bytes"
    if isinstance(value, list):
        return f"a list of {len(value)}"
    return "null" if value is None else repr(value)[:80]
