"""Words as search sees them: one analyzer, the same for what is stored and what is asked."""

import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlcipher3 import dbapi2 as sqlcipher

from holdfast.core.words import COMMON, WORDS_INDEXED, spans, words
from holdfast.migrations.functions_0001 import MESSAGE_INDEX

CASES = {
    "": [],
    "  ?! …": [],
    "Loans": ["loan"],
    "eligible ELIGIBILITY": ["elig", "elig"],
    "Café Zürich": ["cafe", "zurich"],
    "Cafe\u0301": ["cafe"],
    "Straße STRASSE": ["strass", "strass"],
    "ﬁle": ["file"],
    "snake_case kebab-case": ["snake", "case", "kebab", "case"],
    "a1b2 3.14": ["a1b2", "3", "14"],
    "amina@acme.test": ["amina", "acm", "test"],
    "我想申请": ["我想", "想申", "申请"],
    "住": ["住"],
    "住房loan": ["住房", "loan"],
    "대출 조건": ["대출", "조건"],
    "ひらがなカタカナ": ["ひら", "らか", "かな", "なカ", "カタ", "タカ", "カナ"],
    "don't": ["don", "t"],
    "🦉": [],
}


@pytest.mark.parametrize("text", CASES)
def test_the_words_of_a_text(text):
    assert words(text) == CASES[text]


@given(st.text())
def test_words_are_letters_and_digits_only(text):
    for word in words(text):
        assert word and all(character.isalnum() for character in word)


@given(st.text(st.characters(codec="ascii")))
def test_the_short_way_for_ascii_is_the_general_way(text):
    assert words(text) == words(text + " é")[:-1]


@given(st.text())
def test_case_and_the_form_of_accents_do_not_matter(text):
    for form in ("NFC", "NFD"):
        assert words(unicodedata.normalize(form, text)) == words(text)
    assert words(text.casefold()) == words(text)


@given(st.text(), st.text())
def test_texts_side_by_side_have_the_words_of_both(one, other):
    assert words(f"{one} \n {other}") == words(one) + words(other)


@given(st.text())
def test_places_lie_in_the_text_in_order(text):
    last = 0
    for word, start, end in spans(text):
        assert word
        assert last <= start or word[:1] == text[start : start + 1].casefold()[:1] or start >= last - 2
        assert 0 <= start < end <= len(text)
        last = start


@given(st.text(st.characters(codec="ascii")))
def test_places_are_of_the_same_words(text):
    assert [word for word, _, _ in spans(text)] == words(text)


@given(st.text(st.characters(min_codepoint=0xA0, max_codepoint=0xFFFF, exclude_categories=["Cs"]), max_size=8))
def test_places_are_of_the_same_words_in_every_script(text):
    assert [word for word, _, _ in spans(text)] == words(text)


def test_of_a_long_text_the_beginning_is_indexed():
    assert len(words("word " * (WORDS_INDEXED + 10))) == WORDS_INDEXED
    assert len(words("贷款" * WORDS_INDEXED)) == WORDS_INDEXED


def test_a_very_long_word_is_cut():
    (word,) = words("x" * 10_000)
    assert len(word) <= 64


def test_common_words_are_words():
    assert all(word.isalpha() and word == word.lower() for word in COMMON)


def test_each_word_is_one_word_to_the_index_of_sqlite():
    """FTS5 splits text by tables of its own: it must not split what the analyzer keeps whole, nor drop it."""
    connection = sqlcipher.connect(":memory:")
    tokenizer = MESSAGE_INDEX[MESSAGE_INDEX.index("tokenize=") : MESSAGE_INDEX.rindex(")")]
    connection.execute(f"CREATE VIRTUAL TABLE t USING fts5(body, {tokenizer})")
    kept = {}
    for code in range(sys.maxunicode + 1):
        if unicodedata.category(chr(code)) in ("Cn", "Co", "Cs") and code % 97:
            continue  # nine in ten are no characters: some of them are asked, to show that they are in no word
        if not 0xD800 <= code < 0xE000 and len(found := words(f"a{chr(code)}b")) == 1 and found != ["ab"]:
            kept[code] = found[0]
    connection.executemany("INSERT INTO t(rowid, body) VALUES (?, ?)", kept.items())
    connection.execute("CREATE VIRTUAL TABLE v USING fts5vocab(t, instance)")
    seen = {}
    for term, doc in connection.execute("SELECT term, doc FROM v"):
        seen.setdefault(doc, []).append(term)
    connection.close()
    split = {f"U+{code:04X}" for code, word in kept.items() if len(seen.get(code, [])) != 1}
    assert len(kept) > 30_000
    assert not [code for code in kept if unicodedata.category(chr(code)) in ("Cn", "Co")]
    assert not split, f"{len(split)} characters, such as {sorted(split)[:10]}"
