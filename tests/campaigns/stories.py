"""Stories told in a process of their own, because a fork, an interrupt or a crash would take the test with it.

    told = tell("fork_and_go_on", place)

runs the function of that name and gives what it printed; a story that fails or hangs raises, with its stderr.
"""

import faulthandler
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any

import holdfast
from holdfast import NewMessage
from holdfast.core.database.errors import StoreClosed
from holdfast.core.errors import Unavailable

from . import TESTS
from .checks import every_message, file_faults, log_faults
from .places import Place, conversations_of

PATIENCE_SECONDS = 60


def tell(story: str, place: Place) -> list[str]:
    """The lines that a story printed."""
    command = [sys.executable, "-m", "campaigns.stories", story, place.engine, place.url, place.key or ""]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([TESTS, *sys.path])}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=PATIENCE_SECONDS)
    lines = done.stdout.splitlines()
    if done.returncode != 0:
        raise AssertionError(f"{story} ended with {done.returncode}: {lines[-3:]}\n{done.stderr[-3000:]}")
    return [line for line in lines if "[error " not in line]  # of the log, which goes to stdout


def fork_and_go_on(place: Place) -> None:
    """Parent and child go on with a store that was in use before the fork."""
    with place.open() as store:
        conversations = conversations_of(store)
        chat = conversations.create(title="Fork").id
        _say(conversations, chat, "before", 5)
        child = _fork(lambda: _say_and_read(conversations, chat, "child", 30))
        _say_and_read(conversations, chat, "parent", 30)
        _expect_success(child)
        assert log_faults(conversations, chat) == []
        assert file_faults(store, place) == []
        assert len(every_message(conversations, chat)) == 65


def fork_and_close(place: Place) -> None:
    """The parent closes its store while the child goes on with it; prints what the child was told is durable."""
    store = place.open()
    conversations = conversations_of(store)
    chat = conversations.create(title="Fork").id
    _say(conversations, chat, "before", 5)
    ready, closed = os.pipe(), os.pipe()

    def go_on() -> None:
        _say(conversations, chat, "early", 5)
        os.write(ready[1], b".")
        os.read(closed[0], 1)
        _say(conversations, chat, "late", 5)

    child = _fork(go_on)
    os.read(ready[0], 1)
    store.close()
    os.write(closed[1], b".")
    _expect_success(child)
    print(chat)


def fork_and_leave(place: Place) -> None:
    """The child uses the store and ends as programs do, which ends what it inherited; the parent goes on."""
    with place.open() as store:
        conversations = conversations_of(store)
        chat = conversations.create(title="Fork").id
        _say(conversations, chat, "before", 5)
        child = os.fork()
        if child == 0:
            _say(conversations, chat, "child", 5)
            sys.exit(0)
        _expect_success(child)
        _say_and_read(conversations, chat, "parent", 5)
        assert log_faults(conversations, chat) == []
        assert file_faults(store, place) == []


def _fork(work: Callable[[], None]) -> int:
    child = os.fork()
    if child == 0:
        try:
            work()
        except BaseException:  # noqa: BLE001  # the child must not run the parent's code; its exit status tells
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    return child


def _expect_success(child: int) -> None:
    _, status = os.waitpid(child, 0)
    assert status == 0, f"the child ended with {status}"


def _say(conversations: Any, chat: object, who: str, times: int) -> None:
    for number in range(times):
        conversations.append(chat, role="user", content=f"{who} {number}", request_id=f"{who}-{number}")


def _say_and_read(conversations: Any, chat: object, who: str, times: int) -> None:
    for number in range(times):
        said = conversations.append(chat, role="user", content=f"{who} {number}")
        seen = conversations.last(chat, 100)
        assert said in seen
        assert [m.seq for m in seen] == list(range(seen[0].seq, seen[0].seq + len(seen)))


def interrupt_a_waiting_writer(place: Place) -> None:
    """Ctrl-C again and again in the main thread while others write; prints how often it struck."""
    signal.signal(signal.SIGINT, signal.default_int_handler)  # it is ignored in what a shell runs in the background
    struck = 0
    with place.open() as store:
        conversations = conversations_of(store)
        chat, other = (conversations.create(title=title).id for title in ("Mine", "Other"))
        with _busy_writers(conversations, other) as written:
            for attempt in range(40):
                struck += _interrupted(conversations, chat, f"try-{attempt}", 0.0005 * attempt)
            before = len(written)
            _until(lambda: len(written) > before + 20, "the others write no more")
        conversations.append(chat, role="user", content="afterwards")
        for place_of in (chat, other):
            assert log_faults(conversations, place_of) == []
        assert file_faults(store, place) == []
    print(struck)


def _interrupted(conversations: Any, chat: object, request: str, seconds: float) -> bool:
    """Append, with a SIGINT after so many seconds. Whether it struck; the append is there once or not at all."""
    pid = os.getpid()
    alarm = threading.Timer(seconds, os.kill, (pid, signal.SIGINT))
    struck = False
    try:
        alarm.start()
        conversations.append(chat, role="user", content=request, request_id=request)
        alarm.join()
        time.sleep(0.01)
    except KeyboardInterrupt:
        struck = True
    alarm.join()
    times = [m.request_id for m in _read_patiently(conversations, chat)].count(request)
    assert times <= 1
    return struck


def _read_patiently(conversations: Any, chat: object) -> list[holdfast.Message]:
    """All messages; an interrupt may have cost the connection it struck, and that is told once."""
    try:
        return every_message(conversations, chat)
    except Unavailable:
        return every_message(conversations, chat)


