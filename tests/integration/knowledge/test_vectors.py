"""Knowledge found by meaning: vectors are made outside transactions, and what they lack the words find."""

import subprocess
import sys
import threading
import time
from dataclasses import replace

import pytest
from integration.knowledge.conftest import give
from support.backdoor import Backdoor
from support.embedding_server import EmbeddingServer
from support.refusals import refused

import holdfast
from holdfast.core.embedders import HashingEmbedder
from holdfast.core.scope import LEVELS
from holdfast.core.settings import Settings

HASTY = Settings(
    embedder_cache_seconds=0, embedder_attempts=1, embedder_seconds=2.0, embedder_query_seconds=1.0, embedder_batch=4
)
TEXTS = {
    "Loans": "A home loan for a joint account needs both signatures.",
    "Cards": "A card that was stolen is blocked at once by telephone.",
    "Pensions": "The pension begins at sixty-five, unless it is deferred.",
}


def filled(person, base, texts=None):
    return [person.knowledge.add(base.id, text, title=title) for title, text in (texts or TEXTS).items()]


@pytest.fixture
def server():
    with EmbeddingServer() as running:
        yield running


@pytest.fixture
def opened(place, server):
    """A store that was opened with an embedder named `main`, and Amina, who may read everything."""
    settings = replace(HASTY, embedders={"main": server.spec})
    with holdfast.open(place.url, place.key, settings=settings) as store:
        give(store, "amina@acme.test", "SABCD")
        give(store, "ben@acme.test", "D")
        yield store


def amina_of(store):
    return store.tenant("acme").user("amina@acme.test").knowledge


def test_words_and_meaning_find_together(me):
    base = me.knowledge.create_base("kb", embedder="hashing:256")
    added = filled(me, base)
    assert [one.pending for one in added] == [0, 0, 0]
    found = me.knowledge.search("deferring pensions", base="kb")
    assert (found.mode, found.notes) == ("hybrid", ())
    assert found.hits[0].document.title == "Pensions"
    assert found.hits[0].vector > 0
    assert {hit.document.title for hit in found.hits} == set(TEXTS), "meaning leaves none out of so few"
    assert me.knowledge.search("deferring pensions", base="kb", mode="lexical").mode == "lexical"
    by_meaning = me.knowledge.search("signature", base="kb", mode="vector")
    assert by_meaning.mode == "vector"
    assert by_meaning.hits[0].document.title == "Loans"
    assert by_meaning.hits[0].lexical is None
    logged = me.knowledge.retrieval(found.id)
    assert (logged.mode, len(logged.hits)) == ("hybrid", 3)
    assert logged.latency_ms > 0
    assert logged.embedding_ms > 0


def test_a_base_without_an_embedder_is_searched_by_words_and_says_so_when_asked(me):
    base = me.knowledge.create_base("kb")
    (added, *_) = filled(me, base)
    assert added.pending == 0
    assert me.knowledge.search("loan", base="kb").notes == ()
    found = me.knowledge.search("loan", base="kb", mode="hybrid")
    assert (found.mode, found.notes) == ("lexical", ("kb: searched by words alone; it has no embedder",))
    refused("no_embedder", me.knowledge.embed, base.id)


def test_exclusions_and_filters_hold_for_meaning_too(me):
    base = me.knowledge.create_base("kb", embedder="hashing:256")
    filled(me, base)
    found = me.knowledge.search("loan card pension -stolen", base="kb")
    assert {hit.document.title for hit in found.hits} == {"Loans", "Pensions"}
    for n in range(150):
        me.knowledge.add(base.id, f"A home loan for a joint account, number {n}.", metadata={"rare": n % 50 == 0})
    for mode in ("hybrid", "vector"):
        found = me.knowledge.search("home loan for a joint account", base="kb", filters={"rare": True}, mode=mode)
        assert (len(found.hits), found.notes) == (3, ())


def test_similar_goes_by_vectors_where_there_are_any(me):
    base = me.knowledge.create_base("kb", embedder="hashing:256")
    filled(me, base, TEXTS | {"More loans": "Home loans of joint accounts need signatures of both."})
    chunk = me.knowledge.search("home loan", base="kb", mode="lexical").hits[0].chunk
    (best, *_) = me.knowledge.similar(chunk.id)
    assert best.document.title in {"Loans", "More loans"}
    assert best.chunk.id != chunk.id
    assert best.vector == best.score


