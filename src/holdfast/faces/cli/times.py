"""Times as people give them to commands."""

from datetime import datetime

from holdfast.core.clock import as_utc
from holdfast.core.errors import InvalidInput


def moment(text: str | None, field: str) -> datetime | None:
    """A time as ISO 8601 spells it; a day alone begins at midnight UTC."""
    if text is None:
        return None
    try:
        found = datetime.fromisoformat(text if len(text) > len("2026-01-31") else f"{text}T00:00:00Z")
    except ValueError as error:
        raise InvalidInput(f"{field}: {text!r:.40} is not a time such as 2026-01-31T08:00:00Z", field=field) from error
    return as_utc(found, field=field)
