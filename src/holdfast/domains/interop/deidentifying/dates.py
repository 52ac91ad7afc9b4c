"""A date or time, so many days later, written as it was."""

import re
from datetime import date, timedelta

_WRITTEN = (
    ("%Y%m%d", re.compile(r"(?P<Y>\d{4})(?P<m>\d{2})(?P<d>\d{2})(?=\d{2}|\D|$)")),
    ("%Y-%m-%d", re.compile(r"(?P<Y>\d{4})-(?P<m>\d{2})-(?P<d>\d{2})(?=\D|$)")),
    ("%Y/%m/%d", re.compile(r"(?P<Y>\d{4})/(?P<m>\d{2})/(?P<d>\d{2})(?=\D|$)")),
    ("%d.%m.%Y", re.compile(r"(?P<d>\d{2})\.(?P<m>\d{2})\.(?P<Y>\d{4})(?=\D|$)")),
)
_TIME_ALONE = re.compile(r"\d{2}(:?\d{2}){1,2}(\.\d+)?([+-]\d{4})?")
_YEAR_AND_MONTH = re.compile(r"\d{4}(\d{2})?")


def shifted(value: str, days: int) -> str | None:
    """The same with its day moved; its time of day stays. None for what is written in another way."""
    for form, pattern in _WRITTEN:
        found = pattern.match(value)
        if found is None:
            continue
        try:
            day = date(int(found["Y"]), int(found["m"]), int(found["d"])) + timedelta(days=days)
        except (ValueError, OverflowError):
            return None
        return _spelled(day, form) + value[found.end() :]
    return None


def is_time(value: str) -> bool:
    """Whether it is a time of day alone, which says nothing of anybody."""
    return _TIME_ALONE.fullmatch(value) is not None and not _YEAR_AND_MONTH.fullmatch(value)


def _spelled(day: date, form: str) -> str:
    return form.replace("%Y", f"{day.year:04}").replace("%m", f"{day.month:02}").replace("%d", f"{day.day:02}")