MODES = ("wrong dimension", "nan", "zero", "500", "429", "dies", "empty", "wrong count", "html", "401")


@pytest.mark.parametrize("mode", [*MODES, pytest.param("trickle", marks=pytest.mark.thorough(on="sqlite"))])
def test_whatever_the_embedder_does_the_document_is_there_and_waits(opened, server, mode):
    me = amina_of(opened)
    base = me.create_base("kb", embedder="main").id
    assert me.add(base, TEXTS["Cards"], title="Cards").pending == 0
    server.mode = mode
    added = me.add(base, TEXTS["Loans"], title="Loans")
    assert added.pending == 1
    assert "main" in added.note or "lexical-64" in added.note
    assert TEXTS["Loans"] not in added.note
    assert me.document(added.id).pending == 1
    found = me.search("home loan", base="kb")
    assert found.hits[0].document.title == "Loans"
    assert found.mode == "lexical"
    assert "searched by words alone" in found.notes[0]
    code = refused_code(me.embed, base)
    assert code in ("embedder_failed", "embedder_unavailable", "embedder_mismatch")
    server.mode = "right"
    report = me.embed(base)
    assert (report.embedded, report.pending, report.done) == (1, 0, True)
    assert me.document(added.id).pending == 0
    assert me.search("home loan", base="kb").mode == "hybrid"


def test_an_embedder_that_is_away_is_left_alone_and_found_again(opened, server):
    me = amina_of(opened)
    base = me.create_base("kb", embedder="main").id
    me.add(base, TEXTS["Loans"])
    (breaker,) = [one for one in opened.engine.breakers if one.name == "embedder main"]
    server.mode = "500"
    while breaker.state == "closed":
        assert me.search("home loan").mode == "lexical"
    server.requests.clear()
    found = me.search("home loan")
    assert (found.mode, len(found.hits), server.requests) == ("lexical", 1, [])
    assert "is left alone" in found.notes[0]
    server.mode = "right"
    until = time.monotonic() + 30
    while me.search("home loan").mode == "lexical":
        assert time.monotonic() < until
        time.sleep(0.05)
    assert (breaker.state, len(server.requests)) == ("closed", 1)


def refused_code(call, *args):
    with pytest.raises(holdfast.HoldfastError) as caught:
        call(*args)
    return caught.value.code


def test_an_embedder_that_dies_in_the_middle_leaves_what_it_gave(opened, server):
    me = amina_of(opened)
    base = me.create_base("kb", embedder="main").id
    text = "\n\n".join(f"# Part {n}\n\n" + f"The words of part {n} are many. " * 40 for n in range(40))
    added = me.add(base, text, media_type="text/markdown", embed=False)
    assert added.pending == added.chunk_count > 32
    server.requests.clear()
    report = me.embed_some(base, most=20)
    assert (report.embedded, report.done) == (20, False)
    server.mode = "500"
    assert refused_code(me.embed, base) == "embedder_unavailable"
    assert me.document(added.id).pending == added.chunk_count - 20
    server.mode = "right"
    server.requests.clear()
    seen = []
    assert me.embed(base, on_progress=seen.append).done
    assert seen[-1].embedded == added.chunk_count - 20
    assert sum(len(request["input"]) for request in server.requests) == added.chunk_count - 20, "nothing twice"


def test_a_store_opened_without_the_embedder_searches_by_words_and_says_so(opened, place):
    me = amina_of(opened)
    base = me.create_base("kb", embedder="main").id
    me.add(base, TEXTS["Loans"])
    with holdfast.open(place.url, place.key) as other:
        me = amina_of(other)
        found = me.search("home loan")
        assert found.mode == "lexical"
        assert "'main' is none of those this store was opened with (none)" in found.notes[0]
        added = me.add(base, TEXTS["Cards"])
        assert added.pending == 1
        assert "'main'" in added.note
        refused("embedder_unknown", me.embed, base)
        refused("embedder_unknown", me.create_base, "other", embedder="main")
    changed = replace(HASTY, embedders={"main": "hashing:64"})
    with holdfast.open(place.url, place.key, settings=changed) as other:
        me = amina_of(other)
        assert "its vectors are of openai:lexical-64, not of hashing:64" in me.search("home loan").notes[0]
        refused("embedder_changed", me.embed, base)


