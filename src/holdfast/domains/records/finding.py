"""Records found by their words, and counted by their values."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from holdfast.core import lexical
from holdfast.core.action import action
from holdfast.core.clock import now
from holdfast.core.database import Transaction, Work
from holdfast.core.errors import InvalidInput
from holdfast.core.pages import check_limit
from holdfast.domains.records import queries
from holdfast.domains.records.access import Source, as_record, find_source
from holdfast.domains.records.conditions import Shape
from holdfast.domains.records.filters import Compare
from holdfast.domains.records.models import Group, RecordHit, RecordSet
from holdfast.domains.records.paths import Path, parse_path
from holdfast.domains.records.questions import question_of
from holdfast.domains.records.reads import RecordReads
from holdfast.domains.records.schemas import kinds_at
from holdfast.domains.records.storing import PURPOSE
from holdfast.domains.records.tables import PLACES
from holdfast.domains.records.values import value_of, whole

_KINDS = ("string", "number", "boolean")
CANDIDATES = 1_000
"""So many of the best texts are looked at where a filter is to let some through."""


class RecordFinding(RecordReads):
    """Groups and words; see `Records`."""

    @action("records.read", writes=False)
    def group(
        self, name: str, *, by: str, where: Mapping[str, object] | None = None, limit: int = 50
    ) -> Work[list[Group]]:
        """How many records have each value at a path, the most frequent first; lists and objects are no values.

        Reads the path's index, or every record that the filter lets through. Raises `SetNotFound`, `InvalidFilter`.
        """
        most, path = check_limit(limit, self.settings.page), parse_path(by, field="by")

        def work(tx: Transaction) -> list[Group]:
            source = find_source(tx, name, self.engine)
            of = source.of
            shape, values = question_of(of, where)
            asked = values | source.at | {"now": now(), "limit": most, "by": path}
            if ".".join(path) in of.indexed:
                column = PLACES[of.indexed.index(".".join(path))]
                rows = tx.all(source.reads.groups(shape, column=column, kind=None), asked)
                return [Group(value=value_of(bytes(code)), count=many) for code, many in rows]
            found = _groups_at(tx, source, path, shape, asked)
            absent, given = question_of(of, where, Compare(path, "=", None))
            none = int(tx.all(source.reads.count(absent), given | source.at | {"now": asked["now"]})[0][0])
            found += [Group(value=None, count=none)] if none else []
            return sorted(found, key=lambda group: -group.count)[:most]

        return work

    @action("records.read", writes=False)
    def search(
        self, name: str, query: str, *, where: Mapping[str, object] | None = None, k: int = 20
    ) -> Work[list[RecordHit]]:
        """The records whose `text` answers a question best, best first; any of its words may match.

        `"joint account"` is found as a phrase, `elig*` as a beginning, `-draft` leaves records out. `where`: among the
        best 1,000, those that the filter lets through. Raises `SetNotFound`, `InvalidFilter`, `QuestionTooLong`,
        `SetShared`, `InvalidInput` where the set has no `text`.
        """
        question = lexical.parse_question(query, most_chars=self.settings.query_chars)
        most = check_limit(k, self.settings.page, field="k")

        def work(tx: Transaction) -> list[RecordHit]:
            of = find_source(tx, name, self.engine).own("filter it instead")
            if not of.text:
                raise InvalidInput(f"query: record set {of.name!r:.200} has no text paths; define some", field="query")
            shape, values = question_of(of, where)
            wanted = most if where is None else max(most, CANDIDATES)
            found = lexical.search(tx, question, purpose=PURPOSE, abouts=[of.id], k=wanted)
            return _hits(tx, of, found, shape, values, most)

        return work


def _groups_at(tx: Transaction, source: Source, path: Path, shape: Shape, asked: dict[str, Any]) -> list[Group]:
    found: list[Group] = []
    for kind in kinds_at(source.of.schema, path) & set(_KINDS):
        rows = tx.all(source.reads.groups(shape, column=None, kind=kind), asked)
        found += [Group(value=_grouped(kind, value), count=many) for value, many in rows]
    return found


def _grouped(kind: str, value: Any) -> str | float | bool:
    if kind == "boolean":
        return bool(value == "true")
    if kind == "string":
        return str(value)
    number = float(value)
    return whole(number, rest=int(value) - int(number) if number.is_integer() else 0)


def _hits(
    tx: Transaction, of: RecordSet, found: list[lexical.Found], shape: Shape, values: dict[str, Any], most: int
) -> list[RecordHit]:
    hits: list[RecordHit] = []
    for start in range(0, len(found), 200):
        lot = found[start : start + 200]
        asked = values | {"set_id": of.id, "now": now(), "ids": [one.item_id for one in lot]}
        rows: dict[UUID, Any] = {row[7]: row for row in tx.all(queries.among(shape), asked)}
        hits += [RecordHit(record=as_record(rows[one.item_id]), score=one.score) for one in lot if one.item_id in rows]
        if len(hits) >= most:
            break
    return hits[:most]
