"""Search: what is found, what is marked, and what is never found, the same on both engines."""

import pytest

from holdfast import HoldfastError


def said(scope, *texts, **options):
    chat = scope.conversations.create(**options)
    for text in texts:
        scope.conversations.append(chat.id, role="user", content=text)
    return chat


def contents(hits):
    return {hit.message.content for hit in hits}


TEXTS = (
    "Am I eligible for a personal loan?",
    "The loan offer is valid for thirty days.",
    "Offer me a loan, please.",
    "Eligibility depends on your income.",
    "Ich hätte gern einen Kredit für ein Café in Zürich.",
    "我想申请住房贷款",
    "住 房",
    "対象条件を教えてください",
    "대출 조건을 알려주세요",
    "Ring me at +49 151 2345 or mail amina@acme.test",
    "ΑΘΗΝΑ is Athens; Straße is a road; ﬁle has a ligature",
    "to be or not to be",
    "draft loan",
)

QUERIES = {
    "loan": {0, 1, 2, 12},
    "loans": {0, 1, 2, 12},
    "LOAN offer": {1, 2},
    '"loan offer"': {1},
    '"offer loan"': set(),
    "eligib*": {0, 3},
    "eligible": {0, 3},
    "elig": {0, 3},
    "elig*": {0, 3},
    "loan -offer": {0, 12},
    'loan -"loan offer"': {0, 2, 12},
    "loan -draft -offer": {0},
    "hatte": {4},
    "HÄTTE": {4},
    "cafe zurich": {4},
    "Cafe\u0301": {4},
    "贷款": {5},
    "住房": {5},
    "申请住房": {5},
    "房住": set(),
    "条件": {7},
    "조건": {8},
    "amina@acme.test": {9},
    "acme@amina.test": set(),
    "+49 151": {9},
    "αθηνα": {10},
    "strasse": {10},
    "STRASSE": {10},
    "file": {10},
    "the": {1},
    '"to be or not to be"': {11},
    "to be": {11},
    "the loan": {0, 1, 2, 12},
    "nothingofthiskind": set(),
}


def test_queries_find_what_a_reader_expects(sync_store):
    amina = sync_store.tenant("acme").user("amina@acme.test")
    said(amina, *TEXTS)
    wrong = {}
    for query, expected in QUERIES.items():
        found = contents(amina.conversations.search(query, limit=50))
        if found != {TEXTS[n] for n in expected}:
            wrong[query] = found
    assert wrong == {}


def test_a_hit_shows_where_it_is_from_and_why(amina):
    said(amina, "Am I eligible for a personal loan?", title="Loan question")
    (hit,) = amina.conversations.search("eligibility loans")
    assert hit.snippet == "Am I **eligible** for a personal **loan**?"
    assert hit.conversation_title == "Loan question"
    assert hit.score > 0
    assert (hit.message.seq, hit.message.role) == (1, "user")
    assert amina.conversations.message(hit.message.id) == hit.message


def test_a_long_message_shows_the_part_that_matches(amina):
    said(amina, "filler " * 200 + "the heliotrope cabinet " + "more " * 200)
    (hit,) = amina.conversations.search("heliotrope")
    assert hit.snippet.startswith("… ")
    assert hit.snippet.endswith(" …")
    assert "the **heliotrope** cabinet" in hit.snippet
    assert len(hit.snippet) < 200


def test_every_form_of_writing_is_marked_as_it_is_written(amina):
    said(amina, "Das Café in ZÜRICH", "我想申请住房贷款")
    assert amina.conversations.search("cafe zurich")[0].snippet == "Das **Café** in **ZÜRICH**"
    assert amina.conversations.search("住房贷款")[0].snippet == "我想申请**住房贷款**"


def test_texts_of_parts_are_found_and_shown(amina):
    chat = amina.conversations.create()
    parts = [{"type": "text", "text": "heliotrope"}, {"type": "code", "code": "saffron = 1", "language": "python"}]
    amina.conversations.append(chat.id, role="assistant", parts=parts)
    assert amina.conversations.search("saffron")[0].snippet == "heliotrope **saffron** = 1"
    assert amina.conversations.search("python") == []


def test_the_best_comes_first(amina):
    said(amina, "loan " + "other words entirely " * 40, "loan loan loan", "a loan among a few other words here")
    hits = amina.conversations.search("loan")
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)
    assert hits[0].message.content == "loan loan loan"


def test_one_conversation_or_all(amina):
    one, two = said(amina, "a loan here", title="one"), said(amina, "a loan there", title="two")
    assert contents(amina.conversations.search("loan")) == {"a loan here", "a loan there"}
    assert contents(amina.conversations.search("loan", conversation=one.id)) == {"a loan here"}
    assert contents(amina.conversations.search("loan", conversation=str(two.id))) == {"a loan there"}


