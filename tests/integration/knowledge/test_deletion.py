"""Of what is deleted nothing is left: no byte in a SQLite file, no row on PostgreSQL."""

import re
from pathlib import Path

import pytest
from integration.knowledge.conftest import give
from support.backdoor import Backdoor

import holdfast
from holdfast.core.embedders import HashingEmbedder

TABLES = ("documents", "chunks", "lexical_index", "lexical_counts", "vectors")


def store_with(url):
    store = holdfast.create(url)
    store.system().identity.create_tenant("acme")
    store.system().identity.create_user("amina@acme.test", tenant="acme")
    give(store, "amina@acme.test", "SABCD")
    return store


def test_no_byte_of_a_document_is_left_in_a_plain_file(tmp_path):
    path = Path(tmp_path) / "plain.db"
    with store_with(f"sqlite:///{path}") as store:
        me = store.tenant("acme").user("amina@acme.test").knowledge
        base = me.create_base("base").id
        for n in range(20):
            me.add(base, f"A text that stays, number {n}. " * 50)
        gone = me.add(base, "The zanzibar heliotrope flies. " * 3_000, title="Xylophone", metadata={"a": "quokka"})
        me.search("zanzibar", base=base)
        me.replace(gone.id, "The wombat heliotrope flies. " * 3_000)
        me.delete(gone.id)
        base = me.create_base("vectors", embedder="hashing:64").id
        kept = me.add(base, "What stays.")
        texts = [f"The heliotrope flies at {n}." for n in range(50)]
        added = [me.add(base, text) for text in texts]
        planted = [vector.tobytes() for vector in HashingEmbedder(64).embed(texts)]
        assert all(vector in _pages(path) for vector in planted), "they were there to be found"
        me.delete(added[0].id)
        me.replace(added[1].id, "Another text.")
        me.reindex(base, embedder="hashing:128")
        assert me.document(kept.id).pending == 0
        me.delete_base(base)
    data = path.read_bytes()
    assert [vector for vector in planted if vector in data] == []
    assert re.findall(rb"(?i)zanzib|heliotr|wombat|xylophone|quokka", data) == []


def _pages(path):
    return path.read_bytes() + path.with_name(path.name + "-wal").read_bytes()


@pytest.mark.parametrize("ending", ["document", "base", "workspace"])
def test_no_row_is_left(sync_store, ending):
    give(sync_store, "amina@acme.test", "SABCD")
    root = sync_store.system().identity
    room = root.create_workspace("Client", tenant="acme").id
    me = sync_store.tenant("acme").user("amina@acme.test").knowledge
    base = me.create_base("base", workspace=room, embedder="hashing:64").id
    added = me.add(base, "heliotrope " * 2_000, clearance="S")
    if ending == "document":
        me.delete(added.id)
    elif ending == "base":
        me.delete_base(base)
    else:
        root.archive_workspace(room, tenant="acme")
        root.delete_workspace(room, tenant="acme")
    door = Backdoor(sync_store.engine)
    assert {table: door.run(f"SELECT count(*) FROM {table}")[0][0] for table in TABLES} == dict.fromkeys(TABLES, 0)
