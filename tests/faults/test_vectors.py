"""Vectors under several processes, and when one is killed; and what is left of them in a file."""

import multiprocessing
import random
import struct
from uuid import UUID, uuid4

import pytest
from support.vectors import Vectors, direction, keep_storing

import holdfast
from holdfast.core.vectors import count, create_index, drop_index, missing, nearest, remove, store

DIMENSION = 32
SPAWN = multiprocessing.get_context("spawn")


def make(place):
    with holdfast.open(place.url, place.key) as opened:
        person = Vectors(opened, "acme", "amina@acme.test")
        return person.write(lambda tx: create_index(tx, purpose="knowledge", embedder="e", dimension=DIMENSION))


@pytest.mark.thorough(on="postgresql")
def test_processes_store_into_one_index_and_nothing_is_lost(here):
    index, same, told = make(here), [uuid4() for _ in range(20)], SPAWN.Queue()
    writers = [SPAWN.Process(target=keep_storing, args=(here.url, here.key, told, n, 6, same)) for n in range(2)]
    for writer in writers:
        writer.start()
    stored = {UUID(item) for _ in range(12) for item in told.get(timeout=120)}
    for writer in writers:
        writer.join(60)
    assert [writer.exitcode for writer in writers] == [0, 0]
    assert len(stored) == 20 + 2 * 6 * 30
    with holdfast.open(here.url, here.key) as opened:
        person = Vectors(opened, "acme", "amina@acme.test")
        assert person.read(lambda tx: count(tx, index)) == len(stored)
        assert person.read(lambda tx: missing(tx, index, stored)) == []


@pytest.mark.thorough(on="postgresql")
def test_what_was_acknowledged_before_a_kill_is_there_and_no_half_lot(here):
    index, told = make(here), SPAWN.Queue()
    writer = SPAWN.Process(target=keep_storing, args=(here.url, here.key, told, 1, 100_000))
    writer.start()
    lots = [told.get(timeout=120) for _ in range(8)]
    writer.kill()
    writer.join(60)
    while not told.empty():
        lots.append(told.get())
    with holdfast.open(here.url, here.key) as opened:
        person = Vectors(opened, "acme", "amina@acme.test")
        held = person.read(lambda tx: count(tx, index))
        assert held % 50 == 0
        assert held >= 50 * len(lots)
        acknowledged = [UUID(item) for lot in lots for item in lot]
        assert person.read(lambda tx: missing(tx, index, acknowledged)) == []
        asked = direction(random.Random(5), DIMENSION)
        assert len(person.read(lambda tx: nearest(tx, index, asked, k=10, levels=frozenset("C")))) == 10


def test_nothing_of_a_vector_stays_in_a_file_once_it_is_removed(tmp_path):
    """Of an unencrypted file: neither its numbers nor its code, whichever way it went."""
    chance, url = random.Random(3), f"sqlite:///{tmp_path}/new.db"
    planted = {way: [direction(chance, 384) for _ in range(30)] for way in ("kept", "removed", "replaced", "dropped")}
    with holdfast.create(url) as opened:
        opened.system().identity.create_tenant("acme")
        opened.system().identity.create_user("amina@acme.test", tenant="acme")
        person = Vectors(opened, "acme", "amina@acme.test")
        index, other = (
            person.write(lambda tx: create_index(tx, purpose="knowledge", embedder="e", dimension=384)) for _ in "12"
        )
        items = {way: [uuid4() for _ in vectors] for way, vectors in planted.items()}
        for way, vectors in planted.items():
            into = other if way == "dropped" else index
            rows = [(item, None, None, vector) for item, vector in zip(items[way], vectors, strict=True)]
            person.write(lambda tx, into=into, rows=rows: store(tx, into, rows))
        blobs = stored_bytes(opened)
        person.write(lambda tx: remove(tx, items["removed"]))
        another = [(item, None, None, direction(chance, 384)) for item in items["replaced"]]
        person.write(lambda tx: store(tx, index, another))
        person.write(lambda tx: drop_index(tx, other.id))
    found = b"".join(file.read_bytes() for file in tmp_path.glob("new.db*"))
    for way, of in items.items():
        for item in of:
            code, embedding = blobs[item]
            for part in (code[:16], code[-16:], embedding[:32], embedding[-32:]):
                assert (part in found) == (way == "kept"), way


def stored_bytes(opened):
    """Each item's code and vector, as they are in the file."""
    connection = opened.engine.connect()
    rows = connection.execute("SELECT item_id, code, embedding FROM vectors").fetchall()
    connection.close()
    assert all(len(embedding) == struct.calcsize("384f") for _, _, embedding in rows)
    return {UUID(bytes=item): (code, embedding) for item, code, embedding in rows}
