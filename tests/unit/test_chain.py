"""The hash chain: what it covers, and that nothing else gives the same hash."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.core.clock import from_microseconds, to_microseconds
from holdfast.domains.conversations.chain import content_digest, genesis, link

ID = UUID("01890000-0000-7000-8000-000000000001")
MOMENT = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8")),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(st.characters(codec="utf-8")), inner, max_size=3)
    ),
    max_leaves=8,
)


def test_the_hashes_are_these_for_good():
    """A release that computes others could not verify what an earlier one stored."""
    import hashlib
    import struct

    start = hashlib.sha256(ID.bytes).digest()
    assert genesis(ID) == start.hex()
    digest = hashlib.sha256(b"s" * 16 + struct.pack(">q", 3) + "ü!".encode() + struct.pack(">q", 0) + b"{}").hexdigest()
    assert content_digest(b"s" * 16, "ü!", None, {}) == digest
    parts = content_digest(b"s" * 16, "", [{"type": "text", "a": 1}], {"b": [1.5, None]})
    assert (
        parts
        == hashlib.sha256(
            b"s" * 16 + struct.pack(">q", 0) + struct.pack(">q", 23) + b'[{"a":1,"type":"text"}]' + b'{"b":[1.5,null]}'
        ).hexdigest()
    )
    expected = hashlib.sha256(
        start
        + struct.pack(">q", 1)
        + ID.bytes
        + b"user\0"
        + struct.pack(">q", to_microseconds(MOMENT))
        + bytes.fromhex(digest)
    )
    assert link(start.hex(), 1, ID, "user", MOMENT, digest) == expected.hexdigest()


@pytest.mark.parametrize("change", ["previous", "seq", "id", "role", "time", "digest"])
def test_each_thing_a_link_covers_changes_it(change):
    zero, one = "00" * 32, "01" * 32
    base = {"previous": zero, "seq": 1, "id": ID, "role": "user", "time": MOMENT, "digest": zero}
    other = {
        "previous": one,
        "seq": 2,
        "id": UUID(int=5),
        "role": "tool",
        "time": MOMENT + timedelta(microseconds=1),
        "digest": one,
    }
    assert link(*base.values()) != link(*(base | {change: other[change]}).values())


@given(st.binary(min_size=16, max_size=16), st.text(st.characters(codec="utf-8")), JSON, JSON)
def test_a_digest_depends_on_what_is_said_and_not_on_how_it_is_spelled(salt, content, parts, metadata):
    made = content_digest(salt, content, parts, metadata)
    assert made == content_digest(salt, content, _turned(parts), _turned(metadata))
    assert len(bytes.fromhex(made)) == 32
    assert made != content_digest(bytes(reversed(salt)) + b"x", content, parts, metadata)
    assert made != content_digest(salt, content + "x", parts, metadata)


def _turned(value):
    if isinstance(value, dict):
        return {key: _turned(value[key]) for key in reversed(value)}
    return [_turned(item) for item in value] if isinstance(value, list) else value


@given(
    st.text("ab{}[]", max_size=5),
    st.text("ab{}[]", max_size=5),
    st.sampled_from([None, [], [{}]]),
    st.sampled_from([None, [], [{}]]),
)
def test_content_and_parts_cannot_be_taken_for_one_another(one, other, parts, other_parts):
    same = (one, parts) == (other, other_parts)
    assert (content_digest(b"s", one, parts, {}) == content_digest(b"s", other, other_parts, {})) is same


@given(st.datetimes(timezones=st.just(UTC)))
def test_times_are_whole_microseconds_there_and_back(moment):
    assert from_microseconds(to_microseconds(moment)) == moment
