"""Threads that share a SQLite file's writer: no cursor outlives its transaction, where it would disturb another."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext

import pytest
from sqlcipher3 import dbapi2 as driver

import holdfast
from holdfast.domains.conversations import NewMessage, search_queries


@pytest.fixture
def amina(tmp_path):
    with holdfast.create(f"sqlite:///{tmp_path}/threads.db") as store:
        root = store.system().identity
        root.create_tenant("acme")
        root.create_user("amina@acme.test", tenant="acme")
        yield store.tenant("acme").user("amina@acme.test")


@pytest.mark.parametrize("kind", ["read", "write"])
@pytest.mark.parametrize("fails", [False, True])
def test_a_transactions_cursor_is_closed_with_it(amina, kind, fails):
    kept = []

    def work(tx):
        kept.append(tx)
        return {}["nothing"] if fails else None

    with pytest.raises(KeyError) if fails else nullcontext():
        getattr(amina.conversations.engine, kind)(amina.scope, "own", work)
    with pytest.raises(driver.ProgrammingError, match="closed cursor"):
        kept[0].all(search_queries.any_unindexed)


def test_threads_that_write_many_rows_by_the_same_statement_fail_nobody(amina):
    def write(_):
        for _ in range(60):
            chat = amina.conversations.create()
            amina.conversations.append_many(chat.id, [NewMessage(role="user", content="hello")] * 3)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, range(4)))
    assert len(amina.conversations.list(limit=200, hidden=True).items) == 200
