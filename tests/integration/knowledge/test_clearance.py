"""Nobody gets a passage above their clearance, whatever they ask, and nothing tells them that there is one.

Documents, levels, people and questions are drawn at random; what comes back is held against a model that knows who may
read what.
"""

import random
import re
import threading
from uuid import UUID

import pytest
from integration.knowledge.conftest import give
from support.refusals import refused

from holdfast import HoldfastError
from holdfast.core.scope import LEVELS
from holdfast.domains.knowledge import searching

PEOPLE = {
    "amina@acme.test": "SABCD",
    "ben@acme.test": "D",
    "ada@acme.test": "AC",
    "oli@acme.test": "",
    "aud@acme.test": "B",
}
TOPICS = ("loan", "account", "visa", "mortgage", "pension", "card")
CASES = 750
"""For each engine and seed."""


class World:
    """What the tests know of who may read what: each document says its level and its number in its text."""

    def __init__(self, store, seed):
        self.chance = random.Random(seed)
        for email in PEOPLE:
            give(store, email, "SABCD")
        self.people = {email: store.tenant("acme").user(email).knowledge for email in PEOPLE}
        maker = self.people["amina@acme.test"]
        embedders = (None, "hashing:64", "hashing:96")
        self.bases = [maker.create_base(f"base{n}", window=n, embedder=by).id for n, by in enumerate(embedders)]
        self.documents = {}
        for n in range(25):
            self._add(maker, n)
        for email, levels in PEOPLE.items():
            give(store, email, levels)
        self.levels = dict(PEOPLE)
        self.store, self.chats, self.asking = store, {}, None

    def _add(self, maker, n):
        level = self.chance.choice(LEVELS)
        topics = self.chance.sample(TOPICS, 3)
        said = [f"Level {level} number {n} tells of {topic}. " * 40 for topic in topics]
        added = maker.add(
            self.chance.choice(self.bases), "\n\n".join(said), clearance=level, metadata={"topic": topics[0]}
        )
        self.documents[added.id] = level

    def context(self, email, question):
        """A prompt about a question, of which the passages are a part."""
        room = self.store.tenant("acme").user(email).conversations
        if email not in self.chats:
            self.chats[email] = room.create().id
        return room.context(self.chats[email], max_tokens=20_000, question=question).passages

    def may(self, email, document_id):
        return self.documents[document_id] in self.levels[email]


@pytest.fixture(params=[1, pytest.param(2, marks=pytest.mark.thorough)])
def world(request, sync_store):
    return World(sync_store, request.param)


def test_whatever_is_asked_nothing_above_the_level_comes_back(world):
    chunks = {}
    maker = world.people["amina@acme.test"]
    for document_id in world.documents:
        chunks[document_id] = [chunk.id for chunk in maker.chunks(document_id, limit=200).items]
    retrievals = [maker.search(topic, k=50).id for topic in TOPICS]
    shown = 0
    for _case in range(CASES):
        email = world.asking = world.chance.choice(list(PEOPLE))
        knowledge, document_id = world.people[email], world.chance.choice(list(world.documents))
        path = world.chance.choice(list(PATHS))
        try:
            answer = PATHS[path](world, knowledge, document_id, chunks, retrievals)
        except HoldfastError as error:
            assert error.code in ("document_not_found", "chunk_not_found", "permission_denied", "retrieval_not_found")
            needs = path in ("get", "chunks", "text", "similar")
            readable = world.may(email, document_id)
            assert not (needs and readable) or error.code == "permission_denied", path
            assert not _levels_named(str(error))
            continue
        levels, ids = _levels_named(repr(answer)), _ids_named(repr(answer)) & world.documents.keys()
        assert levels <= set(world.levels[email]), (email, path)
        assert all(world.may(email, one) for one in ids), (email, path)
        shown += bool(levels)
        if world.chance.random() < 0.05:
            _reclassify(world, document_id, retrievals)
            for one in PEOPLE:
                give(world.store, one, world.levels[one])
    assert shown > CASES / 10, "there was something to see"


def _reclassify(world, document_id, retrievals):
    """Another level for a document; its text says the old one, so the model follows the document, not the text."""
    email = world.chance.choice(["ben@acme.test", "ada@acme.test", "aud@acme.test"])
    world.levels[email] = "".join(world.chance.sample(LEVELS, world.chance.randrange(4)))


def _levels_named(text):
    return set(re.findall(r"Level ([SABCD]) number", text))


