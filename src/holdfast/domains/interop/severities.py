"""The kinds in which messages differ from what is expected of them, and how grave that is.

Seven of them; the eighth, "rule broken", is told of one message only: a rule that a profile learned does not hold.
"""

from typing import Literal

DifferenceKind = Literal[
    "custom segment", "missing required", "extra", "reordered", "over-long", "wrong type", "unknown code", "rule broken"
]
Severity = Literal["error", "warning", "note"]
