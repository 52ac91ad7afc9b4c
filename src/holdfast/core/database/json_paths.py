"""Values inside JSON documents: what stands at a path, as each engine takes it out and compares it."""

from typing import Any

from sqlalchemy import Boolean, ColumnElement, bindparam
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import NullType, Text

from holdfast.core.database.types import PerEngine, dump_json


class Code(PerEngine):
    """Bytes whose order is that of the values they stand for; both engines compare them byte by byte."""

    specs = {"sqlite": "BLOB", "postgresql": "BYTEA"}


class Plain(PerEngine):
    """A text that is compared by its code points, whatever the database's own order."""

    specs = {"sqlite": "TEXT", "postgresql": 'TEXT COLLATE "C"'}


class JsonPath(PerEngine):
    """The names of members on the way to a value; of letters that need no quoting inside quotes."""

    specs = {"sqlite": "TEXT", "postgresql": "TEXT[]"}
    binds = {"sqlite": lambda names: "$" + "".join(f'."{name}"' for name in names), "postgresql": list}


class Decimals(PerEngine):
    """A number that is compared as it is spelled: through double precision PostgreSQL would round it."""

    specs = {"sqlite": "NUMERIC", "postgresql": "NUMERIC"}
    binds = {"postgresql": repr}


class Codes(PerEngine):
    """Several codes, as one JSON array of hexadecimal digits."""

    specs = {"sqlite": "TEXT", "postgresql": "TEXT"}
    binds = {name: lambda codes: dump_json([code.hex() for code in codes]) for name in ("sqlite", "postgresql")}


class Numbers(PerEngine):
    """Several numbers, as one JSON array."""

    specs = {"sqlite": "TEXT", "postgresql": "TEXT"}
    binds = {"sqlite": dump_json, "postgresql": dump_json}


class _At(FunctionElement[Any]):
    """The value of one kind that stands at a path; nothing where another kind does."""

    inherit_cache = True

    def __init__(self, document: ColumnElement[Any], path: str) -> None:
        super().__init__(document, bindparam(path, type_=JsonPath))

    kinds: tuple[str, str]
    """What the engines call the kind: SQLite, PostgreSQL."""
    form: str = "{}"
    """How PostgreSQL takes the text."""


class text_at(_At):  # noqa: N801  # reads as the function it is
    """A text."""

    inherit_cache = True
    type = Text()
    kinds, form = ("'text'", "'string'"), '{} COLLATE "C"'


class number_at(_At):  # noqa: N801
    """A number."""

    inherit_cache = True
    type = Decimals()
    kinds, form = ("'integer', 'real'", "'number'"), "({})::numeric"


class truth_at(_At):  # noqa: N801
    """`true` or `false`, as a text."""

    inherit_cache = True
    type = Text()
    kinds = ("'true', 'false'", "'boolean'")


class kind_at(_At):  # noqa: N801
    """What kind of value stands there, in the words of each engine; `null` where it is null, nothing where none is."""

    inherit_cache = True
    type = Text()


@compiles(_At)
def _path_operators(element: _At, compiler: Any, **options: Any) -> str:
    document, path = (compiler.process(clause, **options) for clause in element.clauses)
    kind, text = f"json_typeof({document} #> {path}::text[])", f"({document} #>> {path}::text[])"
    if isinstance(element, kind_at):
        return kind
    return f"CASE WHEN {kind} = {element.kinds[1]} THEN {element.form.format(text)} END"


@compiles(_At, "sqlite")
def _json_functions(element: _At, compiler: Any, **options: Any) -> str:
    document, path = (compiler.process(clause, **options) for clause in element.clauses)
    kind = f"json_type({document}, {path})"
    if isinstance(element, kind_at):
        return kind
    taken = kind if isinstance(element, truth_at) else f"json_extract({document}, {path})"
    return f"CASE WHEN {kind} IN ({element.kinds[0]}) THEN {taken} END"


class number_of(FunctionElement[Any]):  # noqa: N801
    """A number that is given."""

    inherit_cache = True
    type = Decimals()

    def __init__(self, name: str) -> None:
        super().__init__(bindparam(name, type_=Decimals))


@compiles(number_of)
def _cast_number(element: number_of, compiler: Any, **options: Any) -> str:
    (given,) = (compiler.process(clause, **options) for clause in element.clauses)
    return f"{given}::text::numeric"


@compiles(number_of, "sqlite")
def _plain_number(element: number_of, compiler: Any, **options: Any) -> str:
    (given,) = (compiler.process(clause, **options) for clause in element.clauses)
    return str(given)


class is_one_of(FunctionElement[Any]):  # noqa: N801
    """Whether a code or a number is in a list that is given as one parameter. Of no type: see `is_listed`."""

    inherit_cache = True
    type = NullType()

    def __init__(self, of: ColumnElement[Any], name: str) -> None:
        super().__init__(of, bindparam(name, type_=Codes if isinstance(of.type, Code) else Numbers))


@compiles(is_one_of)
def _any_of_given(element: is_one_of, compiler: Any, **options: Any) -> str:
    of, given = element.clauses
    value = "decode(w.value, 'hex')" if isinstance(of.type, Code) else "w.value::numeric"
    values = f"SELECT {value} FROM json_array_elements_text({compiler.process(given, **options)}::json) AS w"
    return f"{compiler.process(of, **options)} = ANY (ARRAY({values}))"


@compiles(is_one_of, "sqlite")
def _in_given(element: is_one_of, compiler: Any, **options: Any) -> str:
    of, given = element.clauses
    value = "unhex(w.value)" if isinstance(of.type, Code) else "w.value"
    rows = f"SELECT {value} FROM json_each({compiler.process(given, **options)}) AS w"
    return f"{compiler.process(of, **options)} IN ({rows})"


class certainly(FunctionElement[bool]):  # noqa: N801
    """Whether a condition is true: not false, and not unknown."""

    inherit_cache = True
    type = Boolean()

    def __init__(self, condition: ColumnElement[Any]) -> None:
        super().__init__(condition)


@compiles(certainly)
def _is_true(element: certainly, compiler: Any, **options: Any) -> str:
    (condition,) = (compiler.process(clause, **options) for clause in element.clauses)
    return f"(({condition}) IS TRUE)"
