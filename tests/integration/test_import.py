"""Exported chats come in once, whole, with their branches and times; what cannot be read is named."""

import json
import os
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

import holdfast

SAMPLES = files("holdfast") / "samples"
REAL = sorted(Path(os.environ.get("HOLDFAST_TEST_DATA", "/nonexistent")).glob("chat/*/*.json"))


def tree(*lines: list[str], title: str = "A tree", current: int = 0) -> dict[str, Any]:
    """A ChatGPT conversation whose lines are lists of node names; roles alternate from "user"."""
    mapping: dict[str, Any] = {"root": {"id": "root", "parent": None, "children": [], "message": None}}
    for line in lines:
        parent = "root"
        for depth, name in enumerate(line):
            if name not in mapping:
                message = {
                    "id": name,
                    "author": {"role": "user" if depth % 2 == 0 else "assistant"},
                    "content": {"content_type": "text", "parts": [f"text of {name}"]},
                    "create_time": 1_760_000_000 + depth * 60,
                }
                mapping[name] = {"id": name, "parent": parent, "children": [], "message": message}
                mapping[parent]["children"].append(name)
            parent = name
    node = lines[current][-1]
    return {"id": "c-1", "conversation_id": "c-1", "title": title, "current_node": node, "mapping": mapping}


def write(path: Path, *conversations: dict[str, Any]) -> Path:
    path.write_text(json.dumps(list(conversations)))
    return path


def texts(conversations: Any) -> list[list[str]]:
    """The texts of every conversation, sorted."""
    lines = [conversations.last(item.id, 100) for item in conversations.list(limit=100).items]
    return sorted([message.content.removeprefix("text of ") for message in line] for line in lines)


def test_the_samples_come_in_whole_and_only_once(amina: Any) -> None:
    for name, messages in (("chatgpt-export.zip", 28), ("claude-conversations.json", 22)):
        report = amina.conversations.import_export(SAMPLES / name)
        assert (report.conversations, report.forks, report.messages, report.unreadable) == (5, 1, messages, ())
        again = amina.conversations.import_export(SAMPLES / name)
        assert (again.conversations, again.forks, again.messages, again.unchanged) == (0, 0, 0, 5)
    assert all(amina.conversations.verify(item.id).ok for item in amina.conversations.list(limit=50).items)


def test_original_times_are_kept(amina: Any, tmp_path: Path) -> None:
    amina.conversations.import_export(write(tmp_path / "c.json", tree(["a", "b"])))
    (chat,) = amina.conversations.list().items
    assert [m.created_at for m in amina.conversations.last(chat.id)] == [
        datetime.fromtimestamp(1_760_000_000, UTC),
        datetime.fromtimestamp(1_760_000_060, UTC),
    ]
    assert chat.last_message_at == datetime.fromtimestamp(1_760_000_060, UTC)


def test_branches_become_forks_that_share_their_past(amina: Any, tmp_path: Path) -> None:
    file = write(tmp_path / "c.json", tree(["a", "b", "c", "d"], ["a", "b", "c2", "d2"], ["a", "b", "c2", "d3"]))
    report = amina.conversations.import_export(file)
    assert (report.conversations, report.forks, report.messages) == (1, 2, 7)
    assert texts(amina.conversations) == [list("abcd"), ["a", "b", "c2", "d2"], ["a", "b", "c2", "d3"]]
    forks = [item for item in amina.conversations.list().items if item.parent_id is not None]
    assert sorted(fork.forked_at for fork in forks) == [2, 3]


def test_a_later_export_adds_only_what_is_new(amina: Any, tmp_path: Path) -> None:
    amina.conversations.import_export(write(tmp_path / "1.json", tree(["a", "b"], ["a", "b2"])))
    later = tree(["a", "b"], ["a", "b2", "c2", "d2"], current=1)
    report = amina.conversations.import_export(write(tmp_path / "2.json", later))
    assert (report.conversations, report.forks, report.messages) == (0, 0, 2)
    assert texts(amina.conversations) == [["a", "b"], ["a", "b2", "c2", "d2"]]


def test_what_was_continued_here_is_not_mixed_with_what_was_continued_there(amina: Any, tmp_path: Path) -> None:
    amina.conversations.import_export(write(tmp_path / "1.json", tree(["a", "b"])))
    (chat,) = amina.conversations.list().items
    amina.conversations.append(chat.id, role="user", content="continued here")
    later = write(tmp_path / "2.json", tree(["a", "b", "c"]))
    assert amina.conversations.import_export(later).forks == 1
    assert texts(amina.conversations) == [["a", "b", "c"], ["a", "b", "continued here"]]
    assert amina.conversations.import_export(later).messages == 0


def test_a_message_that_cannot_be_stored_is_named_and_the_rest_goes_in(amina: Any, tmp_path: Path) -> None:
    damaged = tree(["a", "b", "c"])
    damaged["mapping"]["b"]["message"]["content"]["parts"] = ["with a NUL \0 inside"]
    report = amina.conversations.import_export(write(tmp_path / "c.json", damaged))
    assert report.messages == 2
    (left_out,) = report.unreadable
    assert "b" in left_out.place
    assert "NUL" in left_out.reason
    assert texts(amina.conversations) == [["a", "c"]]


