"""Full-text search: one construct and one small query language, in the words of each engine.

`loan offer` finds messages with both words, `"loan offer"` the phrase, `elig*` words that begin so (and words of
the stem it begins), `-draft` leaves messages out. A word that the analyzer splits (an e-mail address, Chinese) is
searched as a phrase.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import BindParameter, Boolean, Integer, Text, bindparam, column, insert, table
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.sql.selectable import TableValuedAlias
from sqlalchemy.types import UserDefinedType

from holdfast.core.database.query import TENANT, Query
from holdfast.core.database.transaction import Transaction
from holdfast.core.database.types import Id
from holdfast.core.errors import InvalidInput
from holdfast.core.words import COMMON, words

MOST_TERMS = 32
STEM_CHARS = 4
ENDING_CHARS = 5
"""With `begin*`, stems that are up to five letters shorter match too, if at least four letters are left."""
_TERM = re.compile(r'(-?)(?:"([^"]*)"|(\S+))')


@dataclass(frozen=True)
class Term:
    """One or several adjacent words; `prefix` when the last may go on, `without` when it must be absent."""

    words: tuple[str, ...]
    prefix: bool = False
    without: bool = False


def parse_query(text: str) -> tuple[Term, ...]:
    """What a person typed, as terms. Raises `InvalidInput` when nothing searchable is left, or too much."""
    terms = terms_of(text)
    wanted = [term for term in terms if not term.without]
    if not wanted:
        raise InvalidInput("query: has no word to look for; give at least one letter or digit", field="query")
    if len(terms) > MOST_TERMS:
        raise InvalidInput(f"query: {len(terms)} terms, the limit is {MOST_TERMS}", field="query")
    return without_common(terms)


def terms_of(text: str) -> list[Term]:
    """Every term of a text, as a person typed it."""
    return [term for term in (_term(match) for match in _TERM.finditer(text)) if term is not None]


def without_common(terms: list[Term]) -> tuple[Term, ...]:
    """The terms that tell something; all of them where none does."""
    telling = [term for term in terms if not _is_common(term)]
    return tuple(telling if any(not term.without for term in telling) else terms)


def _term(match: re.Match[str]) -> Term | None:
    minus, phrase, word = match.groups()
    found = words(phrase if phrase is not None else word)
    if not found:
        return None
    return Term(tuple(found), prefix=phrase is None and word.endswith("*"), without=bool(minus))


def _is_common(term: Term) -> bool:
    return len(term.words) == 1 and not term.prefix and not term.without and term.words[0] in COMMON


def matched_words(terms: tuple[Term, ...]) -> tuple[frozenset[str], tuple[str, ...]]:
    """The words and the prefixes that a hit's text is highlighted for."""
    wanted = [term for term in terms if not term.without]
    whole = frozenset(word for term in wanted for word in (term.words[:-1] if term.prefix else term.words))
    shorter = frozenset(stem for term in wanted for stem in shorter_stems(term))
    return whole | shorter, tuple(term.words[-1] for term in wanted if term.prefix)


def _fts5_query(terms: tuple[Term, ...]) -> str:
    wanted = " AND ".join(_fts5_term(term) for term in terms if not term.without)
    unwanted = " OR ".join(_fts5_term(term) for term in terms if term.without)
    return "{body} : (" + (f"({wanted}) NOT ({unwanted})" if unwanted else wanted) + ")"


def _fts5_term(term: Term) -> str:
    phrase = '"' + " ".join(term.words) + '"' + ("*" if term.prefix else "")
    stems = [f'"{stem}"' for stem in shorter_stems(term)]
    return "(" + " OR ".join([phrase, *stems]) + ")" if stems else phrase


def shorter_stems(term: Term) -> list[str]:
    """A beginning can be longer than the stem of the word it begins: `eligib*` of "eligible", indexed as "elig"."""
    if not term.prefix or len(term.words) > 1:
        return []
    (word,) = term.words
    return [word[:length] for length in range(max(STEM_CHARS, len(word) - ENDING_CHARS), len(word))]


def _fts5_marks(marks: tuple[str, ...]) -> str:
    return "{marks} : (" + " AND ".join(marks) + ") AND "


def _tsquery(terms: tuple[Term, ...]) -> str:
    return " & ".join(("!" if term.without else "") + "(" + _tsquery_term(term) + ")" for term in terms)


def _tsquery_term(term: Term) -> str:
    phrase = " <-> ".join(f"'{word}'" for word in term.words) + (":*" if term.prefix else "")
    return " | ".join([phrase, *(f"'{stem}'" for stem in shorter_stems(term))])


