"""Busy says what was waited for, how long, and what to do; and nothing of the call was written."""

import threading
from contextlib import contextmanager

import psycopg
import pytest

import holdfast
from holdfast.core.database.errors import Busy

SECONDS = 0.1


@pytest.fixture
def amina(place):
    settings = holdfast.Settings(pool=1, busy_seconds=SECONDS, seal_seconds=600)  # nobody else wants the connection
    with holdfast.open(place.url, place.key, settings=settings) as store:
        yield store.tenant("acme").user("amina@acme.test")


@contextmanager
def a_transaction(room, kind):
    """One that is open in another thread."""
    begun, over = threading.Event(), threading.Event()

    def work(tx):
        begun.set()
        over.wait(20)

    thread = threading.Thread(target=getattr(room.engine, kind), args=(room.scope, "own", work))
    thread.start()
    assert begun.wait(20)
    try:
        yield
    finally:
        over.set()
        thread.join(20)


def test_without_a_connection_it_says_how_many_were_in_use(amina):
    chat = amina.conversations.create()
    with a_transaction(amina.conversations, "read"), pytest.raises(Busy) as caught:
        amina.conversations.get(chat.id)
    error = caught.value
    assert (error.code, error.status, error.waited_for) == ("busy", 503, "connection")
    assert (error.seconds, error.in_use, error.waiting) == (SECONDS, 1, 0)
    assert str(error) == (
        "no connection to the database came free in 0.1 s: 1 were in use, the most this store opens, and 0 other calls "
        "were waiting; repeat the call. If it happens often, raise the setting `pool` (HOLDFAST_POOL), or have fewer "
        "calls at a time"
    )
    assert amina.conversations.get(chat.id).id == chat.id


@pytest.mark.parametrize("place", ["postgresql"], indirect=True)
def test_on_postgresql_a_lock_that_others_hold_is_said_to_be_one(amina, place):
    chat = amina.conversations.create(title="before")
    with psycopg.connect(place.url) as other:
        other.execute("SELECT FROM holdfast.conversations WHERE id = %s FOR UPDATE", [chat.id])
        with pytest.raises(Busy, match=r"another transaction held a lock .* 0.1 s; .*HOLDFAST_BUSY_SECONDS") as caught:
            amina.conversations.edit(chat.id, title="after")
    assert (caught.value.code, caught.value.waited_for, caught.value.seconds) == ("busy", "lock", SECONDS)
    assert amina.conversations.get(chat.id).title == "before"
    assert amina.conversations.edit(chat.id, title="after").title == "after"


@pytest.mark.parametrize("place", ["sqlite"], indirect=True)
def test_on_sqlite_the_write_lock_that_another_process_holds_is_said_to_be_one(amina, place):
    engine = amina.conversations.engine
    other = engine.connect()
    other.execute("BEGIN IMMEDIATE")
    try:
        with pytest.raises(Busy, match=r"held the write lock of the file for 0.1 s; .*HOLDFAST_BUSY_SECONDS") as caught:
            amina.conversations.create(title="never")
    finally:
        other.close()
    assert (caught.value.code, caught.value.waited_for, caught.value.seconds) == ("busy", "write_lock", SECONDS)
    assert [chat.title for chat in amina.conversations.list().items] == []
