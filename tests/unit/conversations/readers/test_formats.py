"""Each format: what comes out of an export of it."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from holdfast.domains.conversations.readers import (
    ReadConversation,
    Unreadable,
    open_export,
)

FIXTURES = Path(__file__).parent / "fixtures"
SAMPLES = Path(__file__).parents[4] / "src/holdfast/samples"


def conversations(path: Path) -> list[ReadConversation]:
    with open_export(path) as export:
        found = list(export)
    assert not [entry for entry in found if isinstance(entry, Unreadable)]
    return [entry for entry in found if isinstance(entry, ReadConversation)]


def only(path: Path) -> ReadConversation:
    [conversation] = conversations(path)
    return conversation


def written(tmp_path: Path, value: object) -> Path:
    path = tmp_path / "export.json"
    path.write_text(json.dumps(value))
    return path


def chatgpt_message(content: Mapping[str, object], role: str = "assistant", **more: object) -> dict[str, object]:
    message = {"author": {"role": role}, "content": content, "metadata": {}, **more}
    mapping: dict[str, object] = {"m": {"id": "m", "message": message, "parent": None, "children": []}}
    return {"id": "c", "mapping": mapping, "current_node": "m"}


def test_the_chatgpt_sample_gives_its_conversations_with_their_titles_and_times() -> None:
    found = conversations(SAMPLES / "chatgpt-export.zip")
    assert [conversation.title for conversation in found] == [
        "Late flour delivery",
        "Repaying early: does it pay?",
        "Stock count from a spreadsheet",
        "Rechnung ohne Umsatzsteuer",
        "定休日のお知らせ文",
    ]
    assert found[0].created_at == datetime(2026, 3, 2, 7, 42, tzinfo=UTC)
    assert found[0].messages[1].created_at == datetime(2026, 3, 2, 7, 43, 0, 250000, tzinfo=UTC)
    assert found[0].messages[1].metadata == {"model": "gpt-5", "status": "finished_successfully"}


def test_hidden_messages_of_chatgpt_are_not_emitted() -> None:
    first = conversations(SAMPLES / "chatgpt-export.zip")[0]
    assert [message.role for message in first.messages] == ["user", "assistant"] * 3


def test_an_edited_question_in_chatgpt_is_a_branch_that_shares_what_came_before() -> None:
    loan = conversations(SAMPLES / "chatgpt-export.zip")[1]
    [branch] = loan.branches
    assert (len(loan.messages), branch.parent, branch.at, len(branch.messages)) == (6, None, 2, 2)
    assert branch.messages[0].content.startswith("And if we put the money")
    assert branch.external_id == branch.messages[-1].external_id


def test_tool_calls_of_chatgpt_keep_their_input_and_result_as_parts() -> None:
    question, call, result, *_ = conversations(SAMPLES / "chatgpt-export.zip")[2].messages
    assert [part["type"] for part in question.parts or ()] == ["text", "file"]
    assert call.content == ""
    assert [(part["type"], part["name"]) for part in call.parts or ()] == [("tool_call", "python")]
    assert result.role == "tool"
    assert [part["type"] for part in result.parts or ()] == ["tool_result"]


def test_a_chatgpt_image_stays_in_order_with_the_text(tmp_path: Path) -> None:
    pointer = {"content_type": "image_asset_pointer", "asset_pointer": "file-service://a", "width": 8}
    content = {"content_type": "multimodal_text", "parts": ["Look:", pointer, "Well?"]}
    [message] = only(written(tmp_path, chatgpt_message(content, "user"))).messages
    assert message.content == "Look:\nWell?"
    assert message.parts == (
        {"type": "text", "text": "Look:"},
        {"type": "image", "asset_pointer": "file-service://a", "width": 8},
        {"type": "text", "text": "Well?"},
    )


def test_chatgpt_thoughts_are_parts_and_not_something_said(tmp_path: Path) -> None:
    thoughts = [{"summary": "Plan", "content": "First this.", "chunks": [], "finished": True}]
    [message] = only(written(tmp_path, chatgpt_message({"content_type": "thoughts", "thoughts": thoughts}))).messages
    assert (message.content, message.parts) == ("", ({"type": "thinking", "summary": "Plan", "text": "First this."},))


def test_an_unknown_chatgpt_content_type_is_kept_whole_with_its_text(tmp_path: Path) -> None:
    content = {"content_type": "hologram", "text": "Hello", "angle": 3}
    [message] = only(written(tmp_path, chatgpt_message(content))).messages
    assert (message.content, message.parts) == ("Hello", ({"type": "hologram", "text": "Hello", "angle": 3},))


def test_a_chatgpt_time_written_as_text_is_read(tmp_path: Path) -> None:
    export = chatgpt_message({"content_type": "text", "parts": ["x"]}) | {"update_time": "1699543575.5"}
    assert only(written(tmp_path, export)).updated_at == datetime(2023, 11, 9, 15, 26, 15, 500000, tzinfo=UTC)


def test_the_claude_sample_gives_messages_branches_and_times() -> None:
    found = conversations(SAMPLES / "claude-conversations.json")
    assert [len(conversation.messages) for conversation in found] == [6, 4, 4, 4, 2]
    assert [[(branch.at, len(branch.messages)) for branch in one.branches] for one in found] == [
        [],
        [(2, 2)],
        [],
        [],
        [],
    ]
    assert found[0].messages[0].created_at == datetime(2026, 3, 4, 19, 10, 0, 250000, tzinfo=UTC)


def test_claude_blocks_become_parts_and_only_text_is_content() -> None:
    answer = conversations(SAMPLES / "claude-conversations.json")[1].messages[1]
    assert [part["type"] for part in answer.parts or ()] == ["thinking", "text", "tool_call", "tool_result", "text"]
    assert answer.content.startswith("Let me look that up.\nIt has not failed.")


def test_a_claude_attachment_keeps_its_extracted_text() -> None:
    question = conversations(SAMPLES / "claude-conversations.json")[4].messages[0]
    text, file = question.parts or ()
    assert (text["type"], file["type"], file["name"]) == ("text", "file", "spring-menu.txt")
    assert str(file["text"]).startswith("Asparagus soup")


def test_an_older_claude_export_without_blocks_and_parents_is_one_line(tmp_path: Path) -> None:
    messages = [
        {"uuid": "1", "sender": "human", "text": "Hello", "created_at": "2024-01-01T10:00:00Z"},
        {"uuid": "2", "sender": "assistant", "text": "Good morning", "created_at": "2024-01-01T12:00:00+02:00"},
    ]
    found = only(written(tmp_path, [{"uuid": "c", "name": "", "chat_messages": messages}]))
    assert [(message.role, message.content) for message in found.messages] == [
        ("user", "Hello"),
        ("assistant", "Good morning"),
    ]
    assert {message.created_at for message in found.messages} == {datetime(2024, 1, 1, 10, tzinfo=UTC)}


def test_librechat_reads_the_same_flat_and_recursive() -> None:
    flat, nested = only(FIXTURES / "librechat.json"), only(FIXTURES / "librechat-recursive.json")
    assert [message.content for message in flat.messages] == [message.content for message in nested.messages]
    assert [(one.at, len(one.messages)) for one in flat.branches] == [(2, 2)]
    assert [(one.external_id, one.parent, one.at) for one in flat.branches] == [
        (one.external_id, one.parent, one.at) for one in nested.branches
    ]
    assert flat.metadata["options"] == {"model": "mistral-small", "temperature": 0.3}


def test_librechat_content_parts_are_kept() -> None:
    answer = only(FIXTURES / "librechat.json").messages[-1]
    assert [part["type"] for part in answer.parts or ()] == ["thinking", "text", "tool_call"]
    assert answer.content == "Closed, like every Sunday."
    assert answer.created_at == datetime(2026, 3, 3, 9, 5, tzinfo=UTC)


def test_a_long_recursive_librechat_conversation_is_read(tmp_path: Path) -> None:
    nested: list[object] = []
    for number in reversed(range(400)):
        message = {"messageId": f"m{number}", "text": "x", "isCreatedByUser": number % 2 == 0, "children": nested}
        nested = [message]
    path = written(tmp_path, {"conversationId": "c", "recursive": True, "messagesTree": nested})
    assert len(only(path).messages) == 400


def test_openwebui_follows_the_current_message_and_keeps_the_other_answer() -> None:
    found = only(FIXTURES / "openwebui.json")
    assert [message.external_id for message in found.messages] == ["u1", "a2", "u2", "a3"]
    assert [(branch.external_id, branch.at) for branch in found.branches] == [("a1", 1)]
    assert found.archived
    assert found.metadata == {"user_id": "u", "pinned": False, "models": ["llama3"], "tags": ["ideas"]}
    assert [part["type"] for part in found.messages[2].parts or ()] == ["text", "image"]


def test_sharegpt_reads_roles_tools_and_the_system_prompt_beside_the_messages() -> None:
    first, second = conversations(FIXTURES / "sharegpt.json")
    assert (first.external_id, [message.role for message in first.messages]) == (
        "sg-1",
        ["system", "user", "assistant"],
    )
    assert second.external_id.startswith("sha256:")
    assert [message.role for message in second.messages] == ["system", "user", "assistant", "tool", "assistant"]
    assert [part["type"] for part in second.messages[2].parts or ()] == ["tool_call"]


def test_openai_lines_keep_parts_calls_and_results() -> None:
    first, second = conversations(FIXTURES / "openai.jsonl")
    assert [message.external_id for message in first.messages] == ["0", "1", "2"]
    assert second.place == "openai.jsonl:2"
    question, call, result, answer = second.messages
    assert [part["type"] for part in question.parts or ()] == ["text", "image"]
    assert call.parts == ({"type": "tool_call", "id": "call_1", "name": "read_receipt", "input": '{"page": 1}'},)
    assert (result.role, result.content) == ("tool", "2 coffees, 7.80")
    assert answer.parts is None


def test_a_conversation_without_an_id_has_the_same_one_however_it_is_written(tmp_path: Path) -> None:
    messages = [{"role": "user", "content": "ä"}]
    (tmp_path / "a.jsonl").write_text(json.dumps({"messages": messages, "weight": 1}))
    (tmp_path / "b.jsonl").write_text(json.dumps({"weight": 1, "messages": messages}, indent=1, ensure_ascii=False))
    assert only(tmp_path / "a.jsonl").external_id == only(tmp_path / "b.jsonl").external_id


def test_every_place_says_where_in_the_file_it_is() -> None:
    conversation = conversations(SAMPLES / "chatgpt-export.zip")[2]
    message = conversation.messages[0]
    assert conversation.place == "conversations.json[2]"
    assert message.place == f"conversations.json[2].mapping.{message.external_id}"


def test_a_collection_of_mongodb_is_read_by_the_usual_names_and_keeps_every_other_field(tmp_path: Path) -> None:
    question = {
        "messageId": "m-1",
        "sender": "human",
        "text": "How?",
        "sentAt": {"$date": {"$numberLong": "1710234000000"}},
    }
    answer = {
        "author": {"type": "bot", "name": "B"},
        "blocks": [{"type": "card", "title": "Clicks"}],
        "content": "So.",
        "tokens": {"$numberLong": "44"},
        "function_call": {"name": "f", "arguments": "{}"},
    }
    stored = {"$binary": {"base64": "AAAAAAAAAAAAAAAAAAAAAQ==", "subType": "04"}}
    found = only(
        written(
            tmp_path,
            [{"_id": stored, "createdBy": 7, "name": "A", "isArchived": True, "n": 1, "messages": [question, answer]}],
        )
    )
    assert (found.source, found.external_id) == ("mongodb", "00000000-0000-0000-0000-000000000001")
    assert (found.title, found.owner, found.archived, found.metadata) == ("A", "7", True, {"createdBy": 7, "n": 1})
    first, second = found.messages
    assert (first.external_id, first.role, first.content, first.metadata) == ("m-1", "user", "How?", {})
    assert first.created_at == datetime(2024, 3, 12, 9, tzinfo=UTC)
    assert (second.external_id, second.role) == ("1", "assistant")
    assert [part["type"] for part in second.parts or ()] == ["text", "tool_call", "card"]
    assert second.metadata == {"author": {"type": "bot", "name": "B"}, "tokens": 44}


def test_a_collection_whose_documents_have_a_conversation_id_is_not_taken_for_librechat(tmp_path: Path) -> None:
    document = {
        "_id": {"$oid": "65f01a2b0718d00000000001"},
        "conversationId": "c",
        "messages": [{"role": "user", "text": "x"}],
    }
    assert only(written(tmp_path, [document])).source == "mongodb"
