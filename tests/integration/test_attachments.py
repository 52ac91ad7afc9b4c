"""Attachments: kept once by digest, checked against their bytes, found in forks, shown by messages."""

import hashlib

import pytest

import holdfast
from holdfast import HoldfastError, NewMessage, Settings

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 20
WAV = b"RIFF\x24\0\0\0WAVEfmt " + b"\0" * 20
WEBP = b"RIFF\x24\0\0\0WEBPVP8 " + b"\0" * 20


@pytest.fixture
def chat(amina):
    return amina.conversations.create()


def test_a_file_is_kept_by_its_digest_byte_for_byte(amina, chat):
    data = bytes(range(256)) * 1000
    file = amina.conversations.attach(chat.id, data, name="Zürich ✓.bin", media_type="application/octet-stream")
    assert (file.digest, file.size) == (hashlib.sha256(data).hexdigest(), len(data))
    assert (file.name, file.media_type, file.conversation_id) == (
        "Zürich ✓.bin", "application/octet-stream", chat.id,
    )  # fmt: skip
    assert amina.conversations.attachment(chat.id, file.digest) == data


def test_the_same_bytes_are_kept_once_under_the_first_name(amina, chat):
    first = amina.conversations.attach(chat.id, b"x", name="first", media_type="text/plain")
    assert amina.conversations.attach(chat.id, b"x", name="second", media_type="text/plain") == first


def test_each_conversation_keeps_its_own(amina, chat):
    file = amina.conversations.attach(chat.id, b"x", name="a", media_type="text/plain")
    other = amina.conversations.create()
    with pytest.raises(HoldfastError, match="no attachment") as caught:
        amina.conversations.attachment(other.id, file.digest)
    assert caught.value.code == "attachment_not_found"
    assert amina.conversations.attach(other.id, b"x", name="b", media_type="text/plain").name == "b"


def test_a_message_shows_a_file_of_its_conversation(amina, chat):
    file = amina.conversations.attach(chat.id, PNG, name="a.png", media_type="image/png")
    said = amina.conversations.append(chat.id, role="user", content="see", parts=[file.part()])
    assert said.parts == [
        {"type": "attachment", "digest": file.digest, "name": "a.png", "media_type": "image/png", "size": len(PNG)}
    ]
    assert amina.conversations.last(chat.id) == [said]
    assert amina.conversations.verify(chat.id).ok


def test_a_message_cannot_show_a_file_that_is_not_there(amina, chat):
    elsewhere = amina.conversations.attach(
        amina.conversations.create().id, b"x", name="a", media_type="text/plain"
    ).part()
    for part in (
        elsewhere,
        {"type": "attachment"},
        {"type": "attachment", "digest": 5},
        {"type": "attachment", "digest": "0" * 64},
    ):
        for send in (
            lambda p=part: amina.conversations.append(chat.id, role="user", content="see", parts=[p]),
            lambda p=part: amina.conversations.append_many(
                chat.id, [NewMessage(role="user", content="a"), NewMessage(role="user", parts=[p])]
            ),
        ):
            with pytest.raises(HoldfastError, match="no attachment") as caught:
                send()
            assert caught.value.code == "attachment_not_found"
    assert amina.conversations.get(chat.id).message_count == 0


def test_a_fork_shows_the_files_of_the_shared_past(amina, chat):
    amina.conversations.append(chat.id, role="user", content="x")
    file = amina.conversations.attach(chat.id, b"shared", name="a", media_type="text/plain")
    fork = amina.conversations.fork(chat.id, at=1)
    assert amina.conversations.attachment(fork.id, file.digest) == b"shared"
    assert amina.conversations.append(fork.id, role="user", parts=[file.part()]).seq == 2
    own = amina.conversations.attach(fork.id, b"own", name="b", media_type="text/plain")
    with pytest.raises(HoldfastError, match="no attachment"):
        amina.conversations.attachment(chat.id, own.digest)


def test_a_digest_that_is_none_is_not_found(amina, chat):
    for digest in ("0" * 64, "", "xyz", "A" * 64, None, 5, "../../etc/passwd"):
        with pytest.raises(HoldfastError, match="no attachment") as caught:
            amina.conversations.attachment(chat.id, digest)
        assert (caught.value.code, caught.value.status) == ("attachment_not_found", 404)


TAKEN = {
    "image/png": PNG,
    "image/jpeg": b"\xff\xd8\xff\xe0rest",
    "image/gif": b"GIF89arest",
    "image/webp": WEBP,
    "application/pdf": b"%PDF-1.7",
    "application/zip": b"PK\x03\x04rest",
    "audio/wav": WAV,
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": b"PK\x03\x04rest",
    "text/plain": b"<html>",
}


@pytest.mark.parametrize("media_type", TAKEN)
def test_a_file_that_is_what_it_is_said_to_be_is_kept(sync_store, media_type):
    amina = sync_store.tenant("acme").user("amina@acme.test")
    chat = amina.conversations.create()
    file = amina.conversations.attach(chat.id, TAKEN[media_type], name="a", media_type=media_type)
    assert amina.conversations.attachment(chat.id, file.digest) == TAKEN[media_type]


REFUSED = {
    "empty": (b"", "text/plain"),
    "not bytes": ("text", "text/plain"),
    "no type": (b"x", ""),
    "type without a slash": (b"x", "png"),
    "type that is none": (b"x", None),
    "type with a line break": (b"x", "text/plain\nX-Header: 1"),
    "html": (b"<script>", "text/html"),
    "svg": (b"<svg/>", "image/svg+xml"),
    "script": (b"alert(1)", "text/javascript"),
    "not a png": (b"plain text", "image/png"),
    "a png called a jpeg": (PNG, "image/jpeg"),
    "a png called text": (PNG, "text/plain"),
    "a sound called a picture": (WAV, "image/webp"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_not_what_it_is_said_to_be_is_refused(sync_store, case):
    amina = sync_store.tenant("acme").user("amina@acme.test")
    chat = amina.conversations.create()
    data, media_type = REFUSED[case]
    with pytest.raises(HoldfastError, match="^data: ") as caught:
        amina.conversations.attach(chat.id, data, name="a", media_type=media_type)
    assert caught.value.code == "attachment_refused"
    if isinstance(data, bytes):
        with pytest.raises(HoldfastError, match="no attachment"):
            amina.conversations.attachment(chat.id, hashlib.sha256(data).hexdigest())


def test_a_name_is_text(amina, chat):
    for name in ("", "  ", None, "a\0b", "\ud800", "x" * 501):
        with pytest.raises(HoldfastError, match="name: ") as caught:
            amina.conversations.attach(chat.id, b"x", name=name, media_type="text/plain")
        assert caught.value.code == "invalid_input"


def test_the_limit_of_size_holds_to_the_byte(place):
    with holdfast.open(place.url, place.key, settings=Settings(attachment_bytes=1000)) as store:
        amina = store.tenant("acme").user("amina@acme.test")
        chat = amina.conversations.create()
        assert amina.conversations.attach(chat.id, b"x" * 1000, name="a", media_type="text/plain").size == 1000
        with pytest.raises(HoldfastError, match="1,001 bytes, the limit is 1,000") as caught:
            amina.conversations.attach(chat.id, b"y" * 1001, name="a", media_type="text/plain")
        assert caught.value.code == "attachment_refused"