def test_a_workspace_confines_the_search_and_its_limit(store, amina):
    workspace = store.system().identity.create_workspace("Client", tenant="acme")
    said(amina, "one loan", "two loan", workspace=workspace.id)
    said(amina, *[f"loan loan loan elsewhere {n}" for n in range(10)])
    assert contents(amina.conversations.search("loan", workspace=workspace.id, limit=2)) == {"one loan", "two loan"}


def test_the_limit_counts_what_is_left_after_every_filter(amina, ben):
    deleted = said(amina, *[f"loan loan loan deleted {n}" for n in range(10)])
    said(ben, *[f"loan loan loan colleague {n}" for n in range(10)])
    kept = said(amina, *[f"a loan that is somewhat less relevant {n}" for n in range(5)])
    amina.conversations.delete(deleted.id)
    hits = amina.conversations.search("loan", limit=5)
    assert {hit.message.conversation_id for hit in hits} == {kept.id}
    assert len(hits) == 5
    assert len(amina.conversations.search("loan", limit=3)) == 3


def test_a_colleagues_messages_are_never_found(amina, ben, ada, gus):
    chat = said(ben, "heliotrope of Ben")
    said(gus, "heliotrope of Gus")
    assert amina.conversations.search("heliotrope") == []
    assert ada.conversations.search("heliotrope") == []
    assert contents(ada.conversations.search("heliotrope", conversation=chat.id)) == {"heliotrope of Ben"}
    assert contents(gus.conversations.search("heliotrope")) == {"heliotrope of Gus"}


def test_a_search_in_a_fork_finds_its_own_messages_and_the_shared_past(amina):
    chat = said(amina, "loan one", "loan two", "loan three")
    fork = amina.conversations.fork(chat.id, at=2)
    amina.conversations.append(fork.id, role="user", content="loan in the fork")
    found = contents(amina.conversations.search("loan", conversation=fork.id))
    assert found == {"loan one", "loan two", "loan in the fork"}
    assert contents(amina.conversations.search("loan", conversation=chat.id)) == {"loan one", "loan two", "loan three"}
    assert len(amina.conversations.search("loan")) == 4


def test_the_limit_holds_in_a_fork(amina):
    chat = said(amina, *[f"loan {n}" for n in range(5)])
    fork = amina.conversations.fork(chat.id, at=5)
    amina.conversations.append(fork.id, role="user", content="loan")
    assert len(amina.conversations.search("loan", conversation=fork.id, limit=3)) == 3


def test_what_was_appended_together_is_found_like_what_was_appended_alone(amina):
    from holdfast import NewMessage

    chat = amina.conversations.create()
    amina.conversations.append_many(chat.id, [NewMessage(role="user", content=f"heliotrope {n}") for n in range(3)])
    assert len(amina.conversations.search("heliotrope")) == 3


REFUSED = ("", "   ", "?!", "-loan", '""', "*", "a\0b", "\ud800", "x " * 40, "x" * 10_001, None, 5)


def test_a_query_without_a_word_or_beyond_the_limits_is_refused(amina):
    for query in REFUSED:
        with pytest.raises(HoldfastError, match="query: ") as caught:
            amina.conversations.search(query)
        assert (caught.value.code, caught.value.field) == ("invalid_input", "query")


DATA = {
    'loan"': 1, "loan AND offer": 1, "NEAR(loan offer)": 0, "body:loan": 0, "loan OR x": 0, "'loan'": 1, "lo:*": 1,
    "^loan": 1, "{marks}: loan": 0, "loan')--": 1, "%loan_": 1, "loan<->offer": 1, "(loan": 1, "🦉 loan": 1,
    "loan -": 1,
    "loan&!offer": 1, "loan|x": 0,
}  # fmt: skip


def test_what_an_engine_would_take_for_its_own_language_is_data(amina):
    said(amina, "a loan offer")
    assert {query: len(amina.conversations.search(query)) for query in DATA} == DATA


def test_a_phrase_of_a_thousand_words_is_searched(sync_store):
    amina = sync_store.tenant("acme").user("amina@acme.test")
    phrase = " ".join(f"w{n}" for n in range(1500))
    said(amina, phrase, "w1 w2")
    assert contents(amina.conversations.search(f'"{phrase}"')) == {phrase}


@pytest.mark.parametrize("before", [1, 300, 500])
def test_a_phrase_is_found_wherever_it_stands(sync_store, before):
    amina = sync_store.tenant("acme").user("amina@acme.test")
    said(amina, "pad the " * (before // 2) + "heliotrope the cabinet")
    assert len(amina.conversations.search('"heliotrope the cabinet"')) == 1
    assert amina.conversations.search('"cabinet the heliotrope"') == []
