"""Messages and facts found by meaning: what is found, what never is, what waits, and what is gone at once."""

import threading
from dataclasses import replace

import pytest
from sqlalchemy import func, select
from support.backdoor import Backdoor
from support.embedding_server import EmbeddingServer
from support.refusals import refused

import holdfast
from holdfast import Settings
from holdfast.core.database import TENANT, Query
from holdfast.core.embedders import HashingEmbedder
from holdfast.core.vectors.tables import vectors

WORDLLAMA = Settings(message_embedder="wordllama:256", memory_embedder="wordllama:256")
COUNT = Query(select(func.count()).select_from(vectors).where(vectors.c.tenant_id == TENANT))
HASTY = Settings(
    embedder_cache_seconds=0, embedder_attempts=1, embedder_query_seconds=1.0, embedder_batch=4, embedder_concurrency=1
)


@pytest.fixture
def opened(place):
    with holdfast.open(place.url, place.key, settings=WORDLLAMA) as store:
        yield store


@pytest.fixture
def server():
    with EmbeddingServer() as running:
        yield running


def person(store, email="amina@acme.test", tenant="acme"):
    return store.tenant(tenant).user(email)


def said(scope, *texts, **options):
    chat = scope.conversations.create(**options)
    for text in texts:
        scope.conversations.append(chat.id, role="user", content=text)
    return chat


def contents(hits):
    return [hit.message.content for hit in hits]


MORTGAGE = "What interest would I pay on a mortgage?"
HOUSE = "borrowing to buy a house"
"""Has no word of that message, and means the like."""


def test_a_message_is_found_by_what_it_means(opened):
    me = person(opened)
    chat = said(me, MORTGAGE, "My cat sleeps all day.", "The weather in Oslo is cold.")
    assert me.conversations.search(HOUSE) == []
    report = me.conversations.embed_some()
    assert (report.embedder, report.embedded, report.pending, report.done) == ("wordllama:256", 3, 0, True)
    found = me.conversations.search(HOUSE, limit=1)
    assert (contents(found), found.mode, found.notes) == ([MORTGAGE], "hybrid", ())
    assert found[0].found_by == ("meaning",)
    assert contents(me.conversations.search(HOUSE, conversation=chat.id, limit=1)) == [MORTGAGE]
    assert contents(me.conversations.search(HOUSE, mode="vector", limit=1)) == [MORTGAGE]
    both = me.conversations.search("mortgage")[0]
    assert (both.message.content, both.found_by) == (MORTGAGE, ("words", "meaning"))
    assert me.conversations.search(HOUSE, mode="lexical") == []
    assert me.conversations.embed_some().embedded == 0, "nothing twice"


def test_what_the_query_leaves_out_meaning_leaves_out_too(opened):
    me = person(opened)
    said(me, MORTGAGE, "A loan for the flat, a draft")
    me.conversations.embed_some()
    assert MORTGAGE not in contents(me.conversations.search(f"{HOUSE} -mortgages"))
    assert MORTGAGE not in contents(me.conversations.search(f"{HOUSE} -mortg*"))
    assert MORTGAGE in contents(me.conversations.search(f'{HOUSE} -"pay mortgage"'))
    assert MORTGAGE not in contents(me.conversations.search(f'{HOUSE} -"would i pay"'))


def test_without_an_embedder_words_alone_find_and_it_says_so(sync_store):
    me = person(sync_store)
    said(me, MORTGAGE)
    found = me.conversations.search("mortgage")
    assert (found.mode, found.notes, found[0].found_by) == ("lexical", (), ("words",))
    assert me.conversations.search("mortgage", mode="hybrid").notes == (
        "searched by words alone; no embedder is set for messages",
    )
    refused("no_embedder_set", me.conversations.embed_some)
    refused("no_embedder_set", me.memory.embed_some)
    assert me.memory.recall("style").mode == "lexical"


