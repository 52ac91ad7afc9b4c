"""Two stores on one file; readers beside a long write; a server that was restarted under a pool."""

import signal
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from campaigns.checks import every_message, file_faults, log_faults, order_faults
from campaigns.places import conversations_of, durable_server, new_place

from holdfast.core import trail
from holdfast.core.database import Call
from holdfast.core.errors import Unavailable


def test_two_stores_on_one_place_in_one_process_do_not_disturb_each_other(here):
    with here.open() as first:
        chat = conversations_of(first).create().id
        with here.open() as second, ThreadPoolExecutor(4) as threads:
            for number, store in enumerate((first, second, first, second)):
                threads.submit(_append_in_order, conversations_of(store), chat, f"w{number}")
        _append_in_order(conversations_of(first), chat, "afterwards")  # closing the other dropped none of its locks
        assert len(every_message(conversations_of(first), chat)) == 5 * 50
        assert order_faults(conversations_of(first), chat) == []
        assert log_faults(conversations_of(first), chat) == []
        assert file_faults(first, here) == []


def _append_in_order(conversations, chat, name):
    for number in range(50):
        conversations.append(chat, role="user", content=f"{name} {number}")


def test_readers_never_wait_for_a_long_write_and_do_not_see_it(here):
    with here.open() as store, ThreadPoolExecutor(2) as threads:
        conversations = conversations_of(store)
        chat = conversations.create().id
        conversations.append(chat, role="user", content="before")
        writing, let_go = threading.Event(), threading.Event()
        work = type(conversations).append.__wrapped__(conversations, chat, role="user", content="slowly")
        line = trail.event(store.engine.trail, conversations.scope, "conversations.append", work.about)
        work = Call(work.procedure, {**work.params, **line}, about=work.about)
        long = threads.submit(store.engine.write, conversations.scope, "own", _held_open(work, writing, let_go))
        try:
            assert writing.wait(10)
            for _ in range(50):
                read = threads.submit(conversations.last, chat)
                assert [m.content for m in read.result(timeout=5)] == ["before"]
        finally:
            let_go.set()
        long.result(timeout=10)
        assert [m.content for m in conversations.last(chat)] == ["before", "slowly"]


def _held_open(work: Callable, writing: threading.Event, let_go: threading.Event) -> Callable:
    def slow(tx):
        done = work(tx)
        writing.set()
        let_go.wait(10)
        return done

    return slow


def test_a_pool_of_idle_connections_survives_a_restart_of_the_server():
    with durable_server() as server:
        place = new_place("postgresql", server, "restarted")
        with place.open() as store, ThreadPoolExecutor(4) as threads:
            conversations = conversations_of(store)
            chat = conversations.create().id
            list(threads.map(lambda n: _append_in_order(conversations, chat, f"w{n}"), range(4)))
            _restart(server)
            refused = sum(_refused(conversations, chat) for _ in range(10))
            assert refused <= 1, "one refusal tells of the restart; the next call must work"
            assert len(every_message(conversations, chat)) == 200 + 10 - refused
            assert log_faults(conversations, chat) == []


def _restart(server):
    server.process.send_signal(signal.SIGINT)
    server.process.wait(timeout=30)
    server.start()


def _refused(conversations, chat) -> bool:
    try:
        conversations.append(chat, role="user", content="after the restart")
    except Unavailable:
        return True
    return False


@pytest.mark.parametrize("size", [512, 2048])
def test_a_file_whose_last_page_is_half_written_opens_when_its_log_is_whole(tmp_path, size):
    """What a power cut or a full disk leaves in the middle of a checkpoint; SQLite takes the page from the log."""
    place = new_place("sqlite", tmp_path, "store")
    with place.path.open("ab") as file:
        file.write(bytes(size))
    with place.open() as store:
        assert conversations_of(store).list().items == ()
