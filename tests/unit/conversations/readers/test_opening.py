"""What is in the file: recognised by content, refused with a name, read in bounded memory."""

import io
import json
import tracemalloc
import zipfile
from pathlib import Path

import ijson  # type: ignore[import-untyped]  # it ships no types
import pytest

from holdfast.domains.conversations.readers import (
    ArchiveDamaged,
    ArchiveTooLarge,
    EmptyExport,
    ExportError,
    ExportNotFound,
    ReadConversation,
    ReadLimits,
    UnknownExportFormat,
    open_export,
)

DEFAULTS = ReadLimits()
LINE = {"messages": [{"role": "user", "content": "Hello"}]}
CLAUDE = {"uuid": "c", "name": "n", "chat_messages": [{"uuid": "m", "sender": "human", "text": "Hello"}]}


def archive(path: Path, files: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as target:
        for name, data in files.items():
            target.writestr(name, data)
    return path


def refused(path: Path, limits: ReadLimits = DEFAULTS) -> ExportError:
    with pytest.raises(ExportError) as caught, open_export(path, limits) as export:
        list(export)
    assert caught.value.field == "file"
    return caught.value


def test_ijson_has_its_fast_parser() -> None:
    assert ijson.backend == "yajl2_c"


@pytest.mark.parametrize(
    "prefix", [b"", b"\xef\xbb\xbf", b"\n \t", b" " * 600_000], ids=["plain", "bom", "blank", "long"]
)
@pytest.mark.parametrize("layout", ["array", "single", "pretty", "lines"])
def test_the_format_is_told_by_content_in_any_layout(tmp_path: Path, layout: str, prefix: bytes) -> None:
    texts = {
        "array": json.dumps([CLAUDE, CLAUDE]),
        "single": json.dumps(CLAUDE),
        "pretty": json.dumps(CLAUDE, indent=2),
        "lines": f"{json.dumps(CLAUDE)}\r\n\r\n{json.dumps(CLAUDE)}\r\n",
    }
    path = tmp_path / "misleading.txt"
    path.write_bytes(prefix + texts[layout].encode())
    with open_export(path) as export:
        assert export.format == "claude"
        assert len(list(export)) == (2 if layout in ("array", "lines") else 1)
        assert export.bytes_read == export.total_bytes == path.stat().st_size


def test_an_export_can_be_iterated_again(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text(json.dumps(LINE))
    with open_export(path) as export:
        assert list(export) == list(export)


def test_only_the_conversations_of_an_archive_are_read(tmp_path: Path) -> None:
    path = archive(
        tmp_path / "export.zip",
        {
            "users.json": b'[{"uuid": "u", "full_name": "A"}]',
            "export/conversations-001.json": json.dumps([CLAUDE | {"uuid": "second"}]).encode(),
            "export/conversations-000.json": json.dumps([CLAUDE | {"uuid": "first"}]).encode(),
            "projects.json": b"[]",
            "__MACOSX/conversations.json": json.dumps([CLAUDE]).encode(),
            "chat.html": b"<html>",
            "nested.zip": b"PK\x03\x04 not opened",
        },
    )
    with open_export(path) as export:
        found = [entry.external_id for entry in export if isinstance(entry, ReadConversation)]
    assert found == ["first", "second"]


def test_progress_moves_while_iterating(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text(json.dumps([CLAUDE | {"summary": "x" * 400_000}] * 5))
    with open_export(path) as export:
        seen = [export.bytes_read for _ in export]
    assert seen == sorted(seen)
    assert len(set(seen)) > 2


def test_a_missing_file_and_a_folder_are_not_found(tmp_path: Path) -> None:
    assert isinstance(refused(tmp_path / "none.json"), ExportNotFound)
    assert isinstance(refused(tmp_path), ExportNotFound)


@pytest.mark.parametrize("content", [b"", b" \n", b"[]", b"[ ]\n"])
def test_a_file_without_conversations_is_empty(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(content)
    assert isinstance(refused(path), EmptyExport)


def test_an_archive_whose_conversations_are_none_is_empty(tmp_path: Path) -> None:
    path = archive(tmp_path / "a.zip", {"conversations.json": b"[]", "user.json": b'{"id": "u"}'})
    assert isinstance(refused(path), EmptyExport)


def test_an_unknown_format_names_what_was_seen_and_what_is_known(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text('[{"speaker": "x", "words": 3}]')
    error = refused(path)
    assert isinstance(error, UnknownExportFormat)
    assert "JSON with the keys speaker, words" in str(error)
    assert "chatgpt, claude, openwebui, librechat, mongodb, sharegpt, openai" in str(error)


@pytest.mark.parametrize("content", [b"Dear diary", b"\xff\xfe[\x00", b"%PDF-1.7", b"42", b"{}"])
def test_what_is_no_export_is_an_unknown_format(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(content)
    assert refused(path).code == "export_format_unknown"


def test_an_archive_without_json_is_an_unknown_format(tmp_path: Path) -> None:
    assert isinstance(refused(archive(tmp_path / "a.zip", {"nested.zip": b"x"})), UnknownExportFormat)


def test_a_cut_archive_is_damaged(tmp_path: Path) -> None:
    path = archive(tmp_path / "a.zip", {"conversations.json": json.dumps([CLAUDE]).encode()})
    path.write_bytes(path.read_bytes()[:-30])
    assert isinstance(refused(path), ArchiveDamaged)


def test_an_archive_with_a_broken_entry_names_it_as_damaged(tmp_path: Path) -> None:
    path = archive(tmp_path / "a.zip", {"conversations.json": json.dumps([CLAUDE]).encode()})
    path.write_bytes(path.read_bytes().replace(b"conversations.json", b"conversationz.json", 1))
    assert "'conversations.json' is damaged" in str(refused(path))


def test_a_zip_bomb_is_refused_by_its_declared_ratio(tmp_path: Path) -> None:
    bomb = b"[" + b" " * 30_000_000 + b"]"
    assert isinstance(refused(archive(tmp_path / "a.zip", {"conversations.json": bomb})), ArchiveTooLarge)


def test_an_archive_is_refused_by_its_declared_size(tmp_path: Path) -> None:
    path = archive(tmp_path / "a.zip", {"conversations.json": json.dumps([CLAUDE] * 50).encode()})
    assert isinstance(refused(path, ReadLimits(max_bytes=1000)), ArchiveTooLarge)


def test_a_file_is_refused_by_its_size(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text(json.dumps([CLAUDE] * 50))
    assert refused(path, ReadLimits(max_bytes=1000)).code == "export_too_large"


def test_what_is_really_read_is_held_against_the_limit_too(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text(json.dumps(LINE))
    limits = ReadLimits(max_bytes=2_000_000)
    with open_export(path, limits) as export, path.open("a") as growing:
        growing.write(("\n" + json.dumps(LINE)) * 60_000)
        growing.flush()
        with pytest.raises(ArchiveTooLarge, match="max_bytes"):
            list(export)


def test_a_large_export_is_read_in_little_memory(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as target, target.open("conversations.json", "w") as entry:
        text = io.TextIOWrapper(entry, encoding="utf-8")
        text.write("[" + ",".join([json.dumps(CLAUDE | {"summary": "x" * 20_000})] * 2_000) + "]")
        text.flush()
    tracemalloc.start()
    with open_export(path) as export:
        count = sum(1 for _ in export)
        total = export.total_bytes
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert count == 2_000
    assert total > 40_000_000
    assert peak < 6_000_000