def _ids_named(text):
    return {UUID(found) for found in re.findall(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", text)}


def _question(world):
    made = " ".join(world.chance.sample([*TOPICS, "level", "tells", "number", "s", "a"], 3))
    return world.chance.choice([made, f'"{made}"', f"{made[:3]}*", f"{made} -{world.chance.choice(TOPICS)}"])


def _search(world, knowledge, document_id, _chunks, _retrievals):
    filters = world.chance.choice([None, {"topic": world.chance.choice(TOPICS)}, {"document": str(document_id)}])
    base = world.chance.choice([None, *world.bases])
    return knowledge.search(
        _question(world),
        base=base,
        k=world.chance.choice([1, 8, 200]),
        filters=filters,
        neighbours=world.chance.randrange(3),
        mode=world.chance.choice(["auto", "lexical", "vector", "hybrid"]),
    )


def _context(world, _knowledge, document_id, chunks, _retrievals):
    return world.context(world.asking, _question(world))


def _list(world, knowledge, _document_id, _chunks, _retrievals):
    page = knowledge.documents(world.chance.choice(world.bases), limit=3)
    return list(page.items)


PATHS = {
    "search": _search,
    "list": _list,
    "get": lambda _w, knowledge, document_id, _c, _r: knowledge.document(document_id),
    "chunks": lambda _w, knowledge, document_id, _c, _r: knowledge.chunks(document_id),
    "text": lambda _w, knowledge, document_id, _c, _r: knowledge.text(document_id),
    "similar": lambda w, knowledge, document_id, chunks, _r: knowledge.similar(
        w.chance.choice(chunks[document_id]), k=50
    ),
    "context": _context,
    "report": lambda _w, knowledge, _d, _c, _r: knowledge.report(),
    "retrieval": lambda w, knowledge, _d, _c, retrievals: knowledge.retrieval(w.chance.choice(retrievals)),
}


@pytest.mark.parametrize("embedder", [None, "hashing:64"])
def test_hidden_documents_change_nothing_that_others_see(sync_store, embedder):
    """The same answers, to the last digit of a score, with and without what one may not read."""
    give(sync_store, "amina@acme.test", "SABCD")
    give(sync_store, "ben@acme.test", "D")
    me = sync_store.tenant("acme").user("amina@acme.test").knowledge
    low = sync_store.tenant("acme").user("ben@acme.test").knowledge
    base = me.create_base("base", embedder=embedder).id
    for n in range(10):
        me.add(base, f"loan number {n} " + "account " * n, clearance="D")

    def seen():
        chunk = low.chunks(low.documents(base).items[3].id).items[0]
        return (
            [(hit.chunk, hit.document, hit.score) for hit in low.search("loan account", base=base, k=200).hits],
            [(hit.chunk.id, hit.score) for hit in low.similar(chunk.id)],
            low.documents(base),
            low.report(base=base).never_found,
            low.list_bases(),
        )

    low.search("loan account", k=200)
    before = seen()
    for n in range(30):
        me.add(base, f"loan account hidden {n}", clearance="B")
    me.search("hidden", k=200)
    assert seen() == before
    refused("base_read_only", low.add, base, "loan account hidden 1", clearance="D")


@pytest.mark.parametrize("way", ["search", "context"])
def test_a_level_that_is_taken_away_between_finding_and_logging_ends_in_no_error(sync_store, monkeypatch, way):
    give(sync_store, "amina@acme.test", "SABCD")
    amina = sync_store.tenant("acme").user("amina@acme.test")
    me, chat = amina.knowledge, amina.conversations.create().id
    me.add(me.create_base("base").id, "loan at S", clearance="S")
    passages = searching.passages

    def take_away():
        give(sync_store, "amina@acme.test", "D")
        amina.conversations.get(chat)
        me.list_bases()  # every room of hers knows by now

    def found(*asked):
        made = passages(*asked)
        other = threading.Thread(target=take_away)
        other.start()
        other.join()
        return made

    monkeypatch.setattr(searching, "passages", found)
    if way == "search":
        made = me.search("loan").id
    else:
        made = amina.conversations.context(chat, question="loan").passages[0].origin["retrieval"]
    monkeypatch.undo()
    assert me.retrieval(made).hits == ()
    assert me.search("loan").hits == ()
    give(sync_store, "amina@acme.test", "S")
    assert len(me.retrieval(made).hits) == 1, "it was logged all the same"


def test_a_search_is_shown_again_only_as_far_as_the_level_still_goes(sync_store):
    give(sync_store, "amina@acme.test", "SABCD")
    amina = sync_store.tenant("acme").user("amina@acme.test")
    me, said = amina.knowledge, amina.conversations
    base = me.create_base("base").id
    for level in LEVELS:
        me.add(base, f"loan at {level}", clearance=level)
    made = me.search("loan", base=base)
    assert {hit.clearance for hit in me.retrieval(made.id).hits} == set(LEVELS)
    give(sync_store, "amina@acme.test", "D")
    assert {hit.clearance for hit in me.retrieval(made.id).hits} == {"D"}
    hidden = next(hit.chunk.id for hit in made.hits if hit.document.clearance == "S")
    answer = said.append(said.create().id, role="assistant", content="Yes.").id
    refused("not_in_retrieval", me.cite, made.id, message=answer, chunks=[hidden])


def test_the_server_itself_holds_the_level(sync_store, place):
    """In raw SQL as the application role, with the same settings that Holdfast makes."""
    if place.engine != "postgresql":
        return
    give(sync_store, "amina@acme.test", "SABCD")
    scope = sync_store.tenant("acme").user("amina@acme.test")
    base = scope.knowledge.create_base("base").id
    for level in LEVELS:
        scope.knowledge.add(base, f"loan at {level}", clearance=level)
    scope.knowledge.reindex(base, embedder="hashing:64")
    scope.knowledge.search("loan", base=base)
    for levels, count in (("SABCD", 5), ("D", 1), ("", 0)):
        for table in ("documents", "chunks", "lexical_index", "vectors", "retrieval_hits"):
            assert _count(place.url, scope.scope, levels, table) == count, (table, levels)


def _count(url, scope, levels, table):
    import psycopg

    with psycopg.connect(url) as connection:
        connection.execute("SET ROLE holdfast_app; SET search_path = holdfast")
        for name, value in (("tenant_id", scope.tenant_id), ("actor_id", scope.actor_id), ("levels", levels)):
            connection.execute("SELECT set_config(%s, %s, false)", (f"holdfast.{name}", str(value)))
        return connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
