"""An INSERT of many rows as one statement: which statements become one, and where their parameters go."""

import pytest

from holdfast.core.database.postgres_cursor import _many_rows


def test_rows_and_their_parameters_are_repeated():
    made = _many_rows("INSERT INTO t (a, b) VALUES ($1, lower($2::VARCHAR)) ON CONFLICT (a) DO NOTHING", 30)
    assert made is not None
    assert made.startswith("INSERT INTO t (a, b) VALUES ($1, lower($2::VARCHAR)), ($3, lower($4::VARCHAR)), (")
    assert made.endswith("($59, lower($60::VARCHAR)) ON CONFLICT (a) DO NOTHING")


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE t SET a = $1",
        "INSERT INTO t (a) SELECT $1",
        "INSERT INTO t (a) VALUES ($1) ON CONFLICT (a) DO UPDATE SET b = $2",
    ],
)
def test_what_cannot_be_repeated_is_left_alone(statement):
    assert _many_rows(statement, 3) is None
