"""The places where the engines differ, each one named construct with a form for each."""

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    FromClause,
    Join,
    bindparam,
    func,
    literal_column,
    select,
    true,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import Text

from holdfast.core.database.types import Json, PerEngine, Time


class has_members(FunctionElement[Any]):  # noqa: N801  # reads as the function it is
    """Whether a JSON object has every top-level member of another, with equal values."""

    inherit_cache = True
    type = Boolean()

    def __init__(self, document: ColumnElement[Any], wanted: str) -> None:
        super().__init__(document, bindparam(wanted, type_=Json))


@compiles(has_members)
def _json_members(element: has_members, compiler: Any, **options: Any) -> str:
    """Compared as texts, which `dump_json` spells in one way: jsonb would take 1 and 1.0 for one."""
    document, wanted = (compiler.process(clause, **options) for clause in element.clauses)
    return (
        f"(SELECT coalesce(bool_and(coalesce(({document} -> w.key)::text = w.value::text, false)), true) "
        f"FROM json_each({wanted}::json) AS w)"
    )


@compiles(has_members, "sqlite")
def _json_each_members(element: has_members, compiler: Any, **options: Any) -> str:
    document, wanted = (compiler.process(clause, **options) for clause in element.clauses)
    return (
        f"NOT EXISTS (SELECT 1 FROM json_each({wanted}) AS w LEFT JOIN json_each({document}) AS h ON h.key = w.key "
        "WHERE h.key IS NULL OR h.type <> w.type OR h.value IS NOT w.value)"
    )


class has_element(FunctionElement[Any]):  # noqa: N801
    """Whether a JSON array of texts contains a text."""

    inherit_cache = True
    type = Boolean()

    def __init__(self, array: ColumnElement[Any], wanted: str) -> None:
        super().__init__(array, bindparam(wanted, type_=Text()))


@compiles(has_element)
def _jsonb_element(element: has_element, compiler: Any, **options: Any) -> str:
    array, wanted = (compiler.process(clause, **options) for clause in element.clauses)
    return f"({array}::jsonb ? {wanted}::text)"


@compiles(has_element, "sqlite")
def _json_each_element(element: has_element, compiler: Any, **options: Any) -> str:
    array, wanted = (compiler.process(clause, **options) for clause in element.clauses)
    return f"EXISTS (SELECT 1 FROM json_each({array}) AS t WHERE t.value = {wanted})"


def _as_glob(pieces: tuple[str, ...]) -> str:
    return "*".join("".join(f"[{letter}]" if letter in "*?[" else letter for letter in piece) for piece in pieces)


def _as_like(pieces: tuple[str, ...]) -> str:
    return "%".join("".join(f"\\{letter}" if letter in "\\%_" else letter for letter in piece) for piece in pieces)


class Pieces(PerEngine):
    """What a text must be made of, in order, with anything between: `("ADT^", "")` is what begins so."""

    specs = {"sqlite": "TEXT", "postgresql": "TEXT"}
    binds = {"sqlite": _as_glob, "postgresql": _as_like}


class has_pieces(FunctionElement[Any]):  # noqa: N801
    """Whether a column is made of the pieces in a parameter, each letter as it is, on both engines."""

    inherit_cache = True
    type = Boolean()

    def __init__(self, of: ColumnElement[Any], name: str) -> None:
        super().__init__(of, bindparam(name, type_=Pieces))


@compiles(has_pieces)
def _like(element: has_pieces, compiler: Any, **options: Any) -> str:
    of, pieces = (compiler.process(clause, **options) for clause in element.clauses)
    return f"{of} LIKE {pieces}"


@compiles(has_pieces, "sqlite")
def _glob(element: has_pieces, compiler: Any, **options: Any) -> str:
    of, pieces = (compiler.process(clause, **options) for clause in element.clauses)
    return f"{of} GLOB {pieces}"


class one_at_a_time(FunctionElement[Any]):  # noqa: N801
    """Until this transaction ends, no other that asks for the same key goes on. The engine of one writer needs none."""

    inherit_cache = True
    type = Boolean()

    def __init__(self, key: str) -> None:
        super().__init__(bindparam(key, type_=Text()))


@compiles(one_at_a_time)
def _advisory_lock(element: one_at_a_time, compiler: Any, **options: Any) -> str:
    (key,) = (compiler.process(clause, **options) for clause in element.clauses)
    return f"pg_advisory_xact_lock(hashtextextended({key}::text, 0)) IS NULL"


@compiles(one_at_a_time, "sqlite")
def _already_alone(element: one_at_a_time, compiler: Any, **options: Any) -> str:
    (key,) = (compiler.process(clause, **options) for clause in element.clauses)
    return f"{key} IS NULL"


class next_position(FunctionElement[int]):  # noqa: N801
    """A place after every place that a reader may have seen: see `settled_position`.

    SQLite has one writer, so the next number of the tenant will do. On PostgreSQL it is the transaction's own number.
    """

    inherit_cache = True
    type = BigInteger()

    def __init__(self, position: Column[int], tenant: ColumnElement[Any]) -> None:
        table = position.table
        last = select(func.max(position)).where(table.c.tenant_id == tenant)
        super().__init__(func.coalesce(last.scalar_subquery(), literal_column("0")) + literal_column("1"))


@compiles(next_position)
def _transaction_number(_element: next_position, _compiler: Any, **_options: Any) -> str:
    return "next_position()"


@compiles(next_position, "sqlite")
def _next_number(element: next_position, compiler: Any, **options: Any) -> str:
    (number,) = (compiler.process(clause, **options) for clause in element.clauses)
    return str(number)


