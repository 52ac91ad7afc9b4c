"""On PostgreSQL appends that overlap are made together, in one transaction; each still is its own caller's."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import psycopg
import pytest
from support.waiting import until

import holdfast
from holdfast import HoldfastError
from holdfast.core.database import postgres_sharing
from holdfast.domains.conversations.append import append_message
from holdfast.domains.conversations.errors import ConversationNotActive, ConversationNotFound


@pytest.fixture
def store(postgres, postgres_template, request):
    name = f"together_{abs(hash(request.node.nodeid))}"
    with holdfast.open(postgres.copy(postgres_template, name)) as opened:
        yield opened
    postgres.drop(name)


@pytest.fixture
def amina(store):
    return store.tenant("acme").user("amina@acme.test")


@pytest.fixture
def threads():
    with ThreadPoolExecutor(20) as pool:
        yield pool


@contextmanager
def held(amina, conversation):
    """Nobody else can append to a conversation meanwhile."""
    with psycopg.connect(amina.conversations.engine._conninfo) as connection:
        connection.execute("SET search_path = holdfast")
        connection.execute("SELECT FROM conversations WHERE id = %s FOR UPDATE", [conversation.id])
        yield


def say(person, conversation, content, **more):
    return person.conversations.append(conversation.id, role="user", content=content, **more)


@pytest.fixture
def together(store, amina, threads, monkeypatch):
    """Makes calls that gather while a first one waits for a lock: what each gave, or its error."""
    monkeypatch.setattr(postgres_sharing, "PATIENCE", 30.0)
    monkeypatch.setattr("holdfast.domains.conversations.indexing.EVERY", 1 << 130)
    queue = amina.conversations.engine._shared_calls(append_message)
    first = amina.conversations.create()

    def run(*calls):
        with held(amina, first):
            leading = threads.submit(say, amina, first, "leading")
            until(lambda: queue._led)
            waiting = []
            for call in calls:
                waiting.append(threads.submit(call))
                until(lambda: len(queue._waiting) == len(waiting))
        leading.result(10)
        return [future.exception(10) or future.result() for future in waiting]

    return run


def positions(person):
    """The place in the trail of each message that a person wrote; those of one transaction have one place."""
    events = person.audit.list(limit=100).items
    return {event.details["message"]: event.position for event in events if "message" in event.details}


def test_appends_that_overlap_are_one_transaction_and_each_has_its_own_result(store, amina, together):
    chats = [amina.conversations.create() for _ in range(6)]
    said = together(*[lambda c=chat, n=n: say(amina, c, f"apple {n}") for n, chat in enumerate(chats)])
    assert [(m.conversation_id, m.seq, m.content) for m in said] == [
        (chat.id, 1, f"apple {n}") for n, chat in enumerate(chats)
    ]
    where = positions(store.tenant("acme").user("ada@acme.test"))
    assert len({where[str(message.id)] for message in said}) == 1
    for chat, message in zip(chats, said, strict=True):
        assert amina.conversations.verify(chat.id).ok
        assert amina.conversations.last(chat.id) == [message]
        assert amina.conversations.get(chat.id).last_message_at == message.created_at
    assert {hit.message.id for hit in amina.conversations.search("apple")} == {message.id for message in said}


def test_each_is_held_to_its_own_tenant_and_person(store, amina, together):
    gus = store.tenant("globex").user("gus@globex.test")
    ben = store.tenant("acme").user("ben@acme.test")
    hers, his, bens = (person.conversations.create() for person in (amina, gus, ben))
    mine, strange, foreign, his_own, bens_own = together(
        lambda: say(amina, hers, "mine"),
        lambda: say(amina, his, "not mine"),
        lambda: say(gus, bens, "not his"),
        lambda: say(gus, his, "his"),
        lambda: say(ben, bens, "Ben's"),
    )
    assert [type(strange), type(foreign)] == [ConversationNotFound, ConversationNotFound]
    for person, chat, message in ((amina, hers, mine), (gus, his, his_own), (ben, bens, bens_own)):
        assert person.conversations.last(chat.id) == [message]
        assert person.conversations.verify(chat.id).ok


def test_one_that_fails_or_was_there_before_changes_nothing_for_the_others(amina, together):
    good, closed, twice, replayed = (amina.conversations.create() for _ in range(4))
    first = say(amina, replayed, "once", request_id="r-1")
    amina.conversations.close(closed.id)
    results = together(
        lambda: say(amina, good, "good", request_id="r-1", metadata={"a": "ü"}, parts=None),
        lambda: say(amina, closed, "too late"),
        lambda: say(amina, twice, "one"),
        lambda: say(amina, twice, "two"),
        lambda: say(amina, replayed, "again", request_id="r-1"),
        lambda: say(amina, replayed, "next", request_id="r-2"),
    )
    assert (results[0].content, results[0].metadata, results[0].request_id) == ("good", {"a": "ü"}, "r-1")
    assert isinstance(results[1], ConversationNotActive)
    assert sorted((results[2].seq, results[3].seq)) == [1, 2]
    assert (results[4].id, results[4].content, results[4].replayed) == (first.id, "once", True)
    assert results[5].seq == 2
    for chat in (good, closed, twice, replayed):
        assert amina.conversations.verify(chat.id).ok


def test_a_conversation_that_somebody_holds_delays_no_other(store, amina, threads):
    slow, quick = amina.conversations.create(), [amina.conversations.create() for _ in range(8)]
    with held(amina, slow):
        stuck = threads.submit(say, amina, slow, "waits")
        for _ in range(3):
            futures = [threads.submit(say, amina, chat, "does not") for chat in quick]
            assert all(future.result(10) for future in futures)
        assert not stuck.done()
    assert stuck.result(10).seq == 1


def test_when_the_line_breaks_each_is_told_and_none_is_stored_twice(store, amina, together):
    chats = [amina.conversations.create() for _ in range(4)]

    with psycopg.connect(amina.conversations.engine._conninfo, autocommit=True) as connection:
        connection.execute(
            "CREATE FUNCTION holdfast.cut() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS"
            " $$BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END$$"
        )
        connection.execute(
            "CREATE CONSTRAINT TRIGGER cut AFTER INSERT ON holdfast.messages DEFERRABLE INITIALLY DEFERRED"
            " FOR EACH ROW WHEN (NEW.content = 'cut') EXECUTE FUNCTION holdfast.cut()"
        )
    results = together(*[lambda c=chat: say(amina, c, "cut") for chat in chats])
    assert {type(result).__name__ for result in results} == {"Unavailable"}
    assert all(isinstance(result, HoldfastError) for result in results)
    assert [amina.conversations.get(chat.id).message_count for chat in chats] == [0] * 4
