"""Sharing commits: on a real connection, with the statements it ran recorded."""

import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlcipher3 import dbapi2 as sqlcipher

from holdfast.core.database.commits import BATCH, CommitQueue


class Recorded:
    """A real connection that remembers the statements given to it."""

    def __init__(self, path):
        self.connection = sqlcipher.connect(str(path), isolation_level=None, check_same_thread=False)
        self.statements = []

    @property
    def in_transaction(self):
        return self.connection.in_transaction

    def execute(self, sql, *values):
        self.statements.append(sql)
        return self.connection.execute(sql, *values)

    def count(self, sql):
        return sum(statement == sql for statement in self.statements)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "plain.db"


@pytest.fixture
def writer(path):
    made = Recorded(path)
    made.connection.execute("PRAGMA journal_mode = WAL")
    made.connection.execute("PRAGMA foreign_keys = ON")
    made.connection.execute("CREATE TABLE parent (id INTEGER PRIMARY KEY)")
    made.connection.execute(
        "CREATE TABLE rows (n INTEGER UNIQUE, parent INTEGER REFERENCES parent DEFERRABLE INITIALLY DEFERRED)"
    )
    yield made
    made.connection.close()


@pytest.fixture
def queue(writer):
    return CommitQueue(writer)


def stored(path):
    connection = sqlcipher.connect(str(path))
    try:
        return [n for (n,) in connection.execute("SELECT n FROM rows ORDER BY rowid")]
    finally:
        connection.close()


class Held:
    """A first job that holds the queue until it is let go, so that others gather behind it."""

    def __init__(self, queue, writer, threads):
        self.begun, self.let_go = threading.Event(), threading.Event()
        self.queue, self.threads = queue, threads
        self.future = threads.submit(queue.submit, self._work)
        self.begun.wait(5)

    def _work(self):
        self.begun.set()
        self.let_go.wait(10)

    def submit(self, work):
        """Queue a job, and wait until it is in the queue."""
        waiting = len(self.queue._waiting)
        future = self.threads.submit(self.queue.submit, work)
        until(lambda: len(self.queue._waiting) > waiting)
        return future


def until(condition):
    end = time.monotonic() + 5
    while not condition():
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.001)


@pytest.fixture
def threads():
    with ThreadPoolExecutor(BATCH * 2 + 10) as pool:
        yield pool


@pytest.fixture
def held(queue, writer, threads):
    made = Held(queue, writer, threads)
    yield made
    made.let_go.set()


def insert(writer, n, parent=None):
    return lambda: writer.connection.execute("INSERT INTO rows VALUES (?, ?)", (n, parent)) and n


def test_a_lone_job_is_committed_when_it_returns(queue, writer, path):
    assert queue.submit(insert(writer, 1)) == 1
    assert stored(path) == [1]
    assert writer.statements == ["BEGIN IMMEDIATE", "COMMIT"]


def test_jobs_that_wait_share_a_commit_in_the_order_they_came(held, writer, path):
    futures = [held.submit(insert(writer, n)) for n in range(20)]
    held.let_go.set()
    assert [future.result(5) for future in futures] == list(range(20))
    assert stored(path) == list(range(20))
    assert writer.count("COMMIT") == 2


def test_a_batch_has_so_many_jobs_at_most(held, writer, path):
    futures = [held.submit(insert(writer, n)) for n in range(BATCH + 5)]
    held.let_go.set()
    assert [future.result(5) for future in futures] == list(range(BATCH + 5))
    assert stored(path) == list(range(BATCH + 5))
    assert writer.count("COMMIT") == 3


def test_nothing_is_acknowledged_before_its_commit(held, writer, path):
    released = []
    second = threading.Event()

    def slow():
        insert(writer, 2)()
        second.wait(5)

    first = held.submit(insert(writer, 1))
    first.add_done_callback(lambda _: released.append(stored(path)))
    last = held.submit(slow)
    held.let_go.set()
    until(lambda: writer.count("SAVEPOINT job") == 2)
    assert not first.done()
    assert stored(path) == []
    second.set()
    last.result(5)
    first.result(5)
    until(lambda: released)
    assert released == [[1, 2]]


def test_an_error_in_one_job_does_not_hurt_the_others(held, writer, path):
    def fail():
        insert(writer, 99)()
        raise ValueError("mine alone")

    before, failing, after = held.submit(insert(writer, 1)), held.submit(fail), held.submit(insert(writer, 2))
    held.let_go.set()
    assert (before.result(5), after.result(5)) == (1, 2)
    with pytest.raises(ValueError, match="mine alone"):
        failing.result(5)
    assert stored(path) == [1, 2]


