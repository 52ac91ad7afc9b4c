"""One index of texts by their words, shared by the rooms that have something to search: ranked, bounded, confined.

Which texts a scope may find is decided inside the index: its tenant, its clearance levels, what is its own. A room says
for which purpose ("knowledge", "memory"), and about what (a base, a person).
"""

from holdfast.core.lexical.questions import Question, QuestionTooLong, parse_question
from holdfast.core.lexical.searching import Found, search, telling_words, without_unwanted
from holdfast.core.lexical.writing import Entry, move, put, remove, remove_about

__all__ = [
    "Entry",
    "Found",
    "Question",
    "QuestionTooLong",
    "move",
    "parse_question",
    "put",
    "remove",
    "remove_about",
    "search",
    "telling_words",
    "without_unwanted",
]