def test_nobody_finds_what_is_anothers_deleted_or_elsewhere(opened):
    root = opened.system().identity
    client = root.create_workspace("Client", tenant="acme")
    me, ben, ada = person(opened), person(opened, "ben@acme.test"), person(opened, "ada@acme.test")
    mine = said(me, MORTGAGE, title="mine")
    inside = said(me, "Buying a flat on credit", workspace=client.id)
    gone = said(me, "Borrowing for a home, deleted")
    his = said(ben, "Ben borrows to buy a house")
    gus = person(opened, "gus@globex.test", "globex")
    said(gus, "Gus borrows to buy a house")
    for one in (me, ben, gus):
        assert one.conversations.embed_some().done
    me.conversations.delete(gone.id)
    assert set(contents(me.conversations.search(HOUSE))) == {MORTGAGE, "Buying a flat on credit"}
    assert contents(me.conversations.search(HOUSE, workspace=client.id)) == ["Buying a flat on credit"]
    assert contents(me.conversations.search(HOUSE, conversation=mine.id)) == [MORTGAGE]
    assert contents(ben.conversations.search(HOUSE)) == ["Ben borrows to buy a house"]
    assert contents(ada.conversations.search(HOUSE)) == []
    refused("conversation_not_found", ben.conversations.search, HOUSE, conversation=mine.id)
    assert contents(ada.conversations.search(HOUSE, conversation=his.id)) == ["Ben borrows to buy a house"]
    read = [one for one in ada.audit.list().items if one.outcome == "read" and one.target_id == his.id]
    assert len(read) == 1, "one search, one line"
    me.conversations.hide(inside.id)
    assert len(me.conversations.search(HOUSE)) == 2, "hidden is left out of lists; words find it too"
    assert len(me.conversations.search(HOUSE, workspace=client.id)) == 1


def test_a_filter_never_makes_an_answer_short(place):
    """Most of a person's messages are nearer and elsewhere; those asked for are found all the same."""
    settings = Settings(message_embedder="hashing:64")
    with holdfast.open(place.url, place.key, settings=settings) as store:
        client = store.system().identity.create_workspace("Client", tenant="acme")
        me = person(store)
        chat = me.conversations.create()
        new = [holdfast.NewMessage(role="user", content=f"house loan {n}") for n in range(1_300)]
        me.conversations.append_many(chat.id, new)
        inside = said(me, *[f"the house number {n} of a long street" for n in range(5)], workspace=client.id)
        while not me.conversations.embed_some().done:
            pass
        found = me.conversations.search("house loan", workspace=client.id, mode="vector")
        assert {hit.message.conversation_id for hit in found} == {inside.id}
        assert len(found) == 5
        assert len(me.conversations.search("house loan", conversation=inside.id, mode="vector")) == 5
        me.conversations.delete(chat.id)
        assert len(me.conversations.search("house loan", mode="vector")) == 5


def test_a_fork_finds_the_past_that_it_shares(opened):
    me = person(opened)
    chat = said(me, MORTGAGE, "My cat sleeps.", "Borrowing for a garage")
    fork = me.conversations.fork(chat.id, at=2)
    me.conversations.append(fork.id, role="user", content="A credit for the flat")
    assert me.conversations.embed_some().embedded == 4
    found = contents(me.conversations.search(HOUSE, conversation=fork.id, limit=10))
    assert set(found) == {MORTGAGE, "My cat sleeps.", "A credit for the flat"}


def test_what_waits_is_gone_on_with_and_what_has_no_text_is_passed_over(place, server):
    with holdfast.open(place.url, place.key, settings=replace(HASTY, message_embedder=server.spec)) as store:
        me = person(store)
        chat = said(me, *[f"message {n}" for n in range(10)])
        me.conversations.append(chat.id, role="tool", parts=[{"type": "image", "url": "x"}])
        report = me.conversations.embed_some(most=4)
        assert (report.embedded, report.pending, report.done) == (4, 7, False)
        server.mode = "500"
        refused("embedder_unavailable", me.conversations.embed_some)
        assert me.conversations.search("message").mode == "lexical"
        assert "searched by words alone" in me.conversations.search("message").notes[0]
        server.mode = "right"
        while me.conversations.search("message").mode == "lexical":
            threading.Event().wait(0.05)
        server.requests.clear()
        report = me.conversations.embed_some()
        assert (report.embedded, report.pending, report.done) == (6, 0, True)
        assert sum(len(request["input"]) for request in server.requests) == 6
        said(me, "one more")
        me.conversations.delete(chat.id)
        assert me.conversations.embed_some().embedded == 1
        me.conversations.restore(chat.id)
        assert me.conversations.embed_some().embedded == 0


