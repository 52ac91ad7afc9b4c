"""Outside vector indexes: they keep ids and vectors, never a text, and are believed in nothing but what is near."""

from holdfast.core.outside.at_hand import OutsideIndexes
from holdfast.core.outside.errors import OutsideMissing, OutsideUnavailable, OutsideUnknown
from holdfast.core.outside.models import Near, OutsideIndex, OutsideReport

__all__ = [
    "Near",
    "OutsideIndex",
    "OutsideIndexes",
    "OutsideMissing",
    "OutsideReport",
    "OutsideUnavailable",
    "OutsideUnknown",
]
