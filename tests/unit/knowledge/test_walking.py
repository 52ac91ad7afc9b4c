"""A folder is walked in order, and what is left out is told."""

import os

import pytest

from holdfast.domains.knowledge.errors import DocumentFileMissing
from holdfast.domains.knowledge.readers import ReadLimits, walk


def test_documents_are_found_in_order_and_others_told(tmp_path):
    for name in (
        "b/two.md",
        "a.txt",
        "b/one.PDF",
        "c.csv",
        ".git/config.txt",
        "d.png",
        "noend",
        "empty.txt",
        "~$a.docx",
    ):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"" if name == "empty.txt" else b"x")
    (tmp_path / "large.txt").write_bytes(b"x" * 101)
    (tmp_path / "link.txt").symlink_to(tmp_path / "a.txt")
    (tmp_path / "circle").symlink_to(tmp_path)
    os.mkfifo(tmp_path / "pipe.txt")
    skipped: dict[str, str] = {}
    found = list(
        walk(
            tmp_path,
            on_skip=lambda path, reason: skipped.update({path.name: reason}),
            limits=ReadLimits(document_bytes=100),
        )
    )
    assert [str(path.relative_to(tmp_path)) for path in found] == ["a.txt", "b/one.PDF", "b/two.md", "c.csv"]
    assert skipped == {
        ".git": "is hidden",
        "~$a.docx": "is hidden",
        "circle": "is a link",
        "link.txt": "is a link",
        "d.png": "is in none of the formats that are read (.png)",
        "noend": "is in none of the formats that are read (its name has no end)",
        "empty.txt": "is empty",
        "large.txt": "101 bytes, the limit is 100",
        "pipe.txt": "is no plain file",
    }


def test_without_a_folder_it_says_so(tmp_path):
    with pytest.raises(DocumentFileMissing):
        list(walk(tmp_path / "none"))
