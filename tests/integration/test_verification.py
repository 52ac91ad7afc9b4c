"""Whatever is done to a conversation behind Holdfast's back, verify finds it and names the first message at fault."""

from typing import Any

import pytest
from support.backdoor import Backdoor

import holdfast

COUNT = 12


@pytest.fixture
def mine(sync_store: holdfast.Store) -> Any:
    return sync_store.tenant("acme").user("amina@acme.test").conversations


@pytest.fixture
def chat(mine: Any) -> Any:
    chat = mine.create()
    mine.append_many(chat.id, [holdfast.NewMessage(role="user", content=f"message {n}") for n in range(COUNT)])
    return chat


def test_an_untouched_conversation_is_sound(mine: Any, chat: Any) -> None:
    outcome = mine.verify(chat.id)
    assert (outcome.ok, outcome.messages, outcome.first_bad) == (True, COUNT, None)


@pytest.mark.parametrize(
    ("statement", "first_bad"),
    [
        ("UPDATE messages SET content = 'changed' WHERE seq = 5", 5),
        ("UPDATE messages SET metadata = '{\"a\":1}' WHERE seq = 1", 1),
        ("UPDATE messages SET role = 'assistant' WHERE seq = 5", 6),
        ("DELETE FROM messages WHERE seq = 5", 5),
        ("DELETE FROM messages WHERE seq = 12", 12),
        ("DELETE FROM messages WHERE seq = 1", 1),
    ],
)
def test_a_changed_or_missing_message_is_named(
    sync_store: holdfast.Store, mine: Any, chat: Any, statement: str, first_bad: int
) -> None:
    backdoor = Backdoor(sync_store.engine)
    if backdoor.name == "sqlite":
        backdoor.run("DELETE FROM unindexed_conversations")
    backdoor.without_triggers(statement)
    outcome = mine.verify(chat.id)
    assert (outcome.ok, outcome.first_bad) == (False, first_bad)
    assert outcome.reason


def test_a_tail_cut_off_with_its_count_is_found_by_the_head(sync_store: holdfast.Store, mine: Any, chat: Any) -> None:
    backdoor = Backdoor(sync_store.engine)
    backdoor.without_triggers("DELETE FROM messages WHERE seq > 9")
    backdoor.run("UPDATE conversations SET message_count = 9")
    outcome = mine.verify(chat.id)
    assert (outcome.ok, outcome.first_bad) == (False, 9)


def test_two_messages_that_changed_places_are_found(sync_store: holdfast.Store, mine: Any, chat: Any) -> None:
    backdoor = Backdoor(sync_store.engine)
    for step in ("seq = 100 WHERE seq = 3", "seq = 3 WHERE seq = 4", "seq = 4 WHERE seq = 100"):
        backdoor.without_triggers(f"UPDATE messages SET {step}")
    assert mine.verify(chat.id).first_bad == 3


def test_a_message_added_outside_the_log_is_found(sync_store: holdfast.Store, mine: Any, chat: Any) -> None:
    backdoor = Backdoor(sync_store.engine)
    columns = "tenant_id, conversation_id, owner_id, role, content, metadata, created_at, salt, digest, previous"
    new_id = "x'00'" if backdoor.name == "sqlite" else "gen_random_uuid()"
    backdoor.run(
        f"INSERT INTO messages ({columns}, seq, id) SELECT {columns}, {COUNT + 1}, {new_id} FROM messages WHERE seq = 1"
    )
    assert mine.verify(chat.id).first_bad == COUNT + 1
