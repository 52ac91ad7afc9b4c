"""Loading reference data: a file of a known kind into a record set, row by row."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from holdfast.core.inputs import check_choice
from holdfast.domains.interop.reference.errors import ReferenceFileUnfit
from holdfast.domains.interop.reference.kinds import KINDS
from holdfast.domains.records import StoreReport

__all__ = ["KINDS", "load"]


def load(
    records: Any,
    kind: str,
    file: Path | str,
    *,
    name: str | None = None,
    on_progress: Callable[[StoreReport], None] | None = None,
) -> StoreReport:
    """Load a file of reference data into the set of its kind, which is defined if it is not there.

    `records`: somebody's room of records, in a store or at a server. `kind`: one of `KINDS`. `name`: another set. Rows
    are read as they are stored, so a file may be longer than memory; those that do not fit are named in the report;
    loading a file again changes nothing. Raises `ReferenceFileUnfit`, and what `records.put_many` does.
    """
    of = KINDS[check_choice(kind, tuple(KINDS), field="kind")]
    path = Path(file)
    if not path.is_file():
        raise ReferenceFileUnfit(path.name, "is not there; give the path of a file")
    into = name or of.set_name
    if into not in {one.name for one in records.sets()}:
        records.define(into, **of.definition())
    report: StoreReport = records.put_many(into, of.read(path), on_progress=on_progress)
    return report
