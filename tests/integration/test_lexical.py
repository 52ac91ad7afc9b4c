"""The index of texts by their words: what is found, in which order, by whom; and nothing is left of what is gone."""

import random
import re
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest
from support.refusals import refused

import holdfast
from holdfast.core import lexical
from holdfast.core.ids import new_id
from holdfast.core.lexical.counted import counted

BASE, OTHER = new_id(), new_id()
PURPOSE = "notes"
"""Of no room, so that the index alone is tested."""


class Index:
    """The index as one person uses it."""

    def __init__(self, store, email="amina@acme.test", tenant="acme", levels="CD", reach="own"):
        scope = store.tenant(tenant).user(email).scope
        self.engine = store.engine
        self.scope = replace(scope, levels=frozenset(levels), prepared={})
        self.reach = reach

    def write(self, work):
        return self.engine.write(self.scope, self.reach, work)

    def put(self, *texts, level=None, owner=None, about=BASE):
        entries = [lexical.Entry(new_id(), level, owner, text) for text in texts]
        self.write(lambda tx: lexical.put(tx, PURPOSE, about, entries))
        return [entry.item_id for entry in entries]

    def search(self, text, k=10, abouts=(BASE,), **options):
        question = lexical.parse_question(text, most_chars=4_000)

        def work(tx):
            return lexical.search(tx, question, purpose=PURPOSE, abouts=list(abouts), k=k, **options)

        return self.engine.read(self.scope, self.reach, work)

    def found(self, text, **options):
        return [found.item_id for found in self.search(text, **options)]


@pytest.fixture
def index(sync_store):
    return Index(sync_store)


def test_any_word_may_match_and_the_rarest_count_most(index):
    loan, joint, both, _none = index.put(
        "a home loan of ours", "an account for two, held jointly", "home loan for a joint account", "nothing of it"
    )
    assert index.found("home loan for a joint account") == [both, loan, joint]
    assert index.found("which account?") == [joint, both] or index.found("which account?") == [both, joint]
    assert index.found("the of") == index.found("of the") != []
    assert index.found("absent") == []


QUERIES = {
    '"joint account"': {0},
    '"account joint"': set(),
    "elig*": {1, 2},
    "eligible": {1, 2},
    "account -home": {3},
    '-"joint account" account': {3},
    "贷款": {4},
    "mueller@bank.test": {5},
    '"valid for thirty"': {6},
    '"valid for thir*"': set(),
    "ZÜRICH": {7},
}


@pytest.mark.parametrize("query", QUERIES)
def test_phrases_beginnings_and_exclusions(index, query):
    ids = index.put(
        "home loan for a joint account",
        "who is eligible",
        "eligibility",
        "an account",
        "我想申请住房贷款",
        "ask mueller@bank.test",
        "valid for thirty days",
        "in Zurich",
    )
    assert {ids.index(found) for found in index.found(query)} == QUERIES[query]


def test_a_text_is_found_at_a_level_that_is_held_and_no_rank_tells_of_the_others(sync_store):
    index = Index(sync_store, levels="SABCD")
    low = index.put("loan account", "loan", "plain words", level="D")
    member = Index(sync_store, levels="D")
    before = member.search("loan account")
    high = index.put(*["loan account hidden"] * 20, level="B")
    assert member.search("loan account") == before
    assert set(member.found("hidden")) == set()
    assert Index(sync_store, levels="").found("loan") == []
    assert set(index.found("loan", k=50)) == {*low[:2], *high}
    assert set(Index(sync_store, levels="B", reach="tenant").found("loan", k=50)) == set(high)


def test_what_is_somebodys_own_is_found_by_them_and_an_administrator(sync_store):
    amina, ben = Index(sync_store), Index(sync_store, "ben@acme.test")
    mine = amina.put("my loan", owner=amina.scope.actor_id)
    common = amina.put("our loan")
    assert set(amina.found("loan")) == {*mine, *common}
    assert ben.found("loan") == common
    assert set(Index(sync_store, "ada@acme.test", reach="tenant").found("loan")) == {*mine, *common}


def test_another_tenant_another_base_and_another_purpose_are_elsewhere(sync_store, index):
    index.put("loan")
    elsewhere = index.put("loan", about=OTHER)
    assert index.found("loan", abouts=(OTHER,)) == elsewhere
    assert len(index.found("loan", abouts=(BASE, OTHER))) == 2
    assert Index(sync_store, "gus@globex.test", "globex").found("loan") == []


def test_moving_and_removing(sync_store):
    index, low = Index(sync_store), Index(sync_store, levels="D")
    one, two = index.put("loan one", "loan two", level="C")
    index.write(lambda tx: lexical.move(tx, [one], level="D"))
    assert low.found("loan") == [one]
    assert set(index.found("loan")) == {one, two}
    low.write(lambda tx: lexical.remove(tx, [one, two]))
    assert index.found("loan") == [two], "what one may not see stays"
    index.write(lambda tx: lexical.remove(tx, [two]))
    assert index.found("loan two") == []
    assert Index(sync_store).engine.read(index.scope, "own", _rows_left) == 0


