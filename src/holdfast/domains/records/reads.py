"""Reading records: sets, one record, those that a filter lets through, how many, and how they were."""

from collections.abc import Mapping

from holdfast.core.action import Actions, action
from holdfast.core.clock import now
from holdfast.core.database import Transaction, Work
from holdfast.core.pages import Page, check_limit, encode_cursor
from holdfast.domains.records import queries, read_queries
from holdfast.domains.records.access import as_record, as_set, as_shared_set, find_source
from holdfast.domains.records.errors import RecordNotFound
from holdfast.domains.records.filters import check_size
from holdfast.domains.records.models import Record, RecordSet, RecordVersion
from holdfast.domains.records.questions import check_key, order_of, place_of, question_of


class RecordReads(Actions):
    """What can be read of records; see `Records`."""

    @action("records.read", writes=False)
    def sets(self) -> Work[list[RecordSet]]:
        """The tenant's record sets, by name; then those that other tenants share with it, as `OWNER:NAME`."""

        def work(tx: Transaction) -> list[RecordSet]:
            shared = [as_shared_set(row)[0] for row in tx.all(read_queries.shared_sets)]
            return [*map(as_set, tx.all(queries.sets)), *shared]

        return work

    @action("records.read", writes=False)
    def get_set(self, name: str) -> Work[RecordSet]:
        """A set as it was defined. Raises `SetNotFound`."""
        return lambda tx: find_source(tx, name, self.engine).of

    @action("records.read", writes=False)
    def get(self, name: str, key: str) -> Work[Record]:
        """A record by its key. Raises `SetNotFound`, `RecordNotFound`."""
        wanted = check_key(key)

        def work(tx: Transaction) -> Record:
            source = find_source(tx, name, self.engine)
            row = tx.first(source.reads.record, source.at | {"key": wanted, "now": now()})
            if row is None:
                raise RecordNotFound(source.of.name, wanted)
            return as_record(row)

        return work

    @action("records.read", writes=False)
    def find(
        self,
        name: str,
        *,
        where: Mapping[str, object] | None = None,
        order: str | None = None,
        limit: int = 50,
        cursor: str | None = None,
    ) -> Work[Page[Record]]:
        """A page of the records that a filter lets through.

        `where` as in docs/how-to/records.md: `{"sector": "J", "price": {"<": 100}}`. `order`: the key, which is the
        default, or an indexed path; `-` before it turns it round. What is asked of indexed paths, and ordered by one,
        stays quick in sets of any size; other conditions look at every record that those let through. Raises
        `SetNotFound`, `InvalidFilter`, `InvalidCursor`.
        """
        most = check_limit(limit, self.settings.page)
        if where is not None:
            check_size(where)
        question = ("records.find", self.scope.tenant_id, self.scope.actor_id, name, repr(where), order)

        def work(tx: Transaction) -> Page[Record]:
            source = find_source(tx, name, self.engine)
            of = source.of
            shape, values = question_of(of, where)
            column, descending = order_of(of, order)
            if cursor is not None:
                values |= place_of(question, cursor, column)
            query = source.reads.page(shape, order=column, descending=descending, after=cursor is not None)
            rows = tx.all(query, values | source.at | {"now": now(), "limit": most + 1})
            items = tuple(as_record(row) for row in rows[:most])
            if len(rows) <= most:
                return Page(items=items)
            last = rows[most - 1]
            code = [] if column == "key" else [bytes(last[-1]).hex()]
            return Page(items=items, next=encode_cursor(question, [*code, last[0], last[3]]))

        return work

    @action("records.read", writes=False)
    def count(self, name: str, *, where: Mapping[str, object] | None = None) -> Work[int]:
        """How many records a filter lets through. Raises `SetNotFound`, `InvalidFilter`."""

        def work(tx: Transaction) -> int:
            source = find_source(tx, name, self.engine)
            shape, values = question_of(source.of, where)
            return int(tx.all(source.reads.count(shape), values | source.at | {"now": now()})[0][0])

        return work

    @action("records.read", writes=False)
    def history(self, name: str, key: str, *, limit: int = 50) -> Work[list[RecordVersion]]:
        """The versions of a record, the latest first, also of one that was deleted; none where the set keeps none.

        Each is shown at the level that it had. Raises `SetNotFound`, `SetShared`.
        """
        wanted, most = check_key(key), check_limit(limit, self.settings.page)

        def work(tx: Transaction) -> list[RecordVersion]:
            of = find_source(tx, name, self.engine).own("its history is its owner's")
            rows = tx.all(queries.versions, {"set_id": of.id, "key": wanted, "limit": most})
            names = ("key", "version", "clearance", "data", "changed_by", "changed_at")
            return [
                RecordVersion(**dict(zip(names, (*row[:2], row[2] or None, *row[3:]), strict=True))) for row in rows
            ]

        return work
