"""Bad identifiers, counts, times, filters and cursors: each a named error, and nothing written."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from holdfast import HoldfastError, NewMessage

LONE = "\ud800"
IDS = ("", "not-an-id", "123", 5, None, b"x" * 16, [], "0" * 33, LONE, "a\0b", "'; DROP TABLE messages; --")
COUNTS = (0, -1, True, False, 1_000_000, 2**70, 1.5, "5", None)


@pytest.fixture
def chat(amina):
    made = amina.conversations.create(title="Loan", metadata={"a": 1})
    amina.conversations.append(made.id, role="user", content="first")
    return made


def refused(code, call, *args, **kwargs):
    with pytest.raises(HoldfastError) as caught:
        call(*args, **kwargs)
    assert caught.value.code == code, str(caught.value)
    assert 400 <= caught.value.status < 500
    assert len(str(caught.value)) < 500
    return caught.value


def nothing_written(amina, chat):
    assert amina.conversations.get(chat.id).message_count == 1
    assert [m.content for m in amina.conversations.last(chat.id)] == ["first"]
    assert amina.conversations.verify(chat.id).ok


def test_a_filter_that_is_none(amina, chat):
    for status in ("active", "GONE", "", 5, ["ACTIVE"]):
        refused("invalid_input", amina.conversations.list, status=status)
    for tag in ("a\0b", LONE, 5, b"t", ["t"]):
        refused("invalid_input", amina.conversations.list, tag=tag)


def test_an_identifier_that_is_none(amina, chat):
    c = amina.conversations
    for value in IDS:
        for call in (
            lambda v=value: c.get(v),
            lambda v=value: c.append(v, role="user", content="x"),
            lambda v=value: c.last(v),
            lambda v=value: c.delete(v),
            lambda v=value: c.message(v),
            lambda v=value: c.rate(v, 1),
            lambda v=value: c.create(keep_visible=[v]),
        ):
            refused("invalid_input", call)
        if value is not None:
            refused("invalid_input", c.create, workspace=value)
            refused("invalid_input", c.list, workspace=value)
            refused("invalid_input", c.list, owner=value)
            refused("invalid_input", c.search, "first", conversation=value)
    nothing_written(amina, chat)
    assert len(c.list().items) == 1


def test_a_count_that_is_none(amina, chat):
    c = amina.conversations
    for value in COUNTS:
        for name, call in {
            "n": lambda v=value: c.last(chat.id, v),
            "limit": lambda v=value: c.list(limit=v),
            "limit ": lambda v=value: c.messages(chat.id, limit=v),
            "limit  ": lambda v=value: c.search("first", limit=v),
            "limit   ": lambda v=value: c.between(chat.id, chat.created_at, limit=v),
            "last": lambda v=value: c.context(chat.id, last=v),
        }.items():
            assert refused("invalid_input", call).field == name.strip()
        if value != 1_000_000:
            assert refused("invalid_input", c.context, chat.id, max_tokens=value).field == "max_tokens"


def test_a_time_that_is_none(amina, chat):
    c = amina.conversations
    far = datetime.max.replace(tzinfo=timezone(-timedelta(hours=12)))
    for moment in (datetime(2026, 1, 1), "2026-01-01", 5, None, far):
        assert refused("invalid_input", c.between, chat.id, moment).field == "since"
        if moment is not None:
            assert refused("invalid_input", c.between, chat.id, chat.created_at, moment).field == "until"
            new = NewMessage(role="user", content="x", created_at=moment)
            assert refused("invalid_input", c.append_many, chat.id, [new]).field == "created_at"
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    new = NewMessage(role="user", content="x", created_at=tomorrow)
    assert "has not come yet" in str(refused("invalid_input", c.append_many, chat.id, [new]))
    nothing_written(amina, chat)


def test_a_damaged_cursor(amina, chat):
    for _ in range(3):
        amina.conversations.create()
    good = amina.conversations.list(limit=1).next
    damaged = (good[:-4], good[4:], good.swapcase(), good + "AAAA", "", "=", "a", "not a cursor", "ä", LONE, "\0", 5,
               b"x", "W10", "bnVsbA", "WyJ4Il0", "9" * 10_000, [good])  # fmt: skip
    for cursor in damaged:
        refused("invalid_cursor", amina.conversations.list, limit=1, cursor=cursor)
        refused("invalid_cursor", amina.conversations.messages, chat.id, cursor=cursor)