def test_an_error_of_a_lone_job_leaves_nothing(queue, writer, path):
    def fail():
        insert(writer, 1)()
        raise ValueError("alone")

    with pytest.raises(ValueError, match="alone"):
        queue.submit(fail)
    assert stored(path) == []
    assert queue.submit(insert(writer, 2)) == 2


def test_when_the_engine_rolls_the_whole_batch_back_the_jobs_are_run_one_by_one(held, writer, path):
    def violate():
        writer.connection.execute("INSERT OR ROLLBACK INTO rows VALUES (1, NULL)")

    futures = [held.submit(job) for job in (insert(writer, 1), violate, insert(writer, 2))]
    held.let_go.set()
    assert (futures[0].result(5), futures[2].result(5)) == (1, 2)
    with pytest.raises(sqlcipher.IntegrityError):
        futures[1].result(5)
    assert stored(path) == [1, 2]


def test_when_the_commit_fails_only_the_one_at_fault_is_refused(held, writer, path):
    futures = [held.submit(job) for job in (insert(writer, 1), insert(writer, 2, parent=7), insert(writer, 3))]
    held.let_go.set()
    assert (futures[0].result(5), futures[2].result(5)) == (1, 3)
    with pytest.raises(sqlcipher.IntegrityError, match="FOREIGN KEY"):
        futures[1].result(5)
    assert stored(path) == [1, 3]


def test_when_the_transaction_cannot_begin_every_job_is_told(writer, path, threads):
    writer.connection.execute("PRAGMA busy_timeout = 0")
    other = sqlcipher.connect(str(path), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    queue = CommitQueue(writer)
    for _ in range(3):
        with pytest.raises(sqlcipher.OperationalError, match="locked"):
            queue.submit(insert(writer, 1))
    other.execute("ROLLBACK")
    other.close()
    assert queue.submit(insert(writer, 2)) == 2


class Interrupt(BaseException):
    """What Ctrl-C is to a program."""


def interrupt():
    raise Interrupt


def test_an_interrupted_leader_leaves_the_others_to_be_run(held, writer, path):
    futures = [held.submit(job) for job in (interrupt, insert(writer, 1), insert(writer, 2))]
    held.let_go.set()
    with pytest.raises(Interrupt):
        futures[0].result(5)
    assert [future.result(5) for future in futures[1:]] == [1, 2]
    assert stored(path) == [1, 2]
    assert held.queue.submit(insert(writer, 3)) == 3


def test_an_interrupt_in_the_middle_of_a_batch_doubles_and_loses_nothing(held, writer, path):
    """The leader is told, whoever's work it was; what had not been committed is run again."""
    once = iter([Interrupt()])

    def interrupted_once():
        for error in once:
            raise error
        return insert(writer, 2)()

    futures = [held.submit(job) for job in (insert(writer, 1), interrupted_once, insert(writer, 3))]
    held.let_go.set()
    with pytest.raises(Interrupt):
        futures[0].result(5)
    assert [future.result(5) for future in futures[1:]] == [2, 3]
    assert stored(path) == [2, 3]


def interrupt_main_thread():
    signal.setitimer(signal.ITIMER_REAL, 0.05)


@pytest.fixture
def alarm():
    """Ctrl-C, arriving a twentieth of a second after it is asked for."""
    before = signal.signal(signal.SIGALRM, lambda *_: interrupt())
    yield interrupt_main_thread
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)


def test_an_interrupted_waiter_leaves_and_its_work_is_not_done(held, writer, path, alarm):
    alarm()
    with pytest.raises(Interrupt):
        held.queue.submit(insert(writer, 1))
    after = held.submit(insert(writer, 2))
    held.let_go.set()
    assert after.result(5) == 2
    assert stored(path) == [2]


def test_the_queue_goes_on_after_a_waiter_and_then_its_leader_were_interrupted(held, writer, path, threads, alarm):
    let_leader_go = threading.Event()

    def leader():
        let_leader_go.wait(5)
        interrupt()

    leading = held.submit(leader)
    threading.Timer(0.02, held.let_go.set).start()  # the leader takes the waiter into its batch
    alarm()
    with pytest.raises(Interrupt):
        held.queue.submit(insert(writer, 1))
    let_leader_go.set()
    with pytest.raises(Interrupt):
        leading.result(5)
    after = threads.submit(held.queue.submit, insert(writer, 2))
    try:
        assert after.result(3) == 2
    finally:
        for job in held.queue._waiting:  # or the threads of a queue that is stuck would never end
            job.error, job.finished = RuntimeError("stuck"), True
            if job.gate.locked():
                job.gate.release()


def test_many_threads_store_every_row_once(queue, writer, path, threads):
    done = list(threads.map(lambda n: queue.submit(insert(writer, n)), range(2000)))
    assert done == list(range(2000))
    assert sorted(stored(path)) == list(range(2000))
    assert writer.count("COMMIT") == writer.count("BEGIN IMMEDIATE")
