"""Messages and summaries are never changed or removed, whoever asks the database."""

from typing import Any

import psycopg
import pytest
from sqlcipher3 import dbapi2 as sqlite
from support.backdoor import Backdoor

import holdfast

REFUSED = (sqlite.IntegrityError, psycopg.errors.IntegrityError)


@pytest.fixture
def chat(sync_store: holdfast.Store) -> Any:
    mine = sync_store.tenant("acme").user("amina@acme.test").conversations
    chat = mine.create()
    mine.append(chat.id, role="user", content="Can I borrow?")
    mine.summarize(chat.id, "A question about a loan.")
    return chat


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE messages SET content = 'No.'",
        "UPDATE messages SET created_at = created_at",
        "UPDATE messages SET seq = 7",
        "DELETE FROM messages",
        "UPDATE summaries SET text = 'Nothing.'",
    ],
)
def test_the_database_refuses_to_change_history(sync_store: holdfast.Store, chat: Any, statement: str) -> None:
    backdoor = Backdoor(sync_store.engine)
    with pytest.raises(REFUSED, match=r"append-only|versioned"):
        backdoor.run(statement)
    mine = sync_store.tenant("acme").user("amina@acme.test").conversations
    assert [m.content for m in mine.last(chat.id)] == ["Can I borrow?"]
    assert mine.verify(chat.id).ok
