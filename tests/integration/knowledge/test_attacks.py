"""What an attacker tries on knowledge, and a careful person who is unlucky."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from support.backdoor import Backdoor

from holdfast import HoldfastError

LETTERS = "a\U0001e922b"
"""Two letters with one between them that is younger than the Unicode of SQLite."""


def at_once(*calls):
    with ThreadPoolExecutor(len(calls)) as threads:
        return [future.exception() or future.result() for future in [threads.submit(call) for call in calls]]


@pytest.mark.parametrize("word", [LETTERS, "\u0870x"])
def test_letters_that_an_engine_does_not_know_are_found_like_others(me, base, word):
    document = me.knowledge.add(base.id, f"{word} heliotrope")
    for question in (word, f'"{word} heliotrope"', f"{word}*", f"heliotrope -{word}x"):
        (hit,) = me.knowledge.search(question, base=base.id).hits
        assert hit.document.id == document.id
    assert not me.knowledge.search(f"heliotrope -{word}", base=base.id).hits
    me.memory.remember("word", word)
    assert [one.fact.key for one in me.memory.recall(word)] == ["word"]


def left(store):
    """Rows of the index of words, and of its counts."""
    door = Backdoor(store.engine)
    return [door.run(f"SELECT count(*) FROM {table}")[0][0] for table in ("lexical_index", "lexical_counts")]


@pytest.mark.parametrize("change", ["add", "replace"])
def test_a_base_that_is_deleted_while_somebody_changes_it_leaves_nothing(sync_store, change):
    sync_store.system().identity.set_clearance("amina@acme.test", list("SABCD"), tenant="acme")
    me = sync_store.tenant("acme").user("amina@acme.test")
    texts = ["\n\n".join(f"{word}{n} " * 300 for n in range(20)) for word in ("secret", "other", "third")]
    for round_ in range(8):
        base = me.knowledge.create_base(f"base {round_}").id
        document = me.knowledge.add(base, texts[0]).id
        started = threading.Barrier(3)

        def write(base=base, document=document, started=started):
            started.wait()
            for text in texts[1:]:
                me.knowledge.add(base, text) if change == "add" else me.knowledge.replace(document, text)

        def end(base=base, started=started):
            started.wait()
            me.knowledge.delete_base(base)

        for outcome in at_once(write, end, end):
            assert outcome is None or isinstance(outcome, HoldfastError), repr(outcome)
            assert outcome is None or outcome.code in {"base_not_found", "document_not_found"}
        assert left(sync_store) == [0, 0]


def test_what_an_answer_cites_supports_it_whoever_reads_the_report(me, admin, base):
    me.knowledge.add(base.id, "the loan of the house", clearance="S")
    found = me.knowledge.search("loan", base=base.id)
    chat = me.conversations.create().id
    answer, silent = (me.conversations.append(chat, role="assistant", content="Yes.").id for _ in range(2))
    me.knowledge.cite(found.id, message=answer, chunks=[found.hits[0].chunk.id])
    me.knowledge.cite(found.id, message=answer)
    me.knowledge.cite(me.knowledge.search("loan", base=base.id).id, message=silent)
    for reader in (me, admin):
        assert reader.knowledge.report(base=base.id).unsupported == (silent,)


def test_a_member_is_told_nothing_of_what_others_found(me, low, base):
    document = me.knowledge.add(base.id, "the loan of the house")
    me.knowledge.search("loan", base=base.id)
    assert [one.id for one in low.knowledge.report().never_found] == [document.id]
    assert me.knowledge.report().never_found == ()


def test_the_trail_tells_of_documents_no_more_than_that_they_changed(me, ada, base):
    document = me.knowledge.add(base.id, "secret", clearance="S", title="Merger")
    me.knowledge.replace(document.id, "secret and more")
    me.knowledge.edit(document.id, title="Nothing")
    me.knowledge.delete(document.id)
    lines = ada.audit.list(target=document.id).items
    assert [line.details for line in reversed(lines)] == [
        {},
        {"changed": ["text"]},
        {"changed": ["title"]},
        {"deleted": True},
    ]