def test_an_embedder_of_the_programs_own_is_checked(place):
    class Own:
        name = "own"
        dimension = None
        wrong = False

        def embed(self, texts, *, kind="document"):
            if self.wrong:
                raise KeyError("secret text")
            return [[1.0, float(len(text)), 0.0] for text in texts]

    own = Own()
    with holdfast.open(place.url, place.key, settings=Settings(embedders={"mine": own})) as store:
        give(store, "amina@acme.test", "SABCD")
        me = amina_of(store)
        base = me.create_base("kb", embedder="mine")
        assert base.embedder == "mine"
        assert me.add(base.id, TEXTS["Loans"]).pending == 0
        own.wrong = True
        added = me.add(base.id, TEXTS["Cards"])
        assert added.pending == 1
        assert "raised KeyError" in added.note
        assert "secret" not in added.note


def test_an_embedder_is_given_as_an_object_and_its_name_sends_nothing_anywhere(place, server):
    class Own:
        dimension = None

        def __init__(self, name):
            self.name = name

        def embed(self, texts, *, kind="document"):
            return [[1.0, float(len(text)), 0.0] for text in texts]

    own = Own(server.spec)  # a name that reads like a server's
    with holdfast.open(place.url, place.key, settings=HASTY) as store:
        give(store, "amina@acme.test", "SABCD")
        me = amina_of(store)
        base = me.create_base("kb", embedder=own)
        assert me.add(base.id, TEXTS["Loans"]).pending == 0
        assert me.search("home loan", base="kb").mode == "hybrid"
        assert me.create_base("kb2", embedder=own).embedder == base.embedder
        assert "another object is called" in refused("invalid_embedder", me.create_base, "kb3", embedder=Own(own.name))
        for bad in (Own(None), Own(""), Own("a\nb"), Own, 5):
            refused("invalid_embedder", me.create_base, "kb3", embedder=bad)
        over_http = type(me)(me.engine, type(me.access)(replace(me.scope, face="http", prepared={})), store.settings)
        refused("invalid_embedder", over_http.create_base, "kb3", embedder=Own("new"))
    with holdfast.open(place.url, place.key, settings=HASTY) as store:  # that was not given the object
        me = amina_of(store)
        found = me.search("home loan", base="kb")
        assert found.mode == "lexical" and "searched by words alone" in found.notes[0]
        assert me.add(base.id, TEXTS["Cards"]).pending == 1
    assert server.requests == []
    with holdfast.open(place.url, place.key, settings=replace(HASTY, embedders={"mine": own})) as store:
        me = amina_of(store)
        assert me.embed("kb").pending == 0
        assert me.search("home loan", base="kb").mode == "hybrid"
        assert me.reindex("kb", embedder=Own("other")).done
    assert server.requests == []


def test_only_the_servers_own_embedders_can_be_named_over_http(opened, server):
    me = amina_of(opened)
    over_http = replace(me.scope, face="http", prepared={})
    room = type(me)(me.engine, type(me.access)(over_http), opened.settings)
    refused("embedder_unknown", room.create_base, "kb", embedder=server.spec)
    assert room.create_base("kb", embedder="main").embedder == "main"
    assert server.requests == []


def test_vectors_follow_level_replacing_and_deletion(opened):
    me, ben = amina_of(opened), opened.tenant("acme").user("ben@acme.test").knowledge
    base = me.create_base("kb", embedder="main").id
    door = Backdoor(opened.engine)
    added = {level: me.add(base, f"{TEXTS['Loans']} Of level {level}.", clearance=level) for level in LEVELS}
    assert {hit.document.clearance for hit in ben.search("home loan").hits} == {"D"}
    me.set_clearance(added["D"].id, "S")
    me.set_clearance(added["A"].id, "D")
    hits = ben.search("home loan", mode="vector").hits
    assert [hit.document.id for hit in hits] == [added["A"].id]
    assert len(ben.similar(hits[0].chunk.id)) == 0
    changed = me.replace(added["A"].id, "Cards are blocked at once.")
    assert changed.pending == 0
    assert door.run("SELECT count(*) FROM vectors")[0][0] == len(LEVELS)
    me.delete(added["A"].id)
    assert door.run("SELECT count(*) FROM vectors")[0][0] == len(LEVELS) - 1
    assert ben.search("cards").hits == ()
    me.delete_base(base)
    assert door.run("SELECT count(*) FROM vectors")[0][0] == door.run("SELECT count(*) FROM vector_indexes")[0][0] == 0


