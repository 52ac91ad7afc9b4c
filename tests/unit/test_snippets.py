"""Snippets: the part that shows why, marked, and not a character of it changed."""

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from holdfast.core.database.text_search import Term, parse_query
from holdfast.domains.conversations.snippets import SNIPPET_CHARS, snippet


def shown(text, query):
    return snippet(text, parse_query(query))


def test_every_matching_word_is_marked():
    assert shown("A loan, loans and a Loan.", "loan") == "A **loan**, **loans** and a **Loan**."


def test_words_that_only_contain_the_word_are_not_marked():
    assert shown("loan loanword", "loan") == "**loan** loanword"
    assert shown("loan loanword", "loan*") == "**loan** **loanword**"


def test_what_is_left_out_of_the_query_is_not_marked():
    assert shown("the loan draft", "loan -draft") == "the **loan** draft"


def test_pairs_of_chinese_characters_are_marked_as_one():
    assert shown("我想申请住房贷款。", "住房贷款") == "我想申请**住房贷款**。"


def test_accents_and_case_stay_as_they_were_written():
    assert shown("Das CAFÉ hier", "cafe") == "Das **CAFÉ** hier"


def test_a_short_text_is_shown_whole_and_on_one_line():
    assert shown("  first\n\n  loan\tlast ", "loan") == "first **loan** last"


def test_a_long_text_is_cut_between_words_around_the_first_match():
    text = "word " * 100 + "loan " + "other " * 100
    cut = shown(text, "loan")
    assert cut.startswith("… word ") and cut.endswith(" other …")
    assert "**loan**" in cut
    assert len(cut) <= SNIPPET_CHARS + len("… ** ** …")


def test_a_text_without_spaces_is_cut_anywhere():
    cut = shown("贷" * 500 + "住房" + "款" * 500, "住房")
    assert "**住房**" in cut
    assert len(cut) < SNIPPET_CHARS + 20


def test_without_a_match_the_beginning_is_shown():
    assert snippet("word " * 100, (Term(("absent",)),)).startswith("word word")


@given(st.text(max_size=400), st.sampled_from(["a", "loan", "the*", '"a b"', "申请", "1"]))
def test_apart_from_marks_spaces_and_the_form_of_accents_nothing_is_changed(text, query):
    text = unicodedata.normalize("NFC", text)
    cut = shown(text, query)
    body = cut.removeprefix("… ").removesuffix(" …")
    assert "".join(body.split()).replace("**", "") in "".join(text.split()).replace("**", "")