def test_an_administrator_embeds_for_everybody_and_a_member_for_themselves(opened):
    me, ben, ada = person(opened), person(opened, "ben@acme.test"), person(opened, "ada@acme.test")
    said(me, MORTGAGE)
    said(ben, MORTGAGE)
    me.memory.remember("style", "concise")
    assert me.conversations.embed_some().embedded == 1
    assert ben.conversations.search(HOUSE).mode == "lexical"
    assert ada.conversations.embed_some().embedded == 1
    assert ben.conversations.search(HOUSE).mode == "hybrid"
    assert ben.memory.embed_some().embedded == 0
    assert ada.memory.embed_some().embedded == 1
    refused("permission_denied", person(opened, "aud@acme.test").conversations.embed_some)


def test_another_embedder_takes_over_when_its_vectors_are_whole(place):
    def with_embedder(name):
        return holdfast.open(
            place.url, place.key, settings=Settings(message_embedder=name, memory_embedder=name, embedder_batch=1)
        )

    with with_embedder("hashing:64") as store:
        me = person(store)
        said(me, *[f"message {n}" for n in range(6)])
        me.memory.remember("style", "concise")
        me.conversations.embed_some()
        me.memory.embed_some()
    with with_embedder("hashing:128") as store:
        me = person(store)
        assert me.conversations.search("message").notes == (
            "searched by words alone; the vectors are of hashing:64, not yet of hashing:128",
        )
        assert me.conversations.embed_some(most=4).pending == 2
        assert me.conversations.search("message").mode == "lexical"
        assert me.conversations.embed_some().done
        assert me.memory.embed_some().done
        assert me.conversations.search("message").mode == "hybrid"
        assert me.memory.recall("style").mode == "hybrid"
        indexes = Backdoor(store.engine).run("SELECT purpose, embedder, state FROM vector_indexes ORDER BY purpose")
        assert [tuple(row) for row in indexes] == [
            ("memory", "hashing:128", "active"),
            ("messages", "hashing:128", "active"),
        ]


def test_facts_are_recalled_by_what_they_mean(opened):
    me = person(opened)
    m = me.memory
    m.remember("answer_style", "concise")
    m.remember("pet", "a tabby called Miso")
    m.remember("city", "Oslo")
    before = m.recall("keep replies short")
    assert (list(before), before.mode) == ([], "lexical")
    assert "no fact has a vector yet" in before.notes[0]
    assert m.embed_some().embedded == 3
    for question, key in (
        ("how should answers sound", "answer_style"),
        ("keep replies short", "answer_style"),
        ("which animal do they have", "pet"),
        ("where do they live in Norway", "city"),
    ):
        found = m.recall(question, k=1)
        assert (found[0].fact.key, found.mode, found.notes) == (key, "hybrid", ())
        assert "meaning" in found[0].found_by
        assert 0 < found[0].score <= 0.8
    assert m.recall("answer_style")[0].found_by == ("key", "text", "meaning")


def test_a_fact_that_is_superseded_sealed_or_forgotten_leaves_no_vector(opened):
    m = person(opened).memory
    door = Backdoor(opened.engine)

    def count():
        return door.run("SELECT count(*) FROM vectors")[0][0]

    for key in ("pet", "city", "style"):
        m.remember(key, "a tabby")
    m.embed_some()
    assert count() == 3
    m.remember("pet", "a dog")
    assert count() == 2
    m.remember("city", "Oslo", sensitive=True)
    assert count() == 1
    m.forget("style")
    assert count() == 0
    assert m.embed_some().embedded == 1, "the sealed one waits for nothing"
    assert [one.fact.key for one in m.recall("which animal")] == ["pet"]
    m.forget("pet")
    assert count() == 0


def test_facts_of_a_workspace_are_recalled_by_those_it_is_open_to(opened):
    root = opened.system().identity
    client = root.create_workspace("Client", tenant="acme")
    root.assign(client.id, "amina@acme.test", tenant="acme")
    me, ben = person(opened), person(opened, "ben@acme.test")
    me.memory.remember("tone", "formal and polite", workspace=client.id)
    ben.memory.remember("pet", "a tabby")
    assert ben.memory.embed_some().embedded == 1
    assert me.memory.embed_some().embedded == 1
    assert me.memory.recall("how should answers sound", workspace=client.id)[0].fact.key == "tone"
    refused("workspace_not_found", ben.memory.recall, "how should answers sound", workspace=client.id)
    chat = me.conversations.create(workspace=client.id)
    me.conversations.append(chat.id, role="user", content="how should answers sound?")
    facts = me.conversations.context(chat.id).facts
    assert facts[0].origin["key"] == "tone"
    root.archive_workspace(client.id, tenant="acme")
    root.delete_workspace(client.id, tenant="acme")
    assert Backdoor(opened.engine).run("SELECT count(*) FROM vectors")[0][0] == 1


