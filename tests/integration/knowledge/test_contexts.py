"""Passages in a prompt's context: those that answer, within the budget, each with what it takes to cite it."""

import pytest
from integration.knowledge.conftest import give

TEXT = "A home loan for a joint account needs both signatures."


@pytest.fixture
def chat(amina):
    made = amina.conversations.create()
    amina.conversations.append(made.id, role="user", content="Who signs a home loan?")
    return made.id


@pytest.mark.parametrize("embedder", [None, "hashing:128"])
def test_the_newest_question_brings_passages_that_can_be_cited(me, chat, embedder):
    base = me.knowledge.create_base("kb", embedder=embedder)
    added = me.knowledge.add(base.id, f"# Signing\n\n{TEXT}", title="Loans", media_type="text/markdown")
    found = me.conversations.context(chat, max_tokens=4_000)
    (passage,) = found.passages
    (chunk,) = me.knowledge.chunks(added.id).items
    assert TEXT in passage.text
    assert passage.origin["chunk"] == str(chunk.id)
    assert passage.origin["document"] == str(added.id)
    assert (passage.origin["title"], passage.origin["heading"]) == ("Loans", "Signing")
    assert passage.origin["score"] > 0
    assert me.conversations.context(chat, max_tokens=4_000, question="!!").passages == ()


def test_what_does_not_fit_is_named(me, chat):
    base = me.knowledge.create_base("kb", embedder="hashing:128")
    for n in range(8):
        me.knowledge.add(base.id, f"Number {n}: {TEXT * 20}")
    found = me.conversations.context(chat, max_tokens=1_500)
    assert 0 < len(found.passages) < 8
    named = [one for one in found.left_out if one.what.startswith("passage ")]
    assert len(named) + len(found.passages) == 8
    assert all("were left for it" in one.reason for one in named)
    assert found.tokens <= 1_500


def test_passages_are_those_of_the_readers_own_level(cleared, me, low):
    base = me.knowledge.create_base("kb", embedder="hashing:128")
    me.knowledge.add(base.id, f"Secret. {TEXT}", clearance="S")
    me.knowledge.add(base.id, f"Open. {TEXT}", clearance="D")
    chats = {one: one.conversations.create().id for one in (me, low)}
    for one, chat in chats.items():
        one.conversations.append(chat, role="user", content="Who signs a home loan?")
    assert len(me.conversations.context(chats[me], max_tokens=4_000).passages) == 2
    (passage,) = low.conversations.context(chats[low], max_tokens=4_000).passages
    assert passage.text.startswith("Open.")
    give(cleared, "ben@acme.test", "")
    assert low.conversations.context(chats[low], max_tokens=4_000).passages == ()


def test_who_does_not_search_is_told(store, me):
    me.knowledge.create_base("kb")
    made = me.conversations.create()
    me.conversations.append(made.id, role="user", content="Who signs a home loan?")
    auditor = store.tenant("acme").user("aud@acme.test")
    found = auditor.conversations.context(made.id, max_tokens=1_000)
    assert any("does not search knowledge" in one.reason for one in found.left_out)


def test_what_a_context_shows_is_logged_and_can_be_cited(me, chat):
    base = me.knowledge.create_base("kb", embedder="hashing:128")
    me.knowledge.add(base.id, TEXT)
    me.conversations.context(chat, question="!!")
    assert me.knowledge.retrievals().items == ()
    (passage,) = me.conversations.context(chat, max_tokens=4_000).passages
    (logged,) = me.knowledge.retrievals().items
    assert (str(logged.id), logged.mode, logged.conversation_id) == (passage.origin["retrieval"], "hybrid", chat)
    answer = me.conversations.append(chat, role="assistant", content="Both.")
    me.knowledge.cite(logged.id, message=answer.id, chunks=[passage.origin["chunk"]])
    assert me.knowledge.retrieval(logged.id).hits[0].message_id == answer.id
    assert me.knowledge.report().unsupported == ()
