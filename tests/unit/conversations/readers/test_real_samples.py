"""Exports as the products write them, from the folder that HOLDFAST_TEST_DATA names."""

import os
from pathlib import Path

import pytest

from holdfast.domains.conversations.readers import (
    ReadConversation,
    Unreadable,
    open_export,
)

_DATA = os.environ.get("HOLDFAST_TEST_DATA")
_FILES = sorted((Path(_DATA) / "chat").rglob("*.json")) if _DATA else []


if _FILES:

    @pytest.mark.realdata
    @pytest.mark.parametrize("path", _FILES, ids=lambda path: path.name)
    def test_a_real_sample_is_recognised_and_its_messages_read(path: Path) -> None:
        with open_export(path) as export:
            found = list(export)
            assert export.format == ("claude" if "claude" in path.name else "chatgpt")
        [conversation] = [entry for entry in found if isinstance(entry, ReadConversation)]
        emitted = [*conversation.messages, *(message for one in conversation.branches for message in one.messages)]
        assert len({message.external_id for message in emitted}) == len(emitted) >= 3
        assert all(message.content or message.parts for message in emitted)
        assert {entry.reason for entry in found if isinstance(entry, Unreadable)} <= {"not a time"}
