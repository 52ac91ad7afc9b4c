"""The query language: what a person types, as terms."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.core.database.text_search import (
    MOST_TERMS,
    Marks,
    Term,
    Terms,
    matched_words,
    parse_query,
)
from holdfast.core.errors import InvalidInput
from holdfast.core.words import COMMON

CASES = {
    "loan": [Term(("loan",))],
    "Loan OFFER": [Term(("loan",)), Term(("offer",))],
    '"loan offers"': [Term(("loan", "offer"))],
    "elig*": [Term(("elig",), prefix=True)],
    "loan -draft": [Term(("loan",)), Term(("draft",), without=True)],
    'loan -"first draft"': [Term(("loan",)), Term(("first", "draft"), without=True)],
    "loan -dra*": [Term(("loan",)), Term(("dra",), prefix=True, without=True)],
    "amina@acme.test": [Term(("amina", "acm", "test"))],
    "申请住房": [Term(("申请", "请住", "住房"))],
    "what is the loan": [Term(("loan",))],
    "to be or not to be": [Term((w,)) for w in ("to", "be", "or", "not", "to", "be")],
    '"to be"': [Term(("to", "be"))],
    "the -loan": [Term(("the",)), Term(("loan",), without=True)],
    'loan "': [Term(("loan",))],
    "loan - !": [Term(("loan",))],
    '""loan""': [Term(("loan",))],
}


@pytest.mark.parametrize("text", CASES)
def test_a_query_is_its_terms(text):
    assert list(parse_query(text)) == CASES[text]


@pytest.mark.parametrize("text", ["", " ", "-loan", '-"a b"', '""', "*", "-", "?!", "🦉"])
def test_a_query_without_a_word_is_refused(text):
    with pytest.raises(InvalidInput, match="has no word to look for") as caught:
        parse_query(text)
    assert (caught.value.code, caught.value.field) == ("invalid_input", "query")


def test_a_query_has_so_many_terms_at_most():
    assert len(parse_query("loan " * MOST_TERMS)) == MOST_TERMS
    with pytest.raises(InvalidInput, match=f"{MOST_TERMS + 1} terms, the limit is {MOST_TERMS}"):
        parse_query("loan " * (MOST_TERMS + 1))


def test_every_common_word_is_left_out_beside_a_telling_one():
    kept = {word for word in COMMON if len(parse_query(f"loan {word}")) != 1}
    assert kept == set()


@given(st.text())
def test_every_text_is_terms_or_refused(text):
    try:
        terms = parse_query(text)
    except InvalidInput as error:
        assert error.field == "query"
        return
    assert any(not term.without for term in terms)
    for engine in ("sqlite", "postgresql"):
        spelled = Terms.spellings[engine](terms)
        plain = spelled.replace("{body}", "").replace("AND", "").replace("NOT", "").replace("OR", "")
        assert set(plain) & set("\\;{}$%^:") <= {":"}
        assert "'" not in spelled or engine == "postgresql"


def test_terms_are_spelled_for_each_engine():
    terms = parse_query('loan "first offer" elig* -draft -old*')
    assert Terms.spellings["sqlite"](terms) == (
        '{body} : (("loan" AND "first offer" AND "elig"*) NOT ("draft" OR "old"*))'
    )
    assert Terms.spellings["postgresql"](terms) == (
        "('loan') & ('first' <-> 'offer') & ('elig':*) & !('draft') & !('old':*)"
    )
    assert Marks.spellings["postgresql"](("o1", "c2")) == "o1 & c2"
    assert Marks.spellings["sqlite"](("o1", "c2")) == "{marks} : (o1 AND c2) AND "


def test_what_is_highlighted_is_what_was_wanted():
    whole, prefixes = matched_words(parse_query('loan "first offer" elig* -draft'))
    assert whole == {"loan", "first", "offer"}
    assert prefixes == ("elig",)