class settled_position(FunctionElement[int]):  # noqa: N801
    """Where rows may still appear: below it, what a reader sees is all there will ever be.

    On PostgreSQL transactions commit in another order than they began; below the oldest that is under way none can
    turn up late.
    """

    inherit_cache = True
    type = BigInteger()


@compiles(settled_position)
def _oldest_under_way(_element: settled_position, _compiler: Any, **_options: Any) -> str:
    return "(SELECT settled_position())"


@compiles(settled_position, "sqlite")
def _everything(_element: settled_position, _compiler: Any, **_options: Any) -> str:
    return "9223372036854775807"


class alongside(FunctionElement[Any]):  # noqa: N801
    """Any number of transactions at a time, and until they end none that asks for the same key `one_at_a_time`."""

    inherit_cache = True
    type = Boolean()

    def __init__(self, key: str) -> None:
        super().__init__(bindparam(key, type_=Text()))


@compiles(alongside)
def _shared_advisory_lock(element: alongside, compiler: Any, **options: Any) -> str:
    (key,) = (compiler.process(clause, **options) for clause in element.clauses)
    return f"pg_advisory_xact_lock_shared(hashtextextended({key}::text, 0)) IS NULL"


@compiles(alongside, "sqlite")
def _nobody_beside(element: alongside, compiler: Any, **options: Any) -> str:
    (key,) = (compiler.process(clause, **options) for clause in element.clauses)
    return f"{key} IS NULL"


class newest_settled(FunctionElement[int]):  # noqa: N801
    """The last place of a tenant that is settled, whoever may see what stands there."""

    inherit_cache = True
    type = BigInteger()

    def __init__(self, position: Column[int], tenant: ColumnElement[Any]) -> None:
        last = select(func.max(position)).where(position.table.c.tenant_id == tenant)
        super().__init__(func.coalesce(last.scalar_subquery(), literal_column("0")))


@compiles(newest_settled)
def _before_those_under_way(_element: newest_settled, _compiler: Any, **_options: Any) -> str:
    return "settled_position() - 1"


@compiles(newest_settled, "sqlite")
def _last_number(element: newest_settled, compiler: Any, **options: Any) -> str:
    (number,) = (compiler.process(clause, **options) for clause in element.clauses)
    return str(number)


class utc_day(FunctionElement[int]):  # noqa: N801
    """The day of a moment, in UTC: how many since 1970-01-01."""

    inherit_cache = True
    type = BigInteger()


@compiles(utc_day)
def _epoch_day(element: utc_day, compiler: Any, **options: Any) -> str:
    (moment,) = (compiler.process(clause, **options) for clause in element.clauses)
    return f"floor(extract(epoch from {moment}) / 86400)::bigint"


@compiles(utc_day, "sqlite")
def _microseconds_day(element: utc_day, compiler: Any, **options: Any) -> str:
    (moment,) = (compiler.process(clause, **options) for clause in element.clauses)
    return f"({moment} / 86400000000)"


def in_this_order(*sources: FromClause) -> FromClause:
    """A cross join. SQLite runs its loops in the order written; PostgreSQL chooses its own, and knows how many hits."""
    joined, *rest = sources
    for source in rest:
        joined = _Cross(joined, source)
    return joined


class _Cross(Join):
    """`a CROSS JOIN b`."""

    inherit_cache = True

    def __init__(self, left: FromClause, right: FromClause) -> None:
        super().__init__(left, right, true())


@compiles(_Cross)
def _cross_join(element: _Cross, compiler: Any, **options: Any) -> str:
    options["asfrom"] = True
    return f"{compiler.process(element.left, **options)} CROSS JOIN {compiler.process(element.right, **options)}"


class start_of_day(FunctionElement[Any]):  # noqa: N801
    """The midnight (UTC) that a moment is after."""

    inherit_cache = True
    type = Time()

    def __init__(self, at: ColumnElement[Any]) -> None:
        super().__init__(at)


@compiles(start_of_day)
def _truncated(element: start_of_day, compiler: Any, **options: Any) -> str:
    (at,) = (compiler.process(clause, **options) for clause in element.clauses)
    return f"date_trunc('day', {at}, 'UTC')"


@compiles(start_of_day, "sqlite")
def _whole_days(element: start_of_day, compiler: Any, **options: Any) -> str:
    (at,) = (compiler.process(clause, **options) for clause in element.clauses)
    return f"({at} / 86400000000 * 86400000000)"


class number_of_slot(FunctionElement[int]):  # noqa: N801
    """Which stretch of so many microseconds a moment is in: how many since 1970-01-01."""

    inherit_cache = True
    type = BigInteger()

    def __init__(self, at: ColumnElement[Any], microseconds: str) -> None:
        super().__init__(at, bindparam(microseconds, type_=BigInteger()))


@compiles(number_of_slot)
def _epoch_slot(element: number_of_slot, compiler: Any, **options: Any) -> str:
    at, length = (compiler.process(clause, **options) for clause in element.clauses)
    return f"floor(extract(epoch from {at}) * 1000000 / {length}::bigint)::bigint"


@compiles(number_of_slot, "sqlite")
def _whole_slots(element: number_of_slot, compiler: Any, **options: Any) -> str:
    at, length = (compiler.process(clause, **options) for clause in element.clauses)
    return f"({at} / {length})"


class store_bytes(FunctionElement[int]):  # noqa: N801
    """How large the store is."""

    inherit_cache = True
    type = BigInteger()


@compiles(store_bytes)
def _database_size(_element: store_bytes, _compiler: Any, **_options: Any) -> str:
    return "pg_database_size(current_database())"


@compiles(store_bytes, "sqlite")
def _pages(_element: store_bytes, _compiler: Any, **_options: Any) -> str:
    return "(SELECT c.page_count * s.page_size FROM pragma_page_count AS c, pragma_page_size AS s)"