class Language(UserDefinedType[Any]):
    """A parameter that each engine spells in its own query language."""

    cache_ok = True
    spellings: dict[str, Callable[[Any], str]]

    def get_col_spec(self, **_: Any) -> str:
        """What PostgreSQL takes it for."""
        return "TSQUERY"

    def bind_processor(self, dialect: Any) -> Any:
        """How this engine spells it."""
        return self.spellings[dialect.name]


class Terms(Language):
    """The words looked for: `tuple[Term, ...]`."""

    spellings = {"sqlite": _fts5_query, "postgresql": _tsquery}


class Marks(Language):
    """Where to look: every mark must be there. `tuple[str, ...]`, made of letters and digits."""

    spellings = {"sqlite": _fts5_marks, "postgresql": " & ".join}


class search_messages(FunctionElement[Any]):  # noqa: N801  # spelled as the server's function
    """Message ids and scores, best first.

    Parameters: `marks`, `query`, `window`, `through` (the highest seq), `deleted` (whether deleted conversations
    count), `limit`; and `in_owner`, `in_conversation`, `in_workspace`, which say in ids, or None, what the marks say in
    words.
    """

    inherit_cache = True
    name = "search_messages"

    def __init__(self) -> None:
        self.binds: tuple[BindParameter[Any], ...] = (
            bindparam("marks", type_=Marks),
            bindparam("query", type_=Terms),
            bindparam("window", type_=Integer),
            bindparam("through", type_=Integer),
            bindparam("deleted", type_=Boolean),
            bindparam("limit", type_=Integer),
        )
        self.places: tuple[BindParameter[Any], ...] = tuple(
            bindparam(name, type_=Id) for name in ("in_owner", "in_conversation", "in_workspace")
        )
        super().__init__(*self.binds, *self.places, TENANT)

    def hits(self) -> TableValuedAlias:
        """As a FROM element with `message_id` and `score`."""
        return self.table_valued(column("message_id", Id), column("score"), name="hits")


@compiles(search_messages)
def _server_function(element: search_messages, compiler: Any, **options: Any) -> str:
    """The tenant comes from the scope's settings there, and the marks suffice."""
    return "search_messages(" + ", ".join(compiler.process(bind, **options) for bind in element.binds) + ")"


RARE = 1_000


@compiles(search_messages, "sqlite")
def _fts5_select(element: search_messages, compiler: Any, **options: Any) -> str:
    """Common words are narrowed by the marks, in the index; rare ones afterwards, by the rows themselves, because bm25
    counts every row that has a mark (5 ms at 200,000). CROSS JOIN fixes the order of the loops: candidates come best
    first, and joining stops at the limit. Without its LIMIT, SQLite takes the inner ORDER BY for superfluous.
    """

    def bound(bind: BindParameter[Any]) -> str:
        return str(compiler.process(bind, **options))

    marks, query, window, through, deleted, limit = element.binds
    owner, conversation, workspace = element.places
    return f"""(
        SELECT ranked.message_id AS message_id, -ranked.rank AS score
        FROM (
            SELECT message_id, rank FROM (
                SELECT rowid AS number, message_id, bm25(message_index, 0.0, 0.0, 0.0, 1.0) AS rank
                FROM message_index WHERE message_index MATCH CASE
                    WHEN (
                        SELECT count(*) FROM (
                            SELECT 1 FROM message_index WHERE message_index MATCH {bound(query)} LIMIT {RARE + 1}
                        )
                    ) > {RARE} THEN {bound(marks)} || {bound(query)} ELSE {bound(query)} END
                ORDER BY rowid DESC LIMIT {bound(window)}
            ) ORDER BY rank, number DESC LIMIT -1
        ) AS ranked
        CROSS JOIN messages AS m ON m.tenant_id = {bound(TENANT)} AND m.id = ranked.message_id
        CROSS JOIN conversations AS c ON c.tenant_id = {bound(TENANT)} AND c.id = m.conversation_id
        WHERE m.seq <= {bound(through)} AND ({bound(deleted)} OR c.status <> 'DELETED')
            AND m.owner_id = coalesce({bound(owner)}, m.owner_id)
            AND m.conversation_id = coalesce({bound(conversation)}, m.conversation_id)
            AND c.workspace_id IS coalesce({bound(workspace)}, c.workspace_id)
        LIMIT {bound(limit)}
    )"""


_commands = table("message_index", column("message_index"))

_optimize = Query(
    insert(_commands).values(message_index=bindparam("command", value="optimize", type_=Text())), operator=True
)


def forget_deleted_words(tx: Transaction) -> None:
    """Leave nothing of deleted messages in the index. PostgreSQL's holds nothing of a deleted row that VACUUM leaves.

    FTS5 keeps the words of deleted messages, marked as such, until their part of the index is merged: so it writes the
    index anew without them. Takes as long as the index is large.
    """
    if tx.is_sqlite:
        tx.run(_optimize)
