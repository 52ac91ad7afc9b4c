"""API keys and session tokens: their form, and what a typing error costs."""

import re

import pytest

from holdfast.domains.identity.tokens import digest_of, kind_of, new_token


@pytest.mark.parametrize(("kind", "form"), [("api_key", r"hf_[0-9A-Za-z]{36}"), ("session", r"hs_[0-9A-Za-z]{36}")])
def test_a_token_says_what_it_is_and_no_two_are_alike(kind, form):
    made = {new_token(kind) for _ in range(1_000)}
    assert len(made) == 1_000
    assert all(re.fullmatch(form, token) and kind_of(token) == kind for token in made)
    assert len({digest_of(token) for token in made}) == 1_000


def test_every_slip_of_one_character_is_noticed():
    token = new_token("api_key")
    for at in range(len(token)):
        for other in "0Az_-é":
            slipped = token[:at] + other + token[at + 1 :]
            assert slipped == token or kind_of(slipped) is None


def test_a_token_of_one_kind_is_none_of_the_other():
    assert kind_of("hs_" + new_token("api_key")[3:]) is None


@pytest.mark.parametrize("nonsense", ["", "hf_", None, 5, b"hf_", "x" * 39, "hf_" + "é" * 36, "\0" * 39, "hf_" * 1_000])
def test_anything_else_is_no_token(nonsense):
    assert kind_of(nonsense) is None