def test_another_embedder_takes_over_at_once(opened, server):
    me = amina_of(opened)
    base = me.create_base("kb", embedder="hashing:64").id
    for n in range(30):
        me.add(base, f"Loan number {n} is for a joint account.", clearance=LEVELS[n % 5])
    step = me.reindex_some(base, embedder="main", most=10)
    assert (step.embedded, step.pending, step.done) == (10, 20, False)
    server.requests.clear()
    found = me.search("joint account", base=base)
    assert (found.mode, found.notes, me.base(base).embedder) == ("hybrid", (), "hashing:64")
    assert server.requests == [], "the old one is asked until the new one is whole"
    late = me.add(base, "Loan number 30 came meanwhile.")
    assert late.pending == 0
    server.mode = "500"
    assert refused_code(lambda: me.reindex(base, embedder="main")) == "embedder_unavailable"
    server.mode = "right"
    server.requests.clear()
    report = me.reindex(base, embedder="main")
    assert (report.embedded, report.pending, report.done, report.embedder) == (21, 0, True, "main")
    assert len({text for request in server.requests for text in request["input"]}) == 21, (
        "what was there is not made again"
    )
    assert me.base(base).embedder == "main"
    assert me.document(late.id).pending == 0
    assert me.search("joint account", base=base).mode == "hybrid"
    door = Backdoor(opened.engine)
    assert door.run("SELECT embedder, state, dimension FROM vector_indexes") == [("openai:lexical-64", "active", 64)]
    assert door.run("SELECT count(*) FROM vectors") == [(31,)]
    again = me.reindex(base, embedder="main")
    assert (again.embedded, again.done) == (0, True)
    give(opened, "amina@acme.test", "AB")
    refused("clearance_needed", me.reindex, base, embedder="hashing:64")


def test_a_base_gets_its_first_embedder_by_reindexing(me, base):
    filled(me, base)
    me.knowledge.create_base("empty")
    assert me.knowledge.reindex("empty", embedder="hashing:64").done
    assert me.knowledge.reindex(base.id, embedder="hashing:64").embedded == 3
    assert me.knowledge.search("home loan").mode == "hybrid"


def test_reindexing_beside_adding_and_searching_loses_nothing(sync_store):
    give(sync_store, "amina@acme.test", "SABCD")
    me = amina_of(sync_store)
    base = me.create_base("kb", embedder="hashing:64").id
    for n in range(60):
        me.add(base, f"Loan number {n} is for a joint account.")
    stop, failed = threading.Event(), []

    def add():
        n = 60
        while not stop.is_set():
            me.add(base, f"Loan number {n} is for a joint account.")
            n += 1

    def search():
        while not stop.is_set():
            found = me.search("loan joint account", base=base, k=60)
            if found.mode != "hybrid" or len(found.hits) < 60:
                failed.append((found.mode, len(found.hits), found.notes))

    threads = [threading.Thread(target=one) for one in (add, search)]
    for thread in threads:
        thread.start()
    try:
        for dimension in (128, 64, 96):
            me.reindex(base, embedder=f"hashing:{dimension}")
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert failed == []
    me.embed(base)
    door = Backdoor(sync_store.engine)
    assert door.run("SELECT embedder, state FROM vector_indexes") == [("hashing:96", "active")]
    assert door.run("SELECT count(*) FROM vectors") == door.run("SELECT count(*) FROM chunks")


EMBEDDING = """
import sys, time, holdfast
from holdfast.core.embedders import HashingEmbedder
class Slow(HashingEmbedder):
    def embed(self, texts, *, kind="document"):
        time.sleep(0.05)
        print("embedded", flush=True)
        return super().embed(texts, kind=kind)
settings = holdfast.Settings(embedders={"slow": Slow(64)}, embedder_batch=2, embedder_concurrency=1)
with holdfast.open(sys.argv[1], sys.argv[2] or None, settings=settings) as store:
    print(store.tenant("acme").user("amina@acme.test").knowledge.embed("kb").embedded, flush=True)
"""


