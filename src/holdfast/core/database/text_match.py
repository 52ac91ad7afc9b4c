"""Matching: the texts of an index that hold some words, unranked, in the words of each engine.

The index says for every text which words it has and whose it is, and no more: neither where nor how often a word
occurs. So it is small and quick to change; who asks ranks what was found (core/lexical).
"""

import hashlib
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, BindParameter, Boolean, ColumnElement, Integer, bindparam, column
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.sql.selectable import TableValuedAlias
from sqlalchemy.types import NullType, Text

from holdfast.core.database.query import TENANT
from holdfast.core.database.text_search import Language
from holdfast.core.database.types import Id, dump_json

SIGN = "\ue000"
"""Begins every mark. No word has it (core/words.py), so nobody's query can name a mark."""


@lru_cache(maxsize=1_024)
def mark(tenant_id: UUID, purpose: str, about: UUID, level: str, owner_id: UUID | None = None) -> str:
    """Where a text is: of a tenant, for a purpose, about something, at a level; and whose, if that is asked for.

    The server makes the same of the scope's settings (`search_lexical`).
    """
    parts = [str(tenant_id), purpose, str(about), level, *([] if owner_id is None else [str(owner_id)])]
    return SIGN + hashlib.md5("/".join(parts).encode(), usedforsecurity=False).hexdigest()


@dataclass(frozen=True)
class Wanted:
    """Texts that have all of some words (`*` ends a beginning), for one of the alternatives, and none of others."""

    alternatives: tuple[tuple[str, ...], ...]
    without: tuple[tuple[str, ...], ...] = ()


def _fts5(wanted: Wanted) -> str:
    said = " AND (" + _joined(wanted.alternatives, " OR ", " AND ", _fts5_word) + ")"
    return said + (" NOT (" + _joined(wanted.without, " OR ", " AND ", _fts5_word) + ")" if wanted.without else "")


def _tsquery(wanted: Wanted) -> str:
    said = "(" + _joined(wanted.alternatives, " | ", " & ", _tsquery_word) + ")"
    return said + (" & !(" + _joined(wanted.without, " | ", " & ", _tsquery_word) + ")" if wanted.without else "")


def _joined(groups: tuple[tuple[str, ...], ...], or_: str, and_: str, spell: Any) -> str:
    return or_.join("(" + and_.join(map(spell, group)) + ")" for group in groups)


def _fts5_word(word: str) -> str:
    return f'"{word[:-1]}"*' if word.endswith("*") else f'"{word}"'


def _tsquery_word(word: str) -> str:
    return f"'{word[:-1]}':*" if word.endswith("*") else f"'{word}'"


class Words(Language):
    """What to look for: `Wanted`. Words are letters and digits only, so quoting them is safe."""

    spellings = {"sqlite": _fts5, "postgresql": _tsquery}


class Places(Language):
    """Where to look: any of these marks must be there."""

    spellings = {
        "sqlite": lambda marks: "(" + " OR ".join(f'"{one}"' for one in marks) + ")",
        "postgresql": " | ".join,
    }


class Ids(Language):
    """Ids, as one JSON array."""

    spellings = {
        "sqlite": lambda ids: dump_json([one.hex for one in ids]),
        "postgresql": lambda ids: dump_json([str(one) for one in ids]),
    }

    def get_col_spec(self, **_: Any) -> str:
        """A text."""
        return "TEXT"


class Texts(Ids):
    """Texts, as one JSON array."""

    spellings = {"sqlite": dump_json, "postgresql": dump_json}


class search_lexical(FunctionElement[Any]):  # noqa: N801  # spelled as the server's function
    """Item ids and words of up to `most` texts that match, in no particular order.

    Parameters: `purpose`, `abouts` (ids), `wanted`, `most`; and `places`, the marks of where the scope may look, which
    PostgreSQL makes itself.
    """

    inherit_cache = True
    name = "search_lexical"

    def __init__(self) -> None:
        self.binds: tuple[Any, ...] = (
            bindparam("purpose", type_=Text()),
            bindparam("abouts", type_=Ids),
            bindparam("wanted", type_=Words),
            bindparam("most", type_=Integer),
        )
        self.places: Any = bindparam("places", type_=Places)
        super().__init__(*self.binds, self.places, TENANT)

    def found(self) -> TableValuedAlias:
        """As a FROM element with `item_id` and `words`."""
        return self.table_valued(column("item_id", Id), column("words", Text()), name="found")


