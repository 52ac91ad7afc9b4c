"""What a driver's rows become."""

from dataclasses import dataclass

import pytest

from holdfast.core.database.rows import row_maker


@dataclass(frozen=True)
class Thing:
    """A row."""

    name: str
    digest: str | None = None
    count: int = 7


@pytest.mark.parametrize("digest", [b"\x01", None])
def test_rows_fill_a_dataclass_whose_other_fields_keep_their_default(digest):
    made = row_maker(["digest", "name"], [bytes.hex, None], Thing)([(digest, "a"), [digest, "b"]])
    wanted = None if digest is None else "01"
    assert made == [Thing("a", wanted), Thing("b", wanted)]


def test_without_a_dataclass_they_are_tuples_also_of_one_column_and_of_none():
    assert row_maker(["n", "m"], [str, None], None)([(1, 2), (None, 3)]) == [("1", 2), (None, 3)]
    assert row_maker(["n"], [None], None)([(1,)]) == [(1,)]
    assert row_maker([], [], None)([]) == []


def test_a_name_is_spelled_and_never_run():
    name = "x': print('run'), 'y"
    with pytest.raises(TypeError, match="no field"):
        row_maker([name], [None], Thing)
    assert row_maker([name], [None], None)([(1,)]) == [(1,)]


@pytest.mark.parametrize("into", [int, tuple])
def test_what_is_no_dataclass_is_refused(into):
    with pytest.raises(TypeError, match="not a dataclass"):
        row_maker(["n"], [None], into)
