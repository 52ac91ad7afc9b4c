"""Checks of input: anything is either stored and read back equal, or refused with a named error."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlcipher3 import dbapi2 as sqlcipher

from holdfast.core.database.types import dump_json, load_json
from holdfast.core.errors import InvalidInput
from holdfast.core.inputs import check_choice, check_document, check_json, check_name, check_text

LIMITS = {"field": "metadata", "most_bytes": 5_000, "most_depth": 8}
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.binary(max_size=3)
    | st.dates()
    | st.complex_numbers()
)
ANYTHING = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.tuples(inner, inner)
        | st.dictionaries(st.text() | st.integers(), inner, max_size=4)
    ),
    max_leaves=20,
)


@given(st.dictionaries(st.text(), ANYTHING, max_size=5))
def test_a_document_is_stored_and_read_back_equal_or_refused(value):
    try:
        document = check_document(value, **LIMITS)
    except InvalidInput as error:
        assert error.field == "metadata"
        assert str(error).startswith("metadata")
        return
    spelled = dump_json(document)
    assert len(spelled.encode()) <= LIMITS["most_bytes"]
    assert _as_json(load_json(spelled)) == _as_json(value)
    assert "\0" not in spelled
    connection = sqlcipher.connect(":memory:")
    try:
        assert connection.execute("SELECT ?, json_valid(?)", (spelled, spelled)).fetchone() == (spelled, 1)
    finally:
        connection.close()


def _as_json(value):
    """Tuples are lists to JSON."""
    if isinstance(value, dict):
        return {key: _as_json(inner) for key, inner in value.items()}
    return [_as_json(inner) for inner in value] if isinstance(value, (list, tuple)) else value


@given(st.text())
def test_a_text_is_itself_or_refused(value):
    storable = "\0" not in value and not any(0xD800 <= ord(c) < 0xE000 for c in value)
    try:
        assert check_text(value, field="content", most_bytes=1000) is value
        assert storable
        assert len(value.encode()) <= 1000
    except InvalidInput as error:
        assert error.field == "content"
        assert not storable or len(value.encode()) > 1000


@given(st.text())
def test_a_name_says_something_within_its_length(value):
    try:
        name = check_name(value, field="title", most_chars=20)
    except InvalidInput as error:
        assert error.field == "title"
    else:
        assert name == value and name.strip() and len(name) <= 20


def test_a_text_at_its_limit_is_taken_and_one_byte_more_is_not():
    assert check_text("ä" * 500, field="x", most_bytes=1000)
    with pytest.raises(InvalidInput, match="x: 1,001 bytes, the limit is 1,000"):
        check_text("ä" * 500 + "a", field="x", most_bytes=1000)


def test_a_document_at_its_limits_is_taken():
    deep = {}
    for _ in range(7):
        deep = {"a": deep}
    assert check_document(deep, **LIMITS) == deep
    with pytest.raises(InvalidInput, match="nested too deeply"):
        check_document({"a": {"a": deep}}, **LIMITS)
    assert check_json("x" * 4998, **LIMITS) == 5000
    with pytest.raises(InvalidInput, match="5,001 bytes of JSON, the limit is 5,000"):
        check_json("x" * 4999, **LIMITS)


def test_a_document_is_a_copy_whose_members_are_the_callers():
    given_document = {"a": 1}
    checked = check_document(given_document, **LIMITS)
    given_document["b"] = 2
    assert checked == {"a": 1}
    assert check_document(None, **LIMITS) == check_document({}, **LIMITS) == {}


def test_an_error_shows_the_place_and_not_the_value():
    with pytest.raises(InvalidInput, match=r"^metadata\.customer\.1\.iban: NUL in a text") as caught:
        check_document({"customer": [0, {"iban": "DE89 3704\0"}]}, **LIMITS)
    assert "DE89" not in str(caught.value)
    assert caught.value.field == "metadata"
    with pytest.raises(InvalidInput, match=r"lone surrogate U\+DC80 at character 6") as caught:
        check_text("secret\udc80", field="content", most_bytes=100)
    assert "secret" not in str(caught.value)


def test_a_number_of_more_digits_than_can_be_read_back_is_refused():
    with pytest.raises(InvalidInput, match=r"^metadata"):
        check_document({"a": 10**4500}, **LIMITS)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), object(), b"x", {1, 2}, 1j, json])
def test_what_is_no_json_is_named_with_its_place(value):
    with pytest.raises(InvalidInput, match=r"^metadata\.a"):
        check_document({"a": value}, **LIMITS)


def test_a_choice_is_one_of_those_there_are():
    assert check_choice("b", ("a", "b"), field="x") == "b"
    for value in ("c", "", None, 1, ["a"]):
        with pytest.raises(InvalidInput, match="is not one of a, b"):
            check_choice(value, ("a", "b"), field="x")
