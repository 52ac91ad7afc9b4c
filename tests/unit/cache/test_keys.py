"""No two places read the same, whatever characters are in them."""

from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.core.cache.keys import EVERYBODY, TAGS, Tokens, address, check_tags
from holdfast.core.errors import InvalidInput

TOKENS = Tokens(b"secret")
_REALMS = st.sampled_from([EVERYBODY, UUID(int=1).bytes, UUID(int=2).bytes, b"holdfast" + EVERYBODY])
_PARTS = st.text(st.sampled_from("a1:|\0/\\{}*,[]\ud800é"), min_size=1, max_size=4)
_KEYS = st.recursive(
    _PARTS | st.integers(-2, 300) | st.sampled_from([UUID(int=1), UUID(int=49)]),
    lambda inner: st.lists(inner, max_size=2).map(tuple),
    max_leaves=3,
)
_PLACES = st.tuples(_REALMS, _PARTS, _KEYS, st.lists(_PARTS, max_size=2).map(tuple))


@given(_PLACES, _PLACES)
def test_two_places_have_the_same_address_and_token_only_if_they_are_one(one, other):
    first, second = address(*one), address(*other)
    assert (first == second) == (repr(one) == repr(other))
    assert (TOKENS.value(first) == TOKENS.value(second)) == (first == second)


@given(_PLACES, _PARTS, _PARTS)
def test_tokens_of_different_kinds_never_meet(place, name, tag):
    at = address(*place)
    kinds = [TOKENS.value(at), TOKENS.family(at.realm, name), TOKENS.realm(at.realm), TOKENS.tag(at.realm, tag)]
    kinds.append(TOKENS.variants(at))
    assert len(set(kinds)) == len(kinds)


def test_tokens_depend_on_the_store():
    at = address(EVERYBODY, "n", "k", ())
    assert Tokens(b"one").value(at) != Tokens(b"other").value(at)
    assert Tokens(b"one").store != Tokens(b"other").store


@pytest.mark.parametrize(
    "key", [None, True, 1.0, b"k", [], {}, object(), (1, None), (True,)], ids=lambda key: type(key).__name__
)
def test_what_is_no_key_is_refused(key):
    with pytest.raises(InvalidInput, match="is no key") as refused:
        address(EVERYBODY, "n", key, ())
    assert refused.value.field == "key"


@pytest.mark.parametrize("name", ["", None, 1, b"n", "x" * 10_001], ids=lambda name: repr(name)[:10])
def test_what_is_no_name_is_refused(name):
    with pytest.raises(InvalidInput) as refused:
        address(EVERYBODY, name, "k", ())
    assert refused.value.field == "name"


@pytest.mark.parametrize(
    "tags", ["tag", [""], [1], ["x"] * (TAGS + 1), [uuid4()]], ids=["text", "empty", "number", "many", "uuid"]
)
def test_what_are_no_tags_is_refused(tags):
    with pytest.raises(InvalidInput) as refused:
        check_tags(tags)
    assert refused.value.field == "tags"