def test_a_truncated_export_gives_what_came_before_the_damage(amina: Any, tmp_path: Path) -> None:
    whole = json.dumps([tree(["a", "b"]), {**tree(["x", "y"]), "id": "c-2", "conversation_id": "c-2"}])
    (tmp_path / "c.json").write_text(whole[:-200])
    report = amina.conversations.import_export(tmp_path / "c.json")
    assert (report.conversations, len(report.unreadable)) == (1, 1)
    assert texts(amina.conversations) == [["a", "b"]]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "export_empty"),
        (b"not json", "export_format_unknown"),
        (b"[]", "export_empty"),
        (None, "export_not_found"),
    ],
)
def test_what_is_no_export_is_refused_by_name(amina: Any, tmp_path: Path, content: bytes | None, code: str) -> None:
    if content is not None:
        (tmp_path / "c.json").write_bytes(content)
    with pytest.raises(holdfast.HoldfastError) as raised:
        amina.conversations.import_export(tmp_path / "c.json")
    assert raised.value.code == code
    assert amina.conversations.list().items == ()


def test_an_imported_conversation_goes_on(amina: Any, tmp_path: Path) -> None:
    amina.conversations.import_export(write(tmp_path / "c.json", tree(["a", "b"])))
    (chat,) = amina.conversations.list().items
    assert amina.conversations.append(chat.id, role="user", content="And now?").seq == 3
    assert [hit.message.seq for hit in amina.conversations.search("text", conversation=chat.id)] != []
    assert [m.seq for m in amina.conversations.context(chat.id).messages] == [1, 2, 3]


def test_progress_is_reported(amina: Any) -> None:
    seen: list[tuple[int, int]] = []
    amina.conversations.import_export(
        SAMPLES / "claude-conversations.json", on_progress=lambda done, total: seen.append((done, total))
    )
    assert len(seen) == 5
    assert seen == sorted(seen)
    assert seen[-1][0] <= seen[-1][1]


@pytest.mark.realdata
@pytest.mark.parametrize("file", REAL, ids=[file.name for file in REAL])
def test_real_exports_come_in_sound_and_only_once(amina: Any, file: Path) -> None:
    first = amina.conversations.import_export(file)
    assert first.messages > 0
    assert amina.conversations.import_export(file).messages == 0
    assert all(amina.conversations.verify(item.id).ok for item in amina.conversations.list(limit=50).items)


def collection(path: Path, *more: dict[str, Any]) -> Path:
    """Two conversations as `mongoexport` writes them: of two people, about two clients."""
    said = [{"role": "user", "content": "one"}, {"role": "assistant", "content": "two"}]
    one = {"_id": {"$oid": "65f01a2b0718d00000000001"}, "client_id": "c-1", "user_id": "u-1", "messages": said}
    other = {"_id": {"$oid": "65f01a2b0718d00000000002"}, "client_id": "c-2", "user_id": "u-1", "messages": said}
    path.write_text("".join(json.dumps(document) + "\n" for document in (one, other, *more)))
    return path


def test_a_clients_conversations_go_into_its_workspace_and_others_are_counted(
    store: Any, amina: Any, tmp_path: Path
) -> None:
    root = store.system().identity
    here, there = (root.create_workspace(name, tenant="acme").id for name in ("here", "there"))
    for workspace in (here, there):
        root.assign(workspace, "amina@acme.test", "editor", tenant="acme")
    file = collection(tmp_path / "c.json")
    seen: list[tuple[int, int]] = []
    told = {"client": "c-1", "on_progress": lambda done, total: seen.append((done, total))}
    report = amina.conversations.import_export(file, workspace=here, **told)
    assert (report.source, report.conversations, report.messages, report.others) == ("mongodb", 1, 2, 1)
    assert seen[-1] == (file.stat().st_size, file.stat().st_size)  # over HTTP it is told of once
    (chat,) = amina.conversations.list(workspace=here).items
    assert chat.created_at == datetime.fromtimestamp(0x65F01A2B, UTC), "its id says when it was made"
    again = amina.conversations.import_export(file, workspace=here, client="c-1")
    assert (again.conversations, again.messages, again.unchanged) == (0, 0, 1)
    elsewhere = amina.conversations.import_export(file, workspace=there, client="c-1")
    assert [one.reason for one in elsewhere.unreadable] == ["it is here already, in another workspace"]
    assert amina.conversations.list(workspace=there).items == ()
    assert amina.conversations.import_export(file, owner="u-2").others == 2


def test_a_workspace_that_is_not_there_takes_nothing(amina: Any, tmp_path: Path) -> None:
    with pytest.raises(holdfast.HoldfastError) as error:
        amina.conversations.import_export(collection(tmp_path / "c.json"), workspace=UUID(int=1))
    assert error.value.code == "workspace_not_found"
    assert amina.conversations.list().items == ()


def test_what_a_collection_cannot_give_is_named_and_the_rest_comes_in(amina: Any, tmp_path: Path) -> None:
    bad = [{"role": "martian", "content": "x"}, {"role": "user", "content": {"$numberLong": "x"}}, {"role": "user"}]
    odd = {"_id": "three", "messages": [{"role": "user", "content": "good"}, *bad]}
    file = collection(tmp_path / "c.json", odd, {"_id": "four", "messages": []})
    report = amina.conversations.import_export(file)
    assert (report.conversations, report.messages) == (3, 5)
    assert [one.place.partition(":")[2] for one in report.unreadable] == [  # what is uploaded has no name
        "3.messages[1].role",
        "3.messages[2]",
        "3.messages[3]",
        "4.messages",
    ]
