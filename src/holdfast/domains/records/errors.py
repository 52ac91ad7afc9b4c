"""What can go wrong with records."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from holdfast.core.errors import Conflict, HoldfastError, InvalidInput, NotFound

if TYPE_CHECKING:
    from holdfast.domains.records.models import NotStored


class SetNotFound(NotFound):
    """There is no set of this name in the tenant."""

    code = "record_set_not_found"

    def __init__(self, name: object) -> None:
        super().__init__(f"no record set {str(name)!r:.200}; records.sets() names those there are")


class SetReadOnly(HoldfastError):
    """The set is changed by who defined it, and administrators."""

    code = "record_set_read_only"
    status = 403

    def __init__(self, name: str) -> None:
        super().__init__(f"record set {name!r:.200} is changed by who defined it, or an administrator; ask one of them")


class SetShared(HoldfastError):
    """The set is another tenant's, which shares it for reading: it is not changed, searched or looked back in here."""

    code = "record_set_shared"
    status = 403

    def __init__(self, name: str, what: str) -> None:
        super().__init__(
            f"record set {name!r:.200} is shared by another tenant, to get, find, count, group and pick; {what}"
        )


class ReaderUnfit(InvalidInput):
    """There is no such tenant to share a set with, or it is the set's own."""

    code = "reader_unfit"

    def __init__(self, tenant: str, reason: str) -> None:
        super().__init__(f"tenant: {tenant!r:.200} {reason}", field="tenant")


class ShareNotFound(NotFound):
    """The set is not shared with this tenant."""

    code = "record_share_not_found"

    def __init__(self, name: str, tenant: str) -> None:
        super().__init__(
            f"record set {name!r:.200} is not shared with {tenant!r:.200}; records.shares(…) says with whom"
        )


class SetNotEmpty(Conflict):
    """What is to be changed of a set cannot be while there are records in it."""

    code = "record_set_not_empty"

    def __init__(self, name: str, what: str) -> None:
        super().__init__(f"record set {name!r:.200} has records, so its {what} stays; define another set and move them")


class InvalidSchema(InvalidInput):
    """It is no JSON Schema that records can be held to."""

    code = "invalid_schema"

    def __init__(self, reason: str) -> None:
        super().__init__(f"schema: {reason}", field="schema")


class InvalidFilter(InvalidInput):
    """It is not in the language of filters, or does not fit the set's schema."""

    code = "invalid_filter"

    def __init__(self, reason: str) -> None:
        super().__init__(f"where: {reason}", field="where")


class RecordRefused(InvalidInput):
    """A record that does not fit its set. Nothing of it was written."""

    code = "record_refused"

    def __init__(self, reason: str) -> None:
        super().__init__(f"record: {reason}", field="record")


class RecordsRefused(InvalidInput):
    """Some of many records do not fit their set, and all or none were to be stored: none was."""

    code = "records_refused"

    def __init__(self, failed: "Sequence[NotStored]") -> None:
        first = failed[0]
        super().__init__(
            f"records: {len(failed):,} of them cannot be stored, the first is number {first.number}: {first.reason}; "
            "none was stored",
            field="records",
        )
        self.failed = tuple(failed)


class SchemaMisfit(Conflict):
    """Records that are stored do not fit the schema that their set was to have; it stays as it was."""

    code = "schema_misfit"

    def __init__(self, name: str, count: int, misfits: "Sequence[NotStored]") -> None:
        first = misfits[0]
        super().__init__(
            f"record set {name!r:.200} has {count:,} records that do not fit, {first.key!r:.200} for one: "
            f"{first.reason}; change them, or the schema"
        )
        self.count = count
        self.misfits = tuple(misfits)


class RecordNotFound(NotFound):
    """There is no record of this key that the caller may know of."""

    code = "record_not_found"

    def __init__(self, name: str, key: str) -> None:
        super().__init__(f"no record {key!r:.200} in {name!r:.200} that you may read; records.find(…) lists them")


class NothingToPick(Conflict):
    """No record that the filter lets through has any weight."""

    code = "nothing_to_pick"

    def __init__(self, name: str) -> None:
        super().__init__(
            f"no record of {name!r:.200} that was asked for has a weight; widen the filter, or add weights"
        )


class TooManyToPick(Conflict):
    """The set has more records than are kept in memory to pick from."""

    code = "too_many_to_pick"

    def __init__(self, name: str, most: int) -> None:
        super().__init__(
            f"record set {name!r:.200} has more than {most:,} records to pick from (setting pick_records); "
            "raise it, or pick from a smaller set"
        )


class RecordChanged(Conflict):
    """The record is not at the version that was to be changed."""

    code = "record_changed"

    def __init__(self, key: str, wanted: int, found: int) -> None:
        now = f"is at version {found}" if found else "is not there"
        super().__init__(f"record {key!r:.200} {now}, not at {wanted}; read it again and decide")
        self.version = found
