"""Cron lines: when they struck last, and which are none."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.core.errors import InvalidInput
from holdfast.core.jobs.cron import Cron


def at(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("line", "moment", "latest"),
    [
        ("* * * * *", "2026-03-01T10:07:59", "2026-03-01T10:07"),
        ("0 * * * *", "2026-03-01T10:00", "2026-03-01T10:00"),
        ("0 * * * *", "2026-03-01T09:59:59", "2026-03-01T09:00"),
        ("30 2 * * *", "2026-03-01T02:29", "2026-02-28T02:30"),
        ("*/15 8-17 * * 1-5", "2026-03-01T12:00", "2026-02-27T17:45"),  # a Sunday: Friday's last
        ("5,35 0 1 * *", "2026-03-15T00:00", "2026-03-01T00:35"),
        ("0 0 * * 7", "2026-03-03T00:00", "2026-03-01T00:00"),
        ("0 0 * * 0", "2026-03-03T00:00", "2026-03-01T00:00"),
        ("0 0 29 2 *", "2027-01-01T00:00", "2024-02-29T00:00"),
        ("0 0 13 * 5", "2026-03-12T00:00", "2026-03-06T00:00"),  # either kind of day will do
        ("10/20 * * * *", "2026-03-01T10:55", "2026-03-01T10:50"),
        ("0 0 31 12 *", "2026-12-30T23:59", "2025-12-31T00:00"),
    ],
)
def test_when_a_line_struck_last(line, moment, latest):
    assert Cron.parse(line).latest(at(moment)) == at(latest)


@pytest.mark.parametrize(
    "line",
    ["", "* * * *", "* * * * * *", "60 * * * *", "* 24 * * *", "* * 0 * *", "* * * 13 *", "* * * * 8", "a * * * *",
     "5-1 * * * *", "*/0 * * * *", "1,,2 * * * *", "-1 * * * *", "0 0 30 2 *", None, 5],
)  # fmt: skip
def test_what_is_no_line_is_refused(line):
    with pytest.raises(InvalidInput, match="cron: "):
        Cron.parse(line)


_days = st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1)).map(lambda moment: moment.replace(tzinfo=UTC))


@given(moment=_days, minute=st.integers(0, 59), hour=st.integers(0, 23), step=st.integers(1, 30))
def test_it_agrees_with_looking_at_every_minute(moment, minute, hour, step):
    for line, strikes in (
        (f"{minute} {hour} * * *", lambda at: (at.minute, at.hour) == (minute, hour)),
        (f"*/{step} * * * *", lambda at: at.minute % step == 0),
    ):
        looked = moment.replace(second=0, microsecond=0)
        while not strikes(looked):
            looked -= timedelta(minutes=1)
        assert Cron.parse(line).latest(moment) == looked