def test_a_context_brings_the_facts_that_mean_the_like(opened):
    me = person(opened)
    for n in range(12):
        me.memory.remember(f"note_{n}", f"tram number {n} leaves at noon", confidence=1.0)
    me.memory.remember("answer_style", "brief and short", confidence=0.1)
    chat = said(me, "reply concisely, please")
    keys = [fact.origin["key"] for fact in me.conversations.context(chat.id).facts]
    assert "answer_style" not in keys
    me.memory.embed_some()
    keys = [fact.origin["key"] for fact in me.conversations.context(chat.id).facts]
    assert keys[0] == "answer_style"


def test_vectors_of_a_closed_workspace_are_closed_in_the_database_too(opened):
    root = opened.system().identity
    client = root.create_workspace("Client", tenant="acme")
    root.assign(client.id, "amina@acme.test", tenant="acme")
    me, ben = person(opened), person(opened, "ben@acme.test")
    me.memory.remember("tone", "formal", workspace=client.id)
    said(me, MORTGAGE)
    me.memory.embed_some()
    me.conversations.embed_some()

    def seen(scope, reach="own"):
        return opened.engine.read(scope, reach, lambda tx: tx.all(COUNT))[0][0]

    assert seen(me.scope) == 2
    assert seen(ben.scope) == (0 if opened.engine.url.startswith("postgresql") else 2), "SQLite has no policies"
    assert seen(person(opened, "ada@acme.test").scope, "tenant") == 2


def test_two_who_embed_at_once_make_one_vector_each(place):
    slow = HashingEmbedder(16)
    with holdfast.open(
        place.url, place.key, settings=Settings(embedders={"slow": slow}, message_embedder="slow", embedder_batch=2)
    ) as store:
        me = person(store)
        said(me, *[f"message {n}" for n in range(30)])
        threads = [threading.Thread(target=me.conversations.embed_some) for _ in range(3)]
        for one in threads:
            one.start()
        for one in threads:
            one.join()
        assert me.conversations.embed_some().done
        door = Backdoor(store.engine)
        assert door.run("SELECT count(*) FROM vectors") == [(30,)]
        assert door.run("SELECT count(*) FROM vector_indexes") == [(1,)]


def test_a_setting_that_names_no_embedder_is_refused():
    with pytest.raises(holdfast.HoldfastError, match="message_embedder: 'nobody' is none of embedders"):
        Settings(message_embedder="nobody")


def test_what_waits_gets_its_vectors_by_itself_in_every_tenant(opened):
    me, other = person(opened), person(opened, "gus@globex.test", "globex")
    said(me, MORTGAGE)
    said(other, MORTGAGE)
    me.memory.remember("home", "They live by the harbour.")
    jobs, worker = opened.system().jobs, opened.worker()
    asked = [jobs.submit(f"{room}.embed_waiting") for room in ("conversations", "memory")]
    worker.run_due()
    assert [jobs.get(one.id).result for one in asked] == [{"embedded": 2, "pending": 0}, {"embedded": 1, "pending": 0}]
    assert contents(me.conversations.search(HOUSE)) == contents(other.conversations.search(HOUSE)) == [MORTGAGE]
    assert [hit.fact.key for hit in me.memory.recall("a house near boats and water")] == ["home"]
    refused("permission_denied", me.jobs.submit, "conversations.embed_waiting")
    again = jobs.submit("conversations.embed_waiting")
    worker.run_due()
    assert jobs.get(again.id).result == {"embedded": 0, "pending": 0}


def test_without_an_embedder_the_schedule_has_nothing_to_embed(place):
    with holdfast.open(place.url, place.key) as store:
        said(person(store), MORTGAGE)
        asked = store.system().jobs.submit("conversations.embed_waiting")
        store.worker().run_due()
        assert store.system().jobs.get(asked.id).result == {"embedded": 0, "pending": 0}
