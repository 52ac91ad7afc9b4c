"""Time as Holdfast keeps it: aware, UTC, to the microsecond."""

from datetime import UTC, datetime, timedelta

from holdfast.core.errors import InvalidInput

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def now() -> datetime:
    """The present moment."""
    return datetime.now(UTC)


def as_utc(value: datetime, *, field: str) -> datetime:
    """`value` in UTC. Raises `InvalidInput` for a time without a zone: guessing one would shift it silently."""
    if not isinstance(value, datetime) or value.tzinfo is None:
        raise InvalidInput(f"{field}: {value!r:.80} has no time zone; give an aware datetime", field=field)
    try:
        return value.astimezone(UTC)
    except OverflowError as error:
        raise InvalidInput(f"{field}: {value!r:.80} is beyond the calendar", field=field) from error


def as_happened(value: datetime, *, field: str, ahead: timedelta, moment: datetime | None = None) -> datetime:
    """A moment in UTC that has been: not before 2000, nor more than `ahead` of this machine's clock, `moment`.

    Raises `InvalidInput`.
    """
    at, here = as_utc(value, field=field), moment or now()
    if at > here + ahead:
        raise InvalidInput(
            f"{field}: {at:%Y-%m-%dT%H:%M:%SZ} has not been yet by this machine's clock, {here:%Y-%m-%dT%H:%M:%SZ}; "
            "set the clocks right",
            field=field,
        )
    if at.year < 2000:
        raise InvalidInput(f"{field}: {at:%Y-%m-%dT%H:%M:%SZ} is before 2000; set the clocks right", field=field)
    return at


def to_microseconds(value: datetime) -> int:
    """Microseconds since 1970-01-01 UTC: how SQLite keeps a time, and how a hash covers one."""
    return (value - EPOCH) // _MICROSECOND


def from_microseconds(value: int) -> datetime:
    """The inverse of `to_microseconds`."""
    return EPOCH + timedelta(microseconds=value)