def _rows_left(tx):
    words = [UUID(counted(tx.tenant_id, word)) for word in ("loan", "one", "two")]
    at = {"purpose": PURPOSE, "abouts": [BASE], "words": words}
    return len(tx.all(lexical.queries.counts, at))


def test_of_many_matches_those_with_most_of_the_words_are_ranked(index):
    index.put(*(f"common word {n}" for n in range(300)), level="D")
    (best,) = index.put("common word and another common word", level="D")
    index.put(*(f"another {n}" for n in range(300)), level="D")
    assert index.found("common another word", window=100)[0] == best
    assert len(index.search("common", window=100, k=200)) == 100


def test_a_question_has_limits():
    refused("query_too_long", lexical.parse_question, "loan " * 25_000, most_chars=4_000)
    refused("invalid_input", lexical.parse_question, "?!", most_chars=4_000)
    refused("invalid_input", lexical.parse_question, "-loan", most_chars=4_000)
    refused("invalid_input", lexical.parse_question, "loan\0", most_chars=4_000)
    refused("invalid_input", lexical.parse_question, " ".join(f"a{n}*" for n in range(40)), most_chars=4_000)
    assert len(lexical.parse_question(" ".join(f"w{n}" for n in range(600)), most_chars=4_000).terms) == 600


def test_nobody_names_a_mark(index):
    index.put("loan")
    refused("invalid_input", lexical.parse_question, "\ue000", most_chars=4_000)


def texts_of(chance, count):
    vocabulary = [f"{a}{b}q" for a in "bcdfghklmn" for b in "prstvwxz"]
    weights = [1 / (rank + 2) for rank in range(len(vocabulary))]
    return [" ".join(chance.choices(vocabulary, weights, k=chance.randrange(5, 60))) for _ in range(count)]


def test_both_engines_rank_alike(tmp_path, postgres):
    """Ranked by the same numbers, so the first ten are the same ten."""
    texts, chance = texts_of(random.Random(5), 1_500), random.Random(6)
    questions = [" ".join(chance.sample(chance.choice(texts).split(), 3)) for _ in range(40)]
    postgres.execute("CREATE DATABASE alike")
    answers = [
        [_answers(url, texts, questions, window) for window in (250, 100_000)]
        for url in (f"sqlite:///{tmp_path}/alike.db", postgres.url("alike"))
    ]
    (sqlite, sqlite_whole), (server, server_whole) = answers
    assert sqlite_whole == server_whole
    overlaps = [len({*a} & {*b}) / len(a) for a, b in zip(sqlite, server, strict=True)]
    assert sum(overlaps) / len(overlaps) > 0.9


def _answers(url, texts, questions, window):
    with holdfast.create(url) if "made" not in _made(url) else holdfast.open(url) as store:
        if "made" not in _made(url):
            store.system().identity.create_tenant("acme")
            store.system().identity.create_user("amina@acme.test", tenant="acme")
            _MADE[url] = Index(store, levels="D").put(*texts, level="D")
        index, ids = Index(store, levels="D"), _MADE[url]
        return [
            [(ids.index(hit.item_id), round(hit.score, 6)) for hit in index.search(question, window=window)]
            for question in questions
        ]


_MADE: dict[str, list] = {}


def _made(url):
    return ("made",) if url in _MADE else ()


@pytest.mark.parametrize("purpose", ["knowledge", "memory", "m"])
def test_no_byte_is_left_in_a_plain_file(tmp_path, monkeypatch, purpose):
    """How long the purpose is decides how the rows lie on their pages, and what is left where rows moved."""
    monkeypatch.setattr(f"{__name__}.PURPOSE", purpose)
    path = Path(tmp_path) / "plain.db"
    with holdfast.create(f"sqlite:///{path}") as store:
        store.system().identity.create_tenant("acme")
        store.system().identity.create_user("amina@acme.test", tenant="acme")
        index = Index(store)
        index.put(*texts_of(random.Random(1), 300))
        gone = index.put(*(f"zanzibar heliotrope{n} loan" for n in range(200)), level="C")
        index.write(lambda tx: lexical.remove(tx, gone[:150]))
    assert b"zanzibar" in path.read_bytes(), "it can be seen where it is"
    with holdfast.open(f"sqlite:///{path}") as store:
        Index(store).write(lambda tx: lexical.remove(tx, gone[150:]))
    assert re.findall(rb"zanzib|heliotr|eliotrop", path.read_bytes()) == []
    assert not path.with_name("plain.db-wal").exists() or path.with_name("plain.db-wal").stat().st_size == 0
