"""A commit queue on a real connection, with the statements it ran recorded."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlcipher3 import dbapi2 as sqlcipher
from support.waiting import until

from holdfast.core.database.commits import BATCH, CommitQueue


class Recorded:
    """A real connection that remembers the statements given to it."""

    def __init__(self, path):
        self.connection = sqlcipher.connect(str(path), isolation_level=None, check_same_thread=False)
        self.statements = []

    @property
    def in_transaction(self):
        return self.connection.in_transaction

    @property
    def total_changes(self):
        return self.connection.total_changes

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
    return CommitQueue(writer, busy=sqlcipher.OperationalError, patience=0.2)


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


@pytest.fixture
def threads():
    with ThreadPoolExecutor(BATCH * 2 + 10) as pool:
        yield pool


@pytest.fixture
def held(queue, writer, threads):
    made = Held(queue, writer, threads)
    yield made
    made.let_go.set()
