"""Checks of what callers give for knowledge."""

from uuid import UUID

from holdfast.core.errors import InvalidInput
from holdfast.core.inputs import check_name
from holdfast.core.settings import Settings

_SOURCE_CHARS = 2_000
UNKNOWN = "application/octet-stream"
"""The media type of bytes of which nothing is said: they tell themselves."""


def check_base_name(name: str, settings: Settings) -> str:
    """The name of a base: not one that could be an id."""
    text = check_name(name, field="name", most_chars=settings.title_chars)
    try:
        UUID(text)
    except ValueError:
        return text
    raise InvalidInput(f"name: {text!r} reads like an id; choose another name", field="name")


def check_title(title: str, settings: Settings) -> str:
    """A document's title."""
    return check_name(title, field="title", most_chars=settings.title_chars)


def check_optional(value: str | None, *, field: str) -> str | None:
    """A description, a source: a text that may be left out."""
    return None if value is None else check_name(value, field=field, most_chars=_SOURCE_CHARS)


def check_range(value: int, most: int, *, field: str) -> int:
    """A whole number from 0 to `most`."""
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= most:
        raise InvalidInput(f"{field}: {value!r} is not a whole number from 0 to {most}", field=field)
    return value
