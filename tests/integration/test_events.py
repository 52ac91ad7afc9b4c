"""Events: the changes as they are announced, to whom they concern, in an order that misses none."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from support.backdoor import Backdoor

import holdfast
from holdfast import HoldfastError
from holdfast.domains.conversations.queries import hide


def follow(room, cursor, limit=100):
    """Everything beyond the cursor, and the cursor after it."""
    found = []
    while True:
        page = room.events(after=cursor, limit=limit)
        cursor = page.next
        found += page.items
        if len(page.items) < limit:
            return found, cursor


def test_changes_are_announced_to_their_owner_in_order(amina):
    start = amina.audit.events().next
    chat = amina.conversations.create()
    said = amina.conversations.append(chat.id, role="user", content="hello")
    amina.conversations.edit(chat.id, title="t")
    found, cursor = follow(amina.audit, start)
    assert [event.operation.partition(".")[2] for event in found] == ["create", "append", "edit"]
    assert found[1].details == {"message": str(said.id)}
    assert {event.target_id for event in found} == {chat.id}
    assert follow(amina.audit, cursor)[0] == []
    amina.conversations.archive(chat.id)
    assert [event.details for event in follow(amina.audit, cursor)[0]] == [{"status": "ARCHIVED"}]


def test_without_a_cursor_it_begins_now(amina):
    amina.conversations.create()
    page = amina.audit.events()
    assert page.items == ()
    assert follow(amina.audit, page.next)[0] == []


def test_a_person_hears_of_own_things_only_and_an_administrator_of_all(amina, ben, ada, gus):
    starts = {person: person.audit.events().next for person in (amina, ben, ada, gus)}
    chat = amina.conversations.create()
    ada.conversations.edit(chat.id, title="by ada")
    with pytest.raises(HoldfastError):
        ben.conversations.edit(chat.id, title="by ben")
    ada.conversations.last(chat.id)
    heard = {person: [e.operation for e in follow(person.audit, starts[person])[0]] for person in starts}
    assert heard[amina] == heard[ada] == ["conversations.create", "conversations.edit"]
    assert heard[ben] == heard[gus] == []


def test_a_cursor_is_the_persons_own(amina, ben):
    for cursor in (amina.audit.events().next, "nonsense", ""):
        with pytest.raises(HoldfastError) as caught:
            ben.audit.events(after=cursor)
        assert caught.value.code == "invalid_cursor"


def test_whoever_goes_on_from_cursor_to_cursor_misses_nothing_while_others_write(sync_store):
    people = [sync_store.tenant("acme").user(email) for email in ("amina@acme.test", "ben@acme.test", "oli@acme.test")]
    ada = sync_store.tenant("acme").user("ada@acme.test")
    cursor = ada.audit.events().next
    done = threading.Event()

    def write(person):
        chat = person.conversations.create().id
        return [str(person.conversations.append(chat, role="user", content="m").id) for _ in range(40)]

    heard = []

    def listen():
        nonlocal cursor
        while True:
            last_round = done.is_set()
            found, cursor = follow(ada.audit, cursor, limit=7)
            heard.extend(found)
            if last_round and not found:
                return

    with ThreadPoolExecutor(8) as threads:
        listener = threads.submit(listen)
        written = [message for ids in threads.map(write, people * 2) for message in ids]
        done.set()
        listener.result(30)
    announced = [event.details["message"] for event in heard if "message" in event.details]
    assert len(announced) == len(set(announced)) == len(written)
    assert set(announced) == set(written)


def test_a_change_that_commits_late_is_not_overtaken(postgres, postgres_template):
    """On PostgreSQL a transaction that began earlier may commit later; nobody's cursor goes past it meanwhile."""
    with holdfast.open(postgres.copy(postgres_template, "late")) as store, ThreadPoolExecutor(1) as threads:
        amina, ben = (store.tenant("acme").user(f"{name}@acme.test") for name in ("amina", "ben"))
        ada = store.tenant("acme").user("ada@acme.test")
        cursor = ada.audit.events().next
        slow = amina.conversations.create()
        begun, go_on = threading.Event(), threading.Event()

        def hold(tx):
            tx.run(hide, {"conversation_id": slow.id, "moment": slow.created_at})
            begun.set()
            go_on.wait(20)

        held = threads.submit(store.engine.write, amina.scope, "own", hold)
        assert begun.wait(10)
        ben.conversations.create()
        found, cursor = follow(ada.audit, cursor)
        assert [e.actor_id for e in found] == [amina.scope.actor_id]  # what settled before it began
        go_on.set()
        held.result(10)
        found, cursor = follow(ada.audit, cursor)
        assert [e.actor_id for e in found] == [ben.scope.actor_id]
    postgres.execute("DROP DATABASE late WITH (FORCE)")


def test_positions_go_on_rising_after_a_restore_into_another_server(postgres, postgres_template):
    """There transactions are numbered anew, from below what was given before."""
    url = postgres.copy(postgres_template, "elsewhere")
    with holdfast.open(url) as store:
        amina = store.tenant("acme").user("amina@acme.test")
        amina.conversations.create(title="before")
        door = Backdoor(store.engine)
        door.without_triggers("UPDATE audit_events SET position = position + 1000000000", table="audit_events")
    holdfast.migrate(url)
    with holdfast.open(url) as store:
        amina = store.tenant("acme").user("amina@acme.test")
        cursor = amina.audit.events().next
        amina.conversations.create(title="after")
        assert len(follow(amina.audit, cursor)[0]) == 1
    postgres.execute("DROP DATABASE elsewhere WITH (FORCE)")
