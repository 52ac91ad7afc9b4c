"""What the room takes: names, sizes, moments."""

from datetime import datetime
from typing import Any, Literal, NamedTuple

from holdfast.core.clock import as_utc
from holdfast.core.errors import InvalidInput
from holdfast.core.inputs import check_json, check_name, check_text
from holdfast.core.settings import Settings

EXTERNAL_CHARS = 200
ERROR_BYTES = 16 * 1024
ATTEMPTS = 1_000_000
Part = Literal["input", "output"]


class Given(NamedTuple):
    """A checked input or output. `attached`: too large for the run's own row."""

    part: Part
    value: Any
    size: int | None
    attached: bool

    @property
    def kept(self) -> Any:
        """What stands in the run's own row."""
        return None if self.attached else self.value


def check_data(value: Any, settings: Settings, *, field: str) -> Any:
    """A run's question or answer: any JSON within `Settings.run_bytes`."""
    if value is not None:
        check_json(value, field=field, most_bytes=settings.run_bytes, most_depth=settings.metadata_depth)
    return value


def check_part(value: Any, settings: Settings, *, part: Part) -> Given:
    """A run's input or output: any JSON within `Settings.run_attachment_bytes`. Raises `InvalidInput`."""
    if value is None:
        return Given(part, None, None, attached=False)
    size = check_json(value, field=part, most_bytes=settings.run_attachment_bytes, most_depth=settings.metadata_depth)
    return Given(part, value, size, attached=size > settings.run_bytes)


def check_external(value: object, *, field: str) -> str:
    """An id of an outside system."""
    return check_name(value, field=field, most_chars=EXTERNAL_CHARS)


def check_error(value: object) -> str | None:
    """Why a run ended in an error."""
    return None if value is None else check_text(value, field="error", most_bytes=ERROR_BYTES)


def check_attempt(value: object) -> int:
    """Which attempt it is, from 1."""
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= ATTEMPTS:
        raise InvalidInput(f"attempt: {value!r:.40} is not a whole number from 1 to {ATTEMPTS:,}", field="attempt")
    return value


def check_period(since: datetime, until: datetime) -> tuple[datetime, datetime]:
    """From `since`, and before `until`."""
    begin, end = as_utc(since, field="since"), as_utc(until, field="until")
    if begin >= end:
        raise InvalidInput(f"until: {end:%Y-%m-%dT%H:%M:%SZ} is not after since", field="until")
    return begin, end


def check_flag(value: Any, field: str) -> bool | None:
    """True or false, if it is given."""
    if value is not None and not isinstance(value, bool):
        raise InvalidInput(f"{field}: {value!r:.40} is neither true nor false", field=field)
    return value
