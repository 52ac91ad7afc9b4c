"""Chroma as an outside vector index: real chromadb, in a folder. What it keeps, what it is believed, and what goes."""

import threading
from time import monotonic
from uuid import UUID, uuid4

import pytest
from integration.knowledge.conftest import give
from support.backdoor import Backdoor
from support.refusals import refused

import holdfast
from holdfast import Settings
from holdfast.core.scope import LEVELS

pytestmark = pytest.mark.xdist_group("chroma")  # chromadb is imported by one worker
TEXTS = {
    "Loans": "A home loan for a joint account needs two signatures.",
    "Cards": "Cards are blocked at once when they are lost.",
    "Rates": "The rate of a mortgage follows the market.",
}


class Watched:
    """Chroma, as one more process would reach it: it can be away, and what is sent to it is seen."""

    def __init__(self, folder):
        from holdfast.core.outside.chroma import ChromaIndex  # takes half a second

        self.chroma = ChromaIndex.of(str(folder))
        self.away = False
        self.sent = []
        self.invented = []

    def _asked(self, *sent):
        self.sent += sent
        if self.away:
            raise ConnectionError("away")

    def put(self, collection, ids, vectors):
        self._asked(collection, ids, vectors)
        self.chroma.put(collection, ids, vectors)

    def nearest(self, collection, vector, k):
        self._asked(collection, vector)
        return [*self.invented, *self.chroma.nearest(collection, vector, k)]

    def remove(self, collection, ids):
        self._asked(collection, ids)
        self.chroma.remove(collection, ids)

    def drop(self, collection):
        self._asked(collection)
        self.chroma.drop(collection)

    def count(self):
        return sum(one.count() for one in self.chroma._client.list_collections())


@pytest.fixture
def chroma(tmp_path):
    return Watched(tmp_path / uuid4().hex)  # chromadb keeps a client for each path, and pytest gives paths again


@pytest.fixture
def opened(place, chroma):
    settings = Settings(vector_indexes={"main": chroma}, embedders={"words": "hashing:64"})
    with holdfast.open(place.url, place.key, settings=settings) as store:
        give(store, "amina@acme.test", LEVELS)
        give(store, "ben@acme.test", "D")
        yield store


def person(store, email="amina@acme.test"):
    return store.tenant("acme").user(email).knowledge


def filled(store):
    me = person(store)
    base = me.create_base("kb", embedder="words", index="main")
    added = {title: me.add(base.id, text, title=title) for title, text in TEXTS.items()}
    return me, base, added


def test_vectors_are_outside_and_texts_never(opened, chroma):
    me, base, added = filled(opened)
    assert base.index == "main"
    assert all(one.pending == 0 for one in added.values())
    door = Backdoor(opened.engine)
    assert door.run("SELECT count(*) FROM vectors") == [(0,)]
    assert door.run("SELECT state, count(*) FROM outside_vectors GROUP BY state") == [("kept", 3)]
    assert chroma.count() == 3
    found = me.search("home loan", base="kb")
    assert (found.mode, found.notes, found.hits[0].document.title) == ("hybrid", (), "Loans")
    assert found.hits[0].vector is not None
    assert me.search("home loan", mode="vector").hits[0].document.title == "Loans"
    assert not any("loan" in str(one).lower() or "Loans" in str(one) for one in chroma.sent)
    assert me.embed(base.id).embedded == 0, "nothing twice"


def test_nobody_gets_what_is_above_their_level_whatever_it_says(opened, chroma):
    me, base, _ = filled(opened)
    other = me.create_base("other", embedder="words", index="main")
    elsewhere = me.add(other.id, "Another home loan.")
    for level in LEVELS:
        for n in range(60 if level == "S" else 1):
            me.add(base.id, f"A home loan for a joint account, {level} {n}.", clearance=level)
    ben = person(opened, "ben@acme.test")
    hits = ben.search("home loan joint account", base="kb", mode="vector", k=4).hits
    assert {hit.document.clearance for hit in hits} == {"D"}
    assert len(hits) == 4, "what is hidden makes no answer short"
    strange = me.chunks(elsewhere.id).items[0].id
    chroma.invented = [(strange.hex, 1.0), (uuid4().hex, 1.0), ("'; --", 1.0), (strange.hex, float("nan"))]
    found = me.search("home loan", base="kb", mode="vector", k=200).hits
    assert strange not in {hit.chunk.id for hit in found}
    assert {hit.chunk.base_id for hit in found} == {base.id}
    chroma.invented = []
    talk = opened.tenant("acme").user("ben@acme.test").conversations
    chat = talk.create()
    talk.append(chat.id, role="user", content="home loan for a joint account?")
    passages = talk.context(chat.id).passages
    assert passages
    assert all(ben.document(one.origin["document"]).clearance == "D" for one in passages)


def test_too_few_that_may_be_seen_are_asked_for_again(opened, chroma):
    me = person(opened)
    base = me.create_base("kb", embedder="words", index="main")
    secret = "\n\n".join(f"# Loan {n}\n\n{'home loan joint account ' * 60}" for n in range(230))
    me.add(base.id, secret, media_type="text/markdown", clearance="S")
    me.add(base.id, "A rate that is unlike the others", clearance="D")
    assert me.embed(base.id).done
    assert chroma.count() > 200
    hits = person(opened, "ben@acme.test").search("home loan joint account", base="kb", mode="vector", k=1).hits
    assert [hit.document.clearance for hit in hits] == ["D"]


