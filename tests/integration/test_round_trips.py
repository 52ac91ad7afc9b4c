"""On PostgreSQL a transaction opens with its first statements, in one message; how that ends when something fails."""

import re
import tempfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from support.waiting import until

import holdfast
from holdfast import NewMessage
from holdfast.core.database import postgres_cursor
from holdfast.core.database.errors import Unavailable
from holdfast.domains.conversations import queries
from holdfast.domains.conversations.errors import ConversationNotFound


@pytest.fixture
def store(postgres, postgres_template, request):
    name = f"trips_{abs(hash(request.node.nodeid))}"
    with holdfast.open(postgres.copy(postgres_template, name)) as opened:
        yield opened
    postgres.drop(name)


@pytest.fixture
def room(store):
    return store.tenant("acme").user("amina@acme.test").conversations


@pytest.fixture
def chat(room):
    chat = room.create()
    room.append_many(chat.id, [NewMessage(role="user", content=f"message {n}") for n in range(1, 31)])
    return chat.id


@pytest.fixture
def cursor(room, chat):
    room.last(chat)
    return room.engine._pool._idle[-1]


@contextmanager
def sent(cursor):
    """What asks for an answer while the block runs: `Sync`, or a plain query."""
    found = []
    with tempfile.NamedTemporaryFile() as log:
        cursor.connection.pgconn.trace(log.fileno())
        yield found
        cursor.connection.pgconn.untrace()
        found += re.findall(r"^\S+ \S+\tF\t\d+\t(Sync|Query)", Path(log.name).read_text(), re.M)


@pytest.mark.parametrize(
    "read",
    [
        lambda room, chat: room.last(chat),
        lambda room, chat: room.get(chat),
        lambda room, chat: room.list(),
        lambda room, chat: room.summaries(chat),
    ],
    ids=["last", "get", "list", "summaries"],
)
def test_a_read_waits_for_one_answer(room, chat, cursor, read):
    read(room, chat)
    with sent(cursor) as messages:
        read(room, chat)
    assert messages == ["Sync", "Query"]  # the COMMIT, which nobody waits for


def test_a_summary_is_written_in_four_round_trips(room, chat, cursor):
    room.summarize(chat, "They talked.")
    with sent(cursor) as messages:
        assert room.summarize(chat, "They talked for long.").version == 2
    assert messages == ["Sync", "Sync", "Sync", "Query"]


def test_work_that_asks_nothing_sends_nothing(room, cursor):
    with sent(cursor) as messages:
        assert room.engine.read(room.scope, "own", lambda tx: 7) == 7
    assert messages == []


def test_one_of_several_that_fails_is_raised_and_the_connection_serves_on(room, chat, cursor):
    with pytest.raises(psycopg.errors.DivisionByZero):
        cursor.together([("SELECT 1", ()), ("SELECT 1 / $1::int", (0,)), ("SELECT 2", ())])
    assert cursor.together([("SELECT 1", ()), ("SELECT 2", ())]) == [[(1,)], [(2,)]]
    assert len(room.last(chat)) == 20


def test_a_transaction_whose_opening_fails_is_not_begun(room, cursor):
    cursor.begin([("BEGIN", ()), ("SELECT 1 / $1::int", (0,))])
    with pytest.raises(psycopg.errors.DivisionByZero):
        cursor.execute("SELECT 1")
    assert cursor.is_opened()
    cursor.run(b"ROLLBACK")
    assert cursor.is_out_of_transaction()


def test_a_connection_that_was_to_open_a_transaction_is_not_lent_again(room, cursor):
    class Gone(BaseException):
        pass

    def work(tx):
        raise Gone

    with pytest.raises(Gone):
        room.engine.read(room.scope, "own", work)
    assert cursor not in room.engine._pool._idle


def test_the_scope_ends_with_its_transaction(room, chat, cursor):
    room.last(chat)
    cursor.execute("SELECT current_setting('holdfast.tenant_id', true), count(*) FROM conversations")
    assert cursor.fetchall() == [("", 0)]


def test_a_refused_read_leaves_no_transaction_open(room, cursor):
    with pytest.raises(ConversationNotFound):
        room.last("00000000-0000-7000-8000-000000000000")
    assert all(kept.is_out_of_transaction() for kept in room.engine._pool._idle)


def test_a_broken_line_is_named_and_the_next_call_has_another(room, chat, cursor, postgres):
    postgres.execute(f"SELECT pg_terminate_backend({cursor.connection.info.backend_pid}, 5000)")
    with pytest.raises(Unavailable):
        room.last(chat)
    assert len(room.last(chat)) == 20


def test_a_line_that_breaks_between_two_statements_is_named(room, chat, cursor, postgres):
    pid = cursor.connection.info.backend_pid

    def work(tx):
        found = tx.first(queries.conversation, {"conversation_id": chat})
        postgres.execute(f"SELECT pg_terminate_backend({pid}, 5000)")
        return tx.together((queries.conversation, {"conversation_id": found.id}))

    with pytest.raises(Unavailable):
        room.engine.read(room.scope, "own", work)
    assert len(room.last(chat)) == 20


def test_many_statements_at_once_are_not_lost_to_making_room(cursor, monkeypatch):
    monkeypatch.setattr(postgres_cursor, "MOST_STATEMENTS", len(cursor._prepared) + 1)
    assert cursor.together([("SELECT 1 AS a", ()), ("SELECT 2 AS b", ())]) == [[(1,)], [(2,)]]


def test_who_waits_for_the_server_keeps_nobody_from_running(cursor):
    with psycopg.connect(cursor.connection.info.dsn, autocommit=True) as other, ThreadPoolExecutor(1) as threads:
        other.execute("SELECT pg_advisory_lock(42)")
        wanted = [("SET lock_timeout = '5s'", ()), ("SELECT pg_advisory_lock(42)", ())]
        waiting = threads.submit(cursor.together, wanted)
        until(lambda: other.execute("SELECT FROM pg_locks WHERE NOT granted").rowcount == 1)
        other.execute("SELECT pg_advisory_unlock(42)")
        assert len(waiting.result(10)) == 2
