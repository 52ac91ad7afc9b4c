"""How long a server asks its clients to wait."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime


def retry_after(text: str | None) -> float | None:
    """Seconds of a Retry-After header, which is a number or a date; None without one that makes sense."""
    told = (text or "").strip()
    if told.replace(".", "", 1).isdigit() and told.isascii():
        return float(told)
    try:
        return max(0.0, (parsedate_to_datetime(told) - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError):
        return None
