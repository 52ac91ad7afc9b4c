"""Codes keep the order of values, and give them back."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.domains.records.values import NO_VALUE, after, beginnings, code_of, value_of

numbers = st.integers(-(2**63) + 1, 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False)
texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))


@given(numbers, numbers)
def test_numbers_of_both_kinds_are_in_their_exact_order(one, other):
    assert (code_of(one) < code_of(other)) == (one < other)
    assert (code_of(one) == code_of(other)) == (one == other)


@given(texts, texts)
def test_texts_are_in_the_order_of_their_code_points(one, other):
    assert (code_of(one) < code_of(other)) == (one < other)
    first, end = beginnings(one)
    assert (first <= code_of(other) < end) == other.startswith(one)


@given(numbers | texts | st.booleans() | st.none())
def test_a_code_gives_its_value_back(value):
    assert value_of(code_of(value)) == value
    assert code_of(value) < after(code_of(value))


def test_kinds_never_mix_and_no_value_is_last():
    kinds = [code_of(True), code_of(1e308), code_of("\U0010ffff" * 9), NO_VALUE]
    assert kinds == sorted(kinds)
    assert [value_of(code) for code in kinds] == [True, 1e308, "\U0010ffff" * 9, None]
    assert code_of(-0.0) == code_of(0)


@pytest.mark.parametrize("value", [2**53 + 1, -(2**53) - 1, 2**63 - 1, 0.1, math.pi])
def test_what_a_double_alone_would_round_stays_apart(value):
    assert value_of(code_of(value)) == value
