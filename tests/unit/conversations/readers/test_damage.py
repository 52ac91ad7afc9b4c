"""Damage: what can be read is read, and each place that cannot is named once, without its text."""

import json
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from holdfast.domains.conversations.readers import (
    ReadConversation,
    ReadLimits,
    Unreadable,
    open_export,
)

DEFAULTS = ReadLimits()
SECRET = "the secret text"


def claude(name: str) -> dict[str, object]:
    return {"uuid": name, "chat_messages": [{"uuid": "m", "sender": "human", "text": SECRET}]}


def line(text: str = SECRET) -> bytes:
    return json.dumps({"messages": [{"role": "user", "content": text}]}).encode()


def read(path: Path, limits: ReadLimits = DEFAULTS) -> tuple[list[ReadConversation], list[Unreadable]]:
    with open_export(path, limits) as export:
        found = list(export)
    problems = [entry for entry in found if isinstance(entry, Unreadable)]
    assert all(SECRET not in problem.reason + problem.value for problem in problems)
    assert all(len(problem.value) <= 80 for problem in problems)
    return [entry for entry in found if isinstance(entry, ReadConversation)], problems


def read_bytes(
    tmp_path: Path,
    data: bytes,
    limits: ReadLimits = DEFAULTS,
) -> tuple[list[str], list[Unreadable]]:
    path = tmp_path / "export.json"
    path.write_bytes(data)
    found, problems = read(path, limits)
    return [conversation.external_id for conversation in found], problems


def chatgpt(mapping: Mapping[str, object], current: str | None = None) -> bytes:
    return json.dumps([{"id": "c", "mapping": mapping, "current_node": current}]).encode()


def node(parent: str | None, text: str = "x", role: str = "user") -> dict[str, object]:
    content = {"content_type": "text", "parts": [text]}
    return {"parent": parent, "children": [], "message": {"author": {"role": role}, "content": content}}


@pytest.mark.parametrize("cut", [1, 5, 60])
def test_a_truncated_file_yields_what_came_before_and_one_unreadable_with_the_byte(tmp_path: Path, cut: int) -> None:
    data = json.dumps([claude("a"), claude("b"), claude("c")]).encode()[:-cut]
    found, [problem] = read_bytes(tmp_path, data)
    assert found == (["a", "b", "c"] if cut == 1 else ["a", "b"])
    assert problem.place.endswith(f"byte {len(data)}")


def test_a_file_cut_inside_its_first_conversation_still_shows_its_format(tmp_path: Path) -> None:
    found, [problem] = read_bytes(tmp_path, json.dumps(claude("a")).encode()[:-10])
    assert found == []
    assert problem.reason == "the file ends inside this conversation"


def test_a_truncated_last_line_is_unreadable_alone(tmp_path: Path) -> None:
    found, [problem] = read_bytes(tmp_path, line() + b"\n" + line()[:-8])
    assert len(found) == 1
    assert problem.place == "export.json:2"
    assert problem.reason.startswith("not JSON between bytes 63 and 117 of the file: parse error: premature EOF")


def test_a_damaged_first_line_does_not_hide_the_others(tmp_path: Path) -> None:
    found, [problem] = read_bytes(tmp_path, line()[:-8] + b"\n" + line() + b"\n")
    assert (len(found), problem.place) == (1, "export.json:1")


def test_broken_utf8_in_a_line_names_line_and_byte_and_the_next_line_is_read(tmp_path: Path) -> None:
    broken = line().replace(b"secret", b"s\xffcret")
    found, [problem] = read_bytes(tmp_path, line() + b"\n" + broken + b"\n" + line())
    assert len(found) == 2
    assert problem.place == "export.json:2"
    assert problem.reason == f"not UTF-8 at byte {len(line()) + 1 + broken.index(0xFF)} of the file"


def test_broken_utf8_in_an_array_leaves_out_that_conversation_only(tmp_path: Path) -> None:
    parts = [json.dumps(claude(name)).encode() for name in "abc"]
    parts[1] = parts[1].replace(b"secret", b"s\xe4cret")
    found, [problem] = read_bytes(tmp_path, b"[" + b", ".join(parts) + b"]")
    assert found == ["a", "c"]
    assert problem.place == "export.json[1]"