@compiles(search_lexical)
def _server_function(element: search_lexical, compiler: Any, **options: Any) -> str:
    return "search_lexical(" + ", ".join(compiler.process(bind, **options) for bind in element.binds) + ")"


@compiles(search_lexical, "sqlite")
def _fts5_select(element: search_lexical, compiler: Any, **options: Any) -> str:
    _purpose, _abouts, wanted, most = (compiler.process(bind, **options) for bind in element.binds)
    places, tenant = (compiler.process(bind, **options) for bind in (element.places, TENANT))
    return f"""(
        SELECT i.item_id AS item_id, i.words AS words
        FROM lexical_index_words AS f CROSS JOIN lexical_index AS i ON i.number = f.rowid
        WHERE f.lexical_index_words MATCH {places} || {wanted} AND i.tenant_id = {tenant}
        LIMIT {most}
    )"""  # noqa: S608  # clauses that SQLAlchemy compiled


class is_listed(FunctionElement[Any]):  # noqa: N801
    """Whether a column's value is in a list that is given as one parameter: there is no expanding IN.

    Of no type: of a Boolean one SQLAlchemy makes `… IN (…) = 1` for SQLite, which then uses no index.
    """

    inherit_cache = True
    type = NullType()

    def __init__(self, of: ColumnElement[Any], name: str) -> None:
        super().__init__(of, bindparam(name, type_=Ids if isinstance(of.type, Id) else Texts))


@compiles(is_listed)
def _any_of_array(element: is_listed, compiler: Any, **options: Any) -> str:
    of, given = element.clauses
    cast = "::uuid" if isinstance(of.type, Id) else ""
    values = f"SELECT w.value{cast} FROM json_array_elements_text({compiler.process(given, **options)}::json) AS w"  # noqa: S608  # see above
    return f"{compiler.process(of, **options)} = ANY (ARRAY({values}))"


@compiles(is_listed, "sqlite")
def _in_json_each(element: is_listed, compiler: Any, **options: Any) -> str:
    of, given = element.clauses
    value = "unhex(w.value)" if isinstance(of.type, Id) else "w.value"
    rows = f"SELECT {value} FROM json_each({compiler.process(given, **options)}) AS w"  # noqa: S608  # see above
    return f"{compiler.process(of, **options)} IN ({rows})"


class counts_of(FunctionElement[Any]):  # noqa: N801
    """Digests with a number each, given as one parameter: `{"5f0c…": 3}`, in that order. Digests have 32 hex digits.

    One statement for any number of them; as a parameter each, most of the time would go to those.
    """

    inherit_cache = True

    def __init__(self, given: BindParameter[str]) -> None:
        super().__init__(given)

    def rows(self) -> TableValuedAlias:
        """As a FROM element with `digest` and `number`."""
        return self.table_valued(column("digest", Id), column("number", BigInteger()), name="counted")


@compiles(counts_of)
def _json_each_text(element: counts_of, compiler: Any, **options: Any) -> str:
    (given,) = (compiler.process(clause, **options) for clause in element.clauses)
    pairs = f"json_each_text({given}::text::json) AS w"
    return f"(SELECT w.key::uuid AS digest, w.value::bigint AS number FROM {pairs})"  # noqa: S608  # see above


@compiles(counts_of, "sqlite")
def _json_each(element: counts_of, compiler: Any, **options: Any) -> str:
    (given,) = (compiler.process(clause, **options) for clause in element.clauses)
    return f"(SELECT unhex(w.key) AS digest, w.value AS number FROM json_each({given}) AS w)"  # noqa: S608  # see above


class is_within(FunctionElement[Any]):  # noqa: N801
    """Whether a level is one of those that a text names: `C` of `CD`."""

    inherit_cache = True
    type = Boolean()

    def __init__(self, level: ColumnElement[Any], levels: ColumnElement[Any]) -> None:
        super().__init__(level, levels)


@compiles(is_within)
def _strpos(element: is_within, compiler: Any, **options: Any) -> str:
    level, levels = (compiler.process(clause, **options) for clause in element.clauses)
    return f"strpos({levels}::text, {level}) > 0"


@compiles(is_within, "sqlite")
def _instr(element: is_within, compiler: Any, **options: Any) -> str:
    level, levels = (compiler.process(clause, **options) for clause in element.clauses)
    return f"instr({levels}, {level}) > 0"