def test_away_the_words_find_and_it_says_so(opened, chroma):
    me, base, _ = filled(opened)
    chroma.away = True
    found = me.search("home loan", base="kb")
    assert (found.mode, found.hits[0].document.title) == ("lexical", "Loans")
    assert found.notes == (
        "kb: searched by words alone; vector index 'main' is away (ConnectionError); ask again later",
    )
    late = me.add(base.id, "A late home loan.", title="Late")
    assert late.pending == 1
    assert "vector index 'main' is away" in late.note
    assert me.search("late").hits[0].document.title == "Late"
    (breaker,) = [one for one in opened.engine.breakers if one.name == "vector index main"]
    while breaker.state == "closed":
        me.search("home loan", base="kb")
    chroma.sent.clear()
    assert me.search("home loan", base="kb").mode == "lexical"
    assert chroma.sent == [], "it is left alone"
    chroma.away = False
    while me.search("home loan", base="kb").mode == "lexical":
        threading.Event().wait(0.05)
    assert me.embed(base.id).embedded == 1
    assert me.document(late.id).pending == 0


def test_what_is_deleted_goes_there_too_at_once_or_as_soon_as_it_can(opened, chroma):
    me, base, added = filled(opened)
    door = Backdoor(opened.engine)
    me.delete(added["Cards"].id)
    assert chroma.count() == 2
    chroma.away = True
    me.delete(added["Rates"].id)
    me.replace_text(added["Loans"].id, "Nothing of that kind.", embed=False)
    assert "Rates" not in {hit.document.title for hit in me.search("rate of a mortgage").hits}
    report = opened.clear_outside()
    assert (report.removed, report.left) == (0, 2)
    assert "vector index 'main' is away" in report.notes[0]
    assert chroma.count() == 2, "left there, and counted"
    chroma.away = False
    while (report := opened.clear_outside()).left:
        threading.Event().wait(0.05)
    assert chroma.count() == 0
    me.embed(base.id)
    assert chroma.count() == 1
    me.delete_base(base.id)
    assert (chroma.count(), chroma.chroma._client.list_collections()) == (0, [])
    assert door.run("SELECT count(*) FROM outside_vectors") == [(0,)]


def test_what_could_not_be_removed_at_once_is_by_the_schedule(opened, chroma):
    me, _, added = filled(opened)
    chroma.away = True
    me.delete(added["Rates"].id)
    chroma.away = False
    jobs, worker, left = opened.system().jobs, opened.worker(), 1
    until = monotonic() + 60
    while left and monotonic() < until:  # until the breaker lets a call through; the schedule itself may be first
        asked = jobs.submit("vectors.clear_outside")
        worker.run_due()
        left = jobs.get(asked.id).result["left"]
        threading.Event().wait(0.05)
    assert chroma.count() == 2


def test_a_tenant_that_is_deleted_leaves_nothing_outside(opened, chroma):
    filled(opened)
    chroma.away = True
    opened.system().identity.delete_tenant("acme", reason="the contract ended")
    while opened.clear_outside().removed == 0:
        chroma.away = False
        threading.Event().wait(0.05)
    assert chroma.count() == 0
    assert Backdoor(opened.engine).run("SELECT count(*) FROM outside_vectors") == [(0,)]


def test_what_was_deleted_while_it_was_being_sent_is_removed_when_it_has_arrived(opened, chroma):
    me = person(opened)
    base = me.create_base("kb", embedder="words", index="main")
    added = me.add(base.id, TEXTS["Loans"], embed=False)
    put = chroma.put

    def late(collection, ids, vectors):
        me.delete(added.id)
        put(collection, ids, vectors)

    chroma.put = late
    me.embed_some(base.id)
    assert chroma.count() == 0
    assert Backdoor(opened.engine).run("SELECT state FROM outside_vectors") == [("doubtful",)]
    assert opened.clear_outside().left == 1, "it is removed again for a while"


def test_another_embedder_takes_over_outside_too(opened, chroma):
    me, base, _ = filled(opened)
    assert me.reindex(base.id, embedder="hashing:128").done
    assert chroma.count() == 3
    assert len(chroma.chroma._client.list_collections()) == 1
    assert me.search("home loan", mode="vector").hits[0].document.title == "Loans"


def test_only_what_the_store_was_opened_with_can_be_named(opened, place):
    me = person(opened)
    refused("outside_index_unknown", me.create_base, "kb", index="chroma:/tmp/elsewhere")
    refused("outside_index_unknown", me.create_base, "kb", index="other")
    filled(opened)
    with holdfast.open(place.url, place.key, settings=Settings(embedders={"words": "hashing:64"})) as other:
        found = person(other).search("home loan", base="kb")
        assert (found.mode, found.hits[0].document.title) == ("lexical", "Loans")
        assert "index: 'main' is none of those this store was opened with (none)" in found.notes[0]
    with pytest.raises(holdfast.HoldfastError, match="vector_indexes"):
        Settings(vector_indexes={"main": "redis://x"})


def test_ids_are_all_that_it_is_told(opened, chroma):
    _me, _base, _added = filled(opened)
    for one in chroma.chroma._client.list_collections():
        everything = one.get(include=["documents", "metadatas"])
        assert all(UUID(id_) for id_ in everything["ids"])
        assert everything["documents"] == [None] * len(everything["ids"])
        assert everything["metadatas"] == [None] * len(everything["ids"])
        assert one.name.startswith("holdfast_")