def test_a_conversation_that_is_not_json_leaves_the_rest(tmp_path: Path) -> None:
    parts = [json.dumps(claude(name)).encode() for name in "abc"]
    parts[1] = parts[1].replace(b'"sender": ', b'"sender" ')
    found, [problem] = read_bytes(tmp_path, b"[" + b", ".join(parts) + b"]")
    assert (found, problem.place) == (["a", "c"], "export.json[1]")


@pytest.mark.parametrize("value", [{"chat_messages": 3}, {"chat_messages": None}, [1], {}])
def test_a_malformed_conversation_leaves_the_rest(tmp_path: Path, value: object) -> None:
    found, [problem] = read_bytes(tmp_path, json.dumps([claude("a"), value, claude("b")]).encode())
    assert found == ["a", "b"]
    assert problem.place.startswith("export.json[1]")


@pytest.mark.parametrize("stray", [b"null, ", b'"text", 17, ', b"] "])
def test_stray_text_between_conversations_is_reported_once(tmp_path: Path, stray: bytes) -> None:
    first, second = (json.dumps(claude(name)).encode() for name in "ab")
    found, problems = read_bytes(tmp_path, b"[" + first + b", " + stray + second + b"]")
    assert (found, len(problems)) == (["a", "b"], 1)


def test_a_malformed_message_is_reported_before_its_conversation_which_keeps_the_rest(tmp_path: Path) -> None:
    path = tmp_path / "export.json"
    mapping = {"a": node(None), "b": node("a", role="wizard"), "c": node("b"), "d": {"parent": "c", "message": 7}}
    path.write_bytes(chatgpt(mapping, "d"))
    with open_export(path) as export:
        first, second, conversation = list(export)
    assert isinstance(first, Unreadable)
    assert (first.place, first.reason) == (
        "export.json[0].mapping.b.message.author.role",
        "the role 'wizard' is not known",
    )
    assert isinstance(second, Unreadable)
    assert second.place == "export.json[0].mapping.d.message"
    assert isinstance(conversation, ReadConversation)
    assert [message.external_id for message in conversation.messages] == ["a", "c"]


def test_a_time_that_is_none_is_reported_and_its_message_kept(tmp_path: Path) -> None:
    broken = node(None)
    broken["message"] = {**node(None)["message"], "create_time": "yesterday"}  # type: ignore[dict-item]
    found, [problem] = read_bytes(tmp_path, chatgpt({"a": broken}))
    assert found == ["c"]
    assert (problem.place, problem.reason) == ("export.json[0].mapping.a.message.create_time", "not a time")


def test_a_circle_of_parents_is_cut_reported_and_its_messages_kept(tmp_path: Path) -> None:
    path = tmp_path / "export.json"
    path.write_bytes(chatgpt({"a": node(None), "x": node("z"), "y": node("x"), "z": node("y")}, "a"))
    [conversation], [problem] = read(path)
    assert problem.place == "export.json[0].mapping.x"
    assert [message.external_id for message in conversation.messages] == ["a"]
    [branch] = conversation.branches
    assert ([message.external_id for message in branch.messages], branch.at) == (["x", "y", "z"], 0)


def test_a_message_that_is_its_own_parent_does_not_hang(tmp_path: Path) -> None:
    found, [problem] = read_bytes(tmp_path, chatgpt({"a": node("a")}, "a"))
    assert found == ["c"]
    assert "circle" in problem.reason


def test_a_missing_parent_is_reported_and_the_messages_kept(tmp_path: Path) -> None:
    path = tmp_path / "export.json"
    path.write_bytes(chatgpt({"a": node(None), "b": node("a"), "c": node("gone"), "d": node("c")}, "b"))
    [conversation], [problem] = read(path)
    assert problem.place == "export.json[0].mapping.c"
    assert problem.reason == "the parent of this message is not in the conversation"
    assert [(branch.external_id, branch.at, len(branch.messages)) for branch in conversation.branches] == [("d", 0, 2)]


def test_a_current_node_that_is_missing_is_reported_and_the_last_line_taken(tmp_path: Path) -> None:
    path = tmp_path / "export.json"
    path.write_bytes(chatgpt({"a": node(None), "b": node("a"), "c": node("a")}, "gone"))
    [conversation], [problem] = read(path)
    assert problem.place == "export.json[0].current_node"
    assert [message.external_id for message in conversation.messages] == ["a", "c"]


