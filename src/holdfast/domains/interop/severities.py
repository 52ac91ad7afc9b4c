"""The seven kinds in which messages differ from what is expected of them, and how grave that is."""

from typing import Literal

DifferenceKind = Literal[
    "custom segment", "missing required", "extra", "reordered", "over-long", "wrong type", "unknown code"
]
Severity = Literal["error", "warning", "note"]
