"""What is embedded and indexed: neighbours, and questions without names."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.retrieval.preparing import neighbours, strip_names, windowed

TEXTS = ["one", "two", "three", "four"]


def test_neighbours_are_those_before_and_after_in_order():
    assert neighbours(TEXTS, 0) == ["two"]
    assert neighbours(TEXTS, 2) == ["two", "four"]
    assert neighbours(TEXTS, 1, 2) == ["one", "three", "four"]
    assert neighbours(TEXTS, 1, 0) == []
    assert neighbours(["alone"], 0) == []


@given(st.lists(st.text(max_size=5), max_size=8), st.integers(0, 9))
def test_a_window_holds_the_text_itself_and_its_neighbours(texts, window):
    for place, found in enumerate(windowed(texts, window)):
        before = len(texts[max(0, place - window) : place])
        around = neighbours(texts, place, window)
        assert found == "\n".join([*around[:before], texts[place], *around[before:]])


@pytest.mark.parametrize(
    ("query", "names", "left"),
    [
        ("When did Amina open the shop?", ["Amina", "Yusuf"], "When did open the shop?"),
        ("what is amina's address", ["Amina"], "what is address"),
        ("Which of James’ dogs barks", ["James"], "Which of dogs barks"),
        ("Where does Anna Lee work?", ["Anna Lee"], "Where does work?"),
        ("Is Annabel with Ann?", ["Ann"], "Is Annabel with ?"),
        ("Will will come with Will", ["Will"], "will come with"),
        ("Was mag Jörg?", ["jörg"], "Was mag ?"),
        ("Amina", ["Amina"], "Amina"),
        ("Amina?", ["Amina"], "Amina?"),
        ("A (very) strange* name", ["(very)", "strange*"], "A name"),
        ("no names at all", [], "no names at all"),
        ("no names at all", ["", "–"], "no names at all"),
    ],
)
def test_names_are_stripped_unless_nothing_else_is_left(query, names, left):
    assert strip_names(query, names) == left


@given(st.text(max_size=40), st.lists(st.text(max_size=8), max_size=4))
def test_a_query_is_never_stripped_to_nothing(query, names):
    assert strip_names(query, names).strip() or not query.strip()
