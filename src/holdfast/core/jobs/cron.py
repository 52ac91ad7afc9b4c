"""Five fields of cron, in UTC: minute, hour, day of the month, month, day of the week.

Written here because what is needed is small: the last time a line struck. A field is `*`, a number, a range `a-b`, any
with a step `/n`, or a list of these; days of the week are 0 to 7, Sunday both 0 and 7. As cron has it, where both kinds
of day are restricted either will do.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from holdfast.core.errors import InvalidInput

_FIELDS = (("minute", 0, 59), ("hour", 0, 23), ("day", 1, 31), ("month", 1, 12), ("weekday", 0, 7))
LONGEST = 366 * 8 + 1
"""Days: 29 February can be eight years away."""


@dataclass(frozen=True)
class Cron:
    """When a schedule strikes."""

    line: str
    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    either_day: bool
    """Both kinds of day are restricted."""

    @classmethod
    def parse(cls, line: str) -> "Cron":
        """Read a line. Raises `InvalidInput` for one that is none, or never strikes."""
        parts = line.split() if isinstance(line, str) else []
        if len(parts) != len(_FIELDS):
            raise InvalidInput(f"cron: {line!r:.80} has not five fields; '0 * * * *' is every hour", field="cron")
        minutes, hours, days, months, weekdays = (
            _values(part, *field, line) for part, field in zip(parts, _FIELDS, strict=True)
        )
        made = cls(
            line=line,
            minutes=tuple(sorted(minutes, reverse=True)),
            hours=tuple(sorted(hours, reverse=True)),
            days=frozenset(days),
            months=frozenset(months),
            weekdays=frozenset(day % 7 for day in weekdays),
            either_day=not parts[2].startswith("*") and not parts[4].startswith("*"),
        )
        if made.latest(datetime(2032, 3, 1, tzinfo=UTC)) is None:
            raise InvalidInput(f"cron: {line!r:.80} names a day that no month has", field="cron")
        return made

    def latest(self, moment: datetime) -> datetime | None:
        """The last time it struck, at `moment` or before."""
        minute = moment.astimezone(UTC).replace(second=0, microsecond=0)
        for back in range(LONGEST):
            day = minute.date() - timedelta(days=back)
            if not self._on(day.day, day.month, day.isoweekday() % 7):
                continue
            until = minute.time() if back == 0 else time(23, 59)
            for hour in self.hours:
                for number in self.minutes:
                    if time(hour, number) <= until:
                        return datetime.combine(day, time(hour, number), UTC)
        return None

    def _on(self, day: int, month: int, weekday: int) -> bool:
        of_month, of_week = day in self.days, weekday in self.weekdays
        return month in self.months and (of_month or of_week if self.either_day else of_month and of_week)


def _values(part: str, name: str, low: int, high: int, line: str) -> set[int]:
    found: set[int] = set()
    for piece in part.split(","):
        reach, stepped, step = piece.partition("/")
        first, ranged, last = reach.partition("-")
        try:
            start = low if reach == "*" else int(first)
            end = high if reach == "*" or (stepped and not ranged) else int(last) if ranged else start
            by = int(step) if stepped else 1
        except ValueError:
            start, end, by = 0, -1, 1
        if not (low <= start <= end <= high and by >= 1):
            raise InvalidInput(f"cron: {piece!r:.40} in {line!r:.80} is no {name} ({low}-{high})", field="cron")
        found |= set(range(start, end + 1, by))
    return found