@pytest.mark.thorough(on="postgresql")
@pytest.mark.parametrize("killed", [False, True])
def test_processes_that_embed_together_or_are_killed_leave_each_vector_once(place, killed):
    with holdfast.open(place.url, place.key, settings=Settings(embedders={"slow": HashingEmbedder(64)})) as store:
        give(store, "amina@acme.test", "SABCD")
        me = amina_of(store)
        base = me.create_base("kb", embedder="slow").id
        for n in range(40):
            me.add(base, f"Loan number {n}", embed=False)
        command = [sys.executable, "-c", EMBEDDING, place.url, place.key or ""]
        running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
        if killed:
            for one in running:
                for _ in range(4):
                    one.stdout.readline()
                one.kill()
        for one in running:
            out = one.communicate(timeout=60)[0]
            assert killed or one.returncode == 0, out
        left = sum(me.document(one.id).pending for one in me.documents(base).items)
        assert (0 < left < 40) if killed else left == 0
        assert me.embed(base).embedded == left
        door = Backdoor(store.engine)
        assert door.run("SELECT count(*) FROM vectors") == [(40,)]
        assert door.run("SELECT count(*) FROM vector_indexes") == [(1,)]


def test_two_embedders_are_asked_in_one_search_and_neither_buries_the_other(opened, server):
    me = amina_of(opened)
    one = me.create_base("one", embedder="main")
    two = me.create_base("two", embedder="hashing:96")
    me.add(one.id, TEXTS["Loans"], title="Loans")
    me.add(two.id, TEXTS["Cards"], title="Cards")
    server.requests.clear()
    found = me.search("a home loan, and cards that are lost")
    assert (found.mode, found.notes) == ("hybrid", ())
    assert {hit.document.title for hit in found.hits} == {"Loans", "Cards"}
    assert all(hit.vector is not None for hit in found.hits)
    assert [request["input"] for request in server.requests] == [["a home loan, and cards that are lost"]]
    server.mode = "500"
    found = me.search("a home loan, and cards that are lost")
    assert (found.mode, {hit.document.title for hit in found.hits}) == ("hybrid", {"Loans", "Cards"})
    assert [note.partition(":")[0] for note in found.notes] == ["one"]


def test_a_question_without_a_word_is_answered_by_meaning_or_with_nothing_and_a_note(opened):
    me = amina_of(opened)
    words_alone = me.create_base("words")
    me.add(words_alone.id, TEXTS["Loans"])
    found = me.search("?!", base="words")
    assert (found.hits, found.mode) == ((), "lexical")
    assert found.notes == ("the question has no word to look for; give at least one letter or digit",)
    assert me.search("-loan", base="words").hits == ()
    refused("invalid_input", me.search, "  ")
    base = me.create_base("kb", embedder="hashing:64")
    me.add(base.id, TEXTS["Loans"])
    assert me.search("?!", base="kb").mode == "hybrid"


def test_a_store_that_closes_closes_what_asks_embedders(place, server):
    with holdfast.open(place.url, place.key, settings=replace(HASTY, embedders={"main": server.spec})) as store:
        pair = store.engine.embedders.find("main")
        pair.documents.embed(["a"])
    with pytest.raises(RuntimeError, match="closed"):
        pair.documents.embed(["a"])


def test_a_question_that_comes_again_is_not_embedded_again_in_its_tenant(place, server):
    settings = replace(HASTY, embedders={"main": server.spec}, embedder_cache_seconds=60)
    with holdfast.open(place.url, place.key, settings=settings) as store:
        for email, tenant in (("amina@acme.test", "acme"), ("ben@acme.test", "acme"), ("gus@globex.test", "globex")):
            give(store, email, "SABCD", tenant)
        me, ben = amina_of(store), store.tenant("acme").user("ben@acme.test").knowledge
        gus = store.tenant("globex").user("gus@globex.test").knowledge
        for one in (me, gus):
            one.add(one.create_base("kb", embedder="main").id, TEXTS["Loans"])
        server.requests.clear()
        for one in (me, me, ben, gus):
            assert one.search("home loan").mode == "hybrid"
        assert len(server.requests) == 2, "once for each tenant"
        me.add("kb", "Another home loan.")
        assert len(me.search("home loan").hits) == 2, "what is found is never cached"
        assert amina_of(store).search("home loan, please").mode == "hybrid"
        assert [request["input"] for request in server.requests][-1] == ["home loan, please"]