def test_two_messages_with_one_id_are_reported(tmp_path: Path) -> None:
    export = claude("a")
    export["chat_messages"] = [*export["chat_messages"], *export["chat_messages"]]  # type: ignore[misc]
    found, [problem] = read_bytes(tmp_path, json.dumps(export).encode())
    assert (found, problem.reason) == (["a"], "another message has the same id")


@pytest.mark.parametrize("layout", ["array", "lines"])
def test_nesting_too_deep_is_unreadable_and_the_rest_goes_on(tmp_path: Path, layout: str) -> None:
    deep = b'{"chat_messages": [], "x": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"
    parts = [json.dumps(claude("a")).encode(), deep, json.dumps(claude("b")).encode()]
    data = b"\n".join(parts) if layout == "lines" else b"[" + b",".join(parts) + b"]"
    found, [problem] = read_bytes(tmp_path, data)
    assert (found, problem.reason) == (["a", "b"], "it nests more than 100 levels deep")


def test_a_librechat_message_that_nests_too_deep_is_left_out_alone(tmp_path: Path) -> None:
    deep: object = 1
    for _ in range(150):
        deep = [deep]
    messages = [
        {"messageId": "1", "text": "x", "isCreatedByUser": True, "feedback": deep},
        {"messageId": "2", "text": "y", "isCreatedByUser": False, "parentMessageId": "1"},
    ]
    path = tmp_path / "export.json"
    path.write_text(json.dumps({"conversationId": "c", "messages": messages}))
    [conversation], [problem] = read(path)
    assert problem.place == "export.json.messages[0]"
    assert [message.external_id for message in conversation.messages] == ["2"]


@pytest.mark.parametrize("layout", ["array", "lines"])
def test_a_conversation_that_is_too_large_is_left_out_alone(tmp_path: Path, layout: str) -> None:
    large = claude("large") | {"summary": "x" * 1_000_000}
    parts = [json.dumps(value).encode() for value in (claude("a"), large, claude("b"))]
    data = b"\n".join(parts) if layout == "lines" else b"[" + b",".join(parts) + b"]"
    found, [problem] = read_bytes(tmp_path, data, ReadLimits(max_conversation_bytes=500_000))
    assert (found, problem.reason) == (["a", "b"], "it is larger than 500000 bytes")


def test_half_an_emoji_becomes_a_replacement_character_and_a_whole_one_stays(tmp_path: Path) -> None:
    escaped = rb'{"messages": [{"role": "user", "content": "a\ud83d b\ude00 \\ud83d \ud83d\ude00"}]}'
    path = tmp_path / "a.jsonl"
    path.write_bytes(escaped)
    [conversation], problems = read(path)
    assert (conversation.messages[0].content, problems) == ("a\ufffd b\ufffd \\ud83d 😀", [])


def test_strings_full_of_brackets_and_quotes_across_chunks_do_not_mislead(tmp_path: Path) -> None:
    nasty = [{**claude(str(size)), "summary": '\\"]}[{' * size} for size in (1, 43_690, 43_691, 131_072, 7)]
    found, problems = read_bytes(tmp_path, json.dumps(nasty).encode())
    assert (found, problems) == (["1", "43690", "43691", "131072", "7"], [])


def test_an_archive_that_breaks_off_yields_what_came_before(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    data = json.dumps([claude(str(number)) for number in range(20_000)]).encode()
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as target:
        target.writestr("conversations.json", data)
    raw = bytearray(path.read_bytes())
    raw[1_000_000] ^= 1
    path.write_bytes(raw)
    found, problems = read(path)
    assert len(found) >= 9_000
    assert problems[-1].reason.startswith("the archive is damaged: Bad CRC-32")


@pytest.mark.parametrize("sender", [[1], {"a": 1}, None, 7])
def test_a_sender_of_any_type_is_a_malformed_message_and_not_an_error(tmp_path: Path, sender: object) -> None:
    messages = [{"from": "human", "value": "Hello"}, {"from": sender, "value": SECRET}]
    found, [problem] = read_bytes(tmp_path, json.dumps([{"id": "s", "conversations": messages}]).encode())
    assert (found, problem.place) == (["s"], "export.json[0].conversations[1].from")