@contextmanager
def _busy_writers(conversations: Any, chat: object) -> Iterator[list[int]]:
    written: list[int] = []
    stop = threading.Event()

    def work() -> None:
        batch = [NewMessage(role="user", content="a part of a long import") for _ in range(50)]
        while not stop.is_set():
            written.append(conversations.append_many(chat, batch)[-1].seq)

    crew = [threading.Thread(target=work, daemon=True) for _ in range(3)]
    for thread in crew:
        thread.start()
    yield written
    stop.set()
    for thread in crew:
        thread.join(20)
        assert not thread.is_alive(), "a writer is blocked for ever"


def _until(holds: Callable[[], bool], otherwise: str) -> None:
    end = time.monotonic() + 20
    while not holds():
        if time.monotonic() > end:
            raise AssertionError(otherwise)
        time.sleep(0.005)


def interrupt_at_every_line(place: Place) -> None:
    """Ctrl-C at each line of an append's way through the engine; prints the lines that do lasting harm.

    Harm: another thread's append hangs, fails, or is acknowledged and not there.
    """
    line = 0
    while True:
        line += 1
        here = _fresh(place, line)
        store = here.open()
        conversations = conversations_of(store)
        chat = conversations.create(title=f"Line {line}").id
        said = [NewMessage(role="user", content="interrupted")]
        where = _interrupt_at(line, partial(conversations.append_many, chat, said))
        if where is None:
            store.close()
            return
        harm = _harm(here, conversations, chat)
        if harm is None:
            store.close()
        else:
            os.write(1, f"{where}: {harm}\n".encode())  # the store is lost: closing it might hang


def _fresh(place: Place, number: int) -> Place:
    """A copy of a SQLite store, since one that was harmed keeps its lock; a PostgreSQL store itself."""
    if place.engine != "sqlite":
        return place
    copy = place.path.with_name(f"copy-{number}.db")
    shutil.copy(place.path, copy)
    return replace(place, url=f"sqlite:///{copy}")


INTERRUPTED = {"sqlite": "commits.py", "postgresql": "postgres.py"}
"""Where each engine keeps what an interrupt must not leave half done."""


def _interrupt_at(wanted: int, call: Callable[[], object]) -> str | None:
    """Send SIGINT at so many lines into those files. Where that was; None if the call has not so many."""
    seen, where = 0, None

    def trace(frame: FrameType, event: str, _argument: object) -> Any:
        nonlocal seen, where
        if event == "line" and Path(frame.f_code.co_filename).name in INTERRUPTED.values():
            seen += 1
            if seen == wanted:
                where = f"{frame.f_code.co_name}:{frame.f_lineno}"
                signal.raise_signal(signal.SIGINT)
        return trace

    sys.settrace(trace)
    try:
        call()
    except KeyboardInterrupt:
        pass
    finally:
        sys.settrace(None)
    return where


def _harm(place: Place, conversations: Any, chat: object) -> str | None:
    ends: list[object] = []
    thread = threading.Thread(target=_append_into, args=(conversations, chat, ends), daemon=True)
    thread.start()
    thread.join(0.5)
    if not ends:
        return "another thread's append hangs"
    if isinstance(ends[0], Exception):
        return f"another thread's append fails with {type(ends[0]).__name__}"
    with place.open() as elsewhere:
        if ends[0] not in every_message(conversations_of(elsewhere), chat):
            return "another thread's append is acknowledged, and is not there"
        faults = log_faults(conversations_of(elsewhere), chat)
    return str(faults) if faults else None


def _append_into(conversations: Any, chat: object, ends: list[object]) -> None:
    try:
        ends.append(conversations.append(chat, role="user", content="another"))
    except Exception as error:  # noqa: BLE001  # judged by the caller
        ends.append(error)


def close_while_others_write(place: Place) -> None:
    """The store is closed under four writers; prints the conversation and what was acknowledged."""
    with place.open() as store:
        chat = conversations_of(store).create(title="Closing").id
    print(chat, flush=True)
    for attempt in range(8):
        _close_under_writers(place, chat, attempt)


def _close_under_writers(place: Place, chat: object, attempt: int) -> None:
    store = place.open()
    ends: list[BaseException] = []
    crew = [threading.Thread(target=_write_until_closed, args=(store, chat, f"{attempt}-{n}", ends)) for n in range(4)]
    for thread in crew:
        thread.start()
    time.sleep(0.05 + attempt * 0.007)
    store.close()
    for thread in crew:
        thread.join(20)
        assert not thread.is_alive(), "a writer hangs on a closed store"
    strange = [end for end in ends if not isinstance(end, StoreClosed)]
    assert len(ends) == 4, ends
    assert not strange, f"instead of StoreClosed: {strange!r}"


def _write_until_closed(store: holdfast.Store, chat: object, name: str, ends: list[BaseException]) -> None:
    try:
        conversations = conversations_of(store)
        for number in range(100_000):
            request = f"{name}-{number}"
            conversations.append(chat, role="user", content=request, request_id=request)
            os.write(1, f"{request}\n".encode())
    except Exception as error:  # noqa: BLE001  # judged by the caller
        ends.append(error)


STORIES = (
    fork_and_go_on,
    fork_and_close,
    fork_and_leave,
    interrupt_a_waiting_writer,
    interrupt_at_every_line,
    close_while_others_write,
)


def main() -> None:
    """Tell the story named on the command line."""
    faulthandler.enable()
    name, engine, url, key = sys.argv[1:]
    story = next(story for story in STORIES if story.__name__ == name)
    story(Place(engine, url, key or None))
    sys.stdout.flush()
    if threading.active_count() > 1:
        os._exit(0)  # a blocked daemon thread would keep a finished story from ending


if __name__ == "__main__":
    main()
