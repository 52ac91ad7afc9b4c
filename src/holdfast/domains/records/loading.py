"""Many records: stored batch by batch, as they come. The same over a store and over a connection."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from typing import TYPE_CHECKING, TypeVar

from holdfast.core.action import composite
from holdfast.core.errors import InvalidInput
from holdfast.core.settings import Settings
from holdfast.domains.records.models import NotStored, StoreReport

T = TypeVar("T")


class Loading:
    """What is made of `put_some`."""

    settings = Settings(record_batch=1_000)
    """Of a connection, which has those of nobody in particular: so many large records are one request."""
    if TYPE_CHECKING:
        put_some: Callable[..., StoreReport]

    @composite
    def put_many(
        self,
        name: str,
        rows: Iterable[Mapping[str, object]],
        *,
        clearance: str | None = None,
        on_progress: Callable[[StoreReport], None] | None = None,
    ) -> StoreReport:
        """Store any number of records, each new or in place of the one of its key, in transactions of 2,000.

        Over HTTP of 1,000. `rows` is read as it is stored, so it may be longer than memory. A record that does not fit
        is named in the report, with its place and the reason, and the others are stored; storing the same again
        changes nothing, so going on after a stop is calling it again. `on_progress` is given what was done so far,
        after each transaction. Raises `SetNotFound`, `SetReadOnly`, `ClearanceNeeded`.
        """
        if isinstance(rows, (str, bytes, Mapping)) or not isinstance(rows, Iterable):
            raise InvalidInput(f"rows: records are needed, got {type(rows).__name__}", field="rows")
        report = StoreReport()
        first = 1
        for lot in lots_of(rows, self.settings.record_batch):
            report = _added_up(report, self.put_some(name, lot, clearance=clearance, first=first))
            first += len(lot)
            if on_progress is not None:
                on_progress(report)
        return report


def lots_of(rows: Iterable[T], size: int) -> Iterator[list[T]]:
    """Lots of up to so many, in order."""
    coming = iter(rows)
    while lot := list(islice(coming, size)):
        yield lot


def _added_up(one: StoreReport, other: StoreReport) -> StoreReport:
    failed: tuple[NotStored, ...] = (*one.failed, *other.failed)
    return StoreReport(
        added=one.added + other.added,
        changed=one.changed + other.changed,
        unchanged=one.unchanged + other.unchanged,
        failed=failed,
    )
