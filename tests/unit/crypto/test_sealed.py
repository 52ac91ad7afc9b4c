"""Sealed values and keyed hashes by themselves."""

import hashlib
import hmac
from uuid import UUID, uuid4

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st

from holdfast.core.crypto.errors import SecretUnreadable
from holdfast.core.crypto.sealed import key_id_of, keyed_hash, place, seal, unseal

KEY, ID = bytes(range(32)), uuid4()
TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
ROWS = st.lists(st.one_of(st.uuids(), TEXTS, st.integers()), max_size=3)
PLACES = st.tuples(st.uuids(), TEXTS, ROWS)


@given(TEXTS, PLACES)
def test_a_text_comes_back_at_its_place(text, where):
    blob = seal(ID, KEY, text, place(*where))
    assert key_id_of(blob, "t.c") == ID
    assert unseal(KEY, blob, place(*where), "t.c") == text


@given(PLACES, PLACES)
def test_no_two_places_read_the_same(one, other):
    assert (place(*one) == place(*other)) == (_kinds(one) == _kinds(other))


def _kinds(where):
    owner, label, row = where
    return owner, label, [(type(value), value) for value in row]


def test_it_opens_nowhere_else_and_under_no_other_key():
    blob = seal(ID, KEY, "heliotrope", place(ID, "t.c", ["a"]))
    for key, where in ((KEY, place(ID, "t.c", ["b"])), (bytes(32), place(ID, "t.c", ["a"])), (KEY, b"")):
        with pytest.raises(SecretUnreadable, match=r"the secret in t\.c under key") as caught:
            unseal(key, blob, where, "t.c")
        assert "heliotrope" not in str(caught.value) and caught.value.key_id == ID
        assert caught.value.__context__ is None or caught.value.__suppress_context__


def test_the_header_is_sealed_with_it():
    where = place(ID, "t.c", [])
    blob = seal(ID, KEY, "x", where)
    moved = blob[:1] + uuid4().bytes + blob[17:]
    with pytest.raises(SecretUnreadable):
        unseal(KEY, moved, where, "t.c")


def test_the_form_is_as_documented():
    where = place(UUID(int=1), "t.c", [UUID(int=2), "a", 3])
    blob = seal(ID, KEY, "x", where)
    assert blob[:17] == b"\x01" + ID.bytes
    assert AESGCM(KEY).decrypt(blob[17:29], blob[29:], blob[:17] + where) == b"x"
    parts = [UUID(int=1).bytes, b"t.c", b"u" + UUID(int=2).bytes, b"sa", b"i3"]
    assert where == b"".join(len(part).to_bytes(4, "big") + part for part in parts)


def test_a_row_is_known_by_identifiers_texts_and_numbers_only():
    with pytest.raises(TypeError, match="float"):
        place(ID, "t.c", [1.5])


def test_a_keyed_hash_depends_on_key_purpose_and_text():
    one = keyed_hash(KEY, "t.c", "a")
    assert one == hmac.new(KEY, b"t.c\0a", hashlib.sha256).digest()
    assert len({one, keyed_hash(bytes(32), "t.c", "a"), keyed_hash(KEY, "t.d", "a"), keyed_hash(KEY, "t.c", "b")}) == 4
