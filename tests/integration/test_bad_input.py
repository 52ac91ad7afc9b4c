"""Bad input: each a named error, and nothing written."""

from datetime import UTC, datetime

import pytest

from holdfast import HoldfastError, NewMessage

pytestmark = pytest.mark.thorough(on="postgresql")  # it is refused before a database sees it

LONE = "\ud800"
DEEP = {"a": 1}
for _ in range(20):
    DEEP = {"a": DEEP}
LOOP = {}
LOOP["loop"] = LOOP


class Text(str):
    """Text of a class of the caller's own is text."""


DOCUMENTS = {
    "not an object": ["list"],
    "text": "text",
    "number": 5,
    "an object of ours": object(),
    "a value that is no json": {"a": object()},
    "bytes": {"a": b"bytes"},
    "a set": {"a": {1, 2}},
    "a date": {"a": datetime(2026, 1, 1, tzinfo=UTC)},
    "a key that is no text": {1: "a"},
    "an inner key that is no text": {"a": [{None: 1}]},
    "nan": {"a": float("nan")},
    "infinity": {"a": [float("-inf")]},
    "nul": {"a": "b\0c"},
    "nul in a key": {"a\0": 1},
    "lone surrogate": {"a": LONE},
    "lone surrogate in a key": {"a": {LONE: 1}},
    "too deep": DEEP,
    "without an end": LOOP,
    "too large": {"a": "x" * 65_536},
    "many members": {str(n): n for n in range(20_000)},
    "a number of five thousand digits": {"a": 10**5000},
}
CONTENTS = {
    "empty": ("", "empty_message"),
    "only spaces": (" \n\t", "empty_message"),
    "nul": ("a\0b", "invalid_input"),
    "lone surrogate": (f"a{LONE}", "invalid_input"),
    "too long": ("x" * (1024 * 1024 + 1), "invalid_input"),
    "too long in bytes": ("ä" * (512 * 1024 + 1), "invalid_input"),
    "none": (None, "invalid_input"),
    "bytes": (b"x", "invalid_input"),
    "number": (5, "invalid_input"),
}
PARTS = {
    "text": "text",
    "bytes": b"x",
    "an object": {"type": "text"},
    "without a type": [{"text": "x"}],
    "an empty type": [{"type": "", "text": "x"}],
    "a type that is no text": [{"type": 5}],
    "not objects": ["text"],
    "nul": [{"type": "text", "text": "\0"}],
    "lone surrogate": [{"type": "text", "text": LONE}],
    "nan": [{"type": "card", "n": float("nan")}],
    "too deep": [{"type": "card", "body": DEEP}],
    "too large": [{"type": "text", "text": "x" * (1024 * 1024)}],
    "a generator": (part for part in ()),
}
MESSAGES = {
    **{f"role {role!r}": ({"role": role, "content": "x"}, "invalid_input") for role in
       ("robot", "User", "", None, 5, "user\0", LONE, ["user"])},
    **{f"content {name}": ({"role": "user", "content": value}, code) for name, (value, code) in CONTENTS.items()},
    **{f"parts {name}": ({"role": "user", "content": "x", "parts": value}, "invalid_input")
       for name, value in PARTS.items()},
    **{f"metadata {name}": ({"role": "user", "content": "x", "metadata": value}, "invalid_input")
       for name, value in DOCUMENTS.items()},
    **{f"request id {value!r:.20}": ({"role": "user", "content": "x", "request_id": value}, "invalid_input")
       for value in ("", "a\0b", LONE, "x" * 201, 5, b"r")},
    "no parts and no content": ({"role": "user", "parts": []}, "empty_message"),
}  # fmt: skip


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


@pytest.mark.parametrize("case", MESSAGES)
def test_a_message_that_cannot_be_stored(sync_store, case):
    amina = sync_store.tenant("acme").user("amina@acme.test")
    chat = amina.conversations.create()
    amina.conversations.append(chat.id, role="user", content="first")
    given, code = MESSAGES[case]
    refused(code, amina.conversations.append, chat.id, **given)
    nothing_written(amina, chat)
    good = NewMessage(role="user", content="good")
    refused(code, amina.conversations.append_many, chat.id, [good, NewMessage(**given)])
    nothing_written(amina, chat)


