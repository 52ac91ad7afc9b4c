"""Cursors: bound to their question, and refused when they are anything else."""

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.core.errors import InvalidInput
from holdfast.core.pages import InvalidCursor, check_limit, decode_cursor, encode_cursor

QUESTION = ("conversations.list", "tenant", "actor", "filter")
JSON = st.one_of(st.integers(), st.text(), st.none(), st.booleans())


@given(st.lists(JSON, max_size=4), st.tuples(st.text(), st.text()))
def test_a_cursor_gives_back_its_position(position, question):
    cursor = encode_cursor(question, position)
    assert decode_cursor(question, cursor, length=len(position)) == position
    assert cursor.isascii() and "=" not in cursor and "/" not in cursor and "+" not in cursor


@given(st.tuples(st.text(), st.text()), st.tuples(st.text(), st.text()))
def test_a_cursor_of_another_question_is_refused(one, other):
    cursor = encode_cursor(one, [1])
    if one != other:
        with pytest.raises(InvalidCursor):
            decode_cursor(other, cursor, length=1)


@given(st.text(max_size=60))
def test_any_other_text_is_refused(text):
    with pytest.raises(InvalidCursor, match="start again without a cursor") as caught:
        decode_cursor(QUESTION, text, length=1)
    assert (caught.value.code, caught.value.field, caught.value.status) == ("invalid_cursor", "cursor", 422)


@given(st.data())
def test_a_changed_cursor_is_refused_or_says_the_same_question(data):
    cursor = encode_cursor(QUESTION, [123456789])
    at = data.draw(st.integers(0, 15))
    changed = cursor[:at] + ("A" if cursor[at] != "A" else "B") + cursor[at + 1 :]
    with pytest.raises(InvalidCursor):
        decode_cursor(QUESTION, changed, length=1)


@pytest.mark.parametrize("body", [[], {}, "x", 5, None, [["deep"]], [None, 1], "[" * 100_000])
def test_json_that_is_no_cursor_is_refused(body):
    text = body if isinstance(body, str) and body.startswith("[[") else json.dumps(body)
    with pytest.raises(InvalidCursor):
        decode_cursor(QUESTION, base64.urlsafe_b64encode(text.encode()).decode(), length=1)


def test_a_cursor_of_another_length_is_refused():
    cursor = encode_cursor(QUESTION, [1, 2])
    for length in (0, 1, 3):
        with pytest.raises(InvalidCursor):
            decode_cursor(QUESTION, cursor, length=length)


@pytest.mark.parametrize("limit", [1, 2, 199, 200])
def test_a_limit_within_bounds_is_taken(limit):
    assert check_limit(limit, 200) == limit


@pytest.mark.parametrize("limit", [0, -1, 201, 10**6, 2**70, True, False, 1.0, "5", None, [1]])
def test_any_other_limit_is_refused(limit):
    with pytest.raises(InvalidInput, match="n: .* is not a whole number from 1 to 200") as caught:
        check_limit(limit, 200, field="n")
    assert caught.value.field == "n"
