"""Sharing commits: what waits together is committed together, and nothing is acknowledged before."""

import threading

import pytest
from sqlcipher3 import dbapi2 as sqlcipher
from support.waiting import until
from unit.commits.helpers import insert, stored

from holdfast.core.database.commits import BATCH, CommitQueue


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
    under_way, second = threading.Event(), threading.Event()

    def slow():
        insert(writer, 2)()
        under_way.set()
        second.wait(5)

    first = held.submit(insert(writer, 1))
    first.add_done_callback(lambda _: released.append(stored(path)))
    last = held.submit(slow)
    held.let_go.set()
    assert under_way.wait(5)
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
    assert writer.count("ROLLBACK TO job") == 1


def test_an_error_before_any_change_costs_the_others_nothing(held, writer, path):
    def refuse():
        raise ValueError("refused")

    before, failing, after = held.submit(insert(writer, 1)), held.submit(refuse), held.submit(insert(writer, 2))
    held.let_go.set()
    assert (before.result(5), after.result(5)) == (1, 2)
    with pytest.raises(ValueError, match="refused"):
        failing.result(5)
    assert stored(path) == [1, 2]
    assert writer.statements == ["BEGIN IMMEDIATE", "COMMIT"] * 2


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
    queue = CommitQueue(writer, busy=sqlcipher.OperationalError, patience=0.1)
    for _ in range(3):
        with pytest.raises(sqlcipher.OperationalError, match="locked"):
            queue.submit(insert(writer, 1))
    other.execute("ROLLBACK")
    other.close()
    assert queue.submit(insert(writer, 2)) == 2


def test_many_threads_store_every_row_once(queue, writer, path, threads):
    done = list(threads.map(lambda n: queue.submit(insert(writer, n)), range(2000)))
    assert done == list(range(2000))
    assert sorted(stored(path)) == list(range(2000))
    assert writer.count("COMMIT") == writer.count("BEGIN IMMEDIATE")