def test_an_error_names_the_field_and_not_what_was_said(amina, chat):
    error = refused("invalid_input", amina.conversations.append, chat.id, role="user", content="my secret\0")
    assert error.field == "content"
    assert "secret" not in str(error)
    error = refused(
        "invalid_input", amina.conversations.append, chat.id, role="user", content="x", metadata={"k": [LONE]}
    )
    assert error.field == "metadata"
    assert "U+D800" in str(error)


@pytest.mark.parametrize("case", DOCUMENTS)
def test_metadata_that_cannot_be_stored(sync_store, case):
    amina = sync_store.tenant("acme").user("amina@acme.test")
    chat = amina.conversations.create(metadata={"a": 1})
    for call in (
        lambda: amina.conversations.create(metadata=DOCUMENTS[case]),
        lambda: amina.conversations.edit(chat.id, metadata=DOCUMENTS[case]),
        lambda: amina.conversations.list(metadata=DOCUMENTS[case]),
    ):
        assert refused("invalid_input", call).field == "metadata"
    assert amina.conversations.list().items == (chat,)


def test_a_title_or_tags_that_cannot_be_stored(amina, chat):
    before = amina.conversations.get(chat.id)
    for title in ("", "  ", "a\0b", LONE, "x" * 501, 5, b"x"):
        refused("invalid_input", amina.conversations.create, title=title)
        refused("invalid_input", amina.conversations.edit, chat.id, title=title)
        refused("invalid_input", amina.conversations.fork, chat.id, at=1, title=title)
    for tags in ("text", ["a", ""], ["a\0"], [LONE], [5], [None], ["x" * 501], [str(n) for n in range(51)], 5):
        refused("invalid_input", amina.conversations.create, tags=tags)
        refused("invalid_input", amina.conversations.edit, chat.id, tags=tags)
    assert amina.conversations.list().items == (before,)


def test_more_messages_than_a_batch_takes(amina, chat):
    many = [NewMessage(role="user", content="x")] * 10_001
    assert "10,001, the limit is 10,000" in str(
        refused("invalid_input", amina.conversations.append_many, chat.id, many)
    )
    nothing_written(amina, chat)


def test_what_is_no_list_of_messages(amina, chat):
    for messages in (["text"], [{"role": "user", "content": "x"}], [None], 5, None):
        refused("invalid_input", amina.conversations.append_many, chat.id, messages)
    nothing_written(amina, chat)


def test_what_is_at_the_limit_is_taken_whole(amina):
    chat = amina.conversations.create(title="ä" * 500, tags=[str(n) for n in range(50)])
    said = amina.conversations.append(
        chat.id, role="user", content="ä" * (512 * 1024), metadata={"a": "x" * (65_536 - 8)}, request_id="r" * 200
    )
    assert amina.conversations.last(chat.id) == [said]
    assert amina.conversations.verify(chat.id).ok


def test_unusual_text_comes_back_as_it_was(amina):
    texts = (
        "\x01\x1b[31m",
        "a\r\nb\tc",
        "\ufeff",
        "🏳️‍🌈 👩‍👩‍👧",
        "\u202eright",
        "e\u0301",
        "\U0010ffff",
        "\\x00 \\u0000 %s $1 {}",
        Text("own"),
    )
    chat = amina.conversations.create(metadata={text: text for text in texts})
    for text in texts:
        amina.conversations.append(chat.id, role="user", content=text, parts=[{"type": "text", "text": text}])
    said = amina.conversations.last(chat.id)
    assert [m.content for m in said] == list(texts)
    assert [m.parts[0]["text"] for m in said] == list(texts)
    assert amina.conversations.get(chat.id).metadata == {text: text for text in texts}
    assert amina.conversations.verify(chat.id).ok
