"""Questions as people ask them: any word may match, those that tell nothing are left out.

`"joint account"` is found as a phrase, `elig*` as a beginning, `-draft` leaves texts out.
"""

from dataclasses import dataclass

from holdfast.core.database.text_search import MOST_TERMS, Term, terms_of, without_common
from holdfast.core.errors import InvalidInput
from holdfast.core.inputs import check_text


class QuestionTooLong(InvalidInput):
    """More characters than a query may have."""

    code = "query_too_long"

    def __init__(self, chars: int, most: int) -> None:
        super().__init__(
            f"query: {chars:,} characters, the limit is {most:,} (setting query_chars); ask a shorter question",
            field="query",
        )
        self.chars = chars


@dataclass(frozen=True)
class Question:
    """The terms of a question, each once."""

    terms: tuple[Term, ...]


def parse_question(text: str, *, most_chars: int, wordless: bool = False) -> Question:
    """What a person asked. Raises `QuestionTooLong`; `InvalidInput` when it is empty, or, unless it may be `wordless`,
    when nothing searchable is left.
    """
    if isinstance(text, str) and len(text) > most_chars:
        raise QuestionTooLong(len(text), most_chars)
    terms = list(dict.fromkeys(terms_of(check_text(text, field="query", most_bytes=most_chars * 4))))
    if not any(not term.without for term in terms) and not (wordless and text.strip()):
        raise InvalidInput("query: has no word to look for; give at least one letter or digit", field="query")
    special = sum(term.without or term.prefix for term in terms)
    if special > MOST_TERMS:
        raise InvalidInput(f"query: {special} beginnings and exclusions, the limit is {MOST_TERMS}", field="query")
    return Question(without_common(terms))
