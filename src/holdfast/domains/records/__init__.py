"""Records: the application's own entities, in named sets of JSON documents."""

from holdfast.domains.records import expiring  # noqa: F401  # it registers what it does
from holdfast.domains.records.actions import Records
from holdfast.domains.records.models import (
    Group,
    NotStored,
    Record,
    RecordHit,
    RecordSet,
    RecordShare,
    RecordVersion,
    StoreReport,
)

__all__ = [
    "Group",
    "NotStored",
    "Record",
    "RecordHit",
    "RecordSet",
    "RecordShare",
    "RecordVersion",
    "Records",
    "StoreReport",
]
