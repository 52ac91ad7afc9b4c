"""How sure several sources make a fact: each may be wrong, and they are wrong together only if all of them are.

Noisy-or over distinct sources: 1 - (1 - a)(1 - b)… One that says the same again is one source, and counts with the
highest confidence it gave.
"""

from collections.abc import Iterable

from holdfast.core.errors import InvalidInput
from holdfast.domains.memory.stored import Statement


def check_confidence(value: object) -> float:
    """`value`, when it is a number above 0 and up to 1. Raises `InvalidInput`."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value <= 1:
        raise InvalidInput(f"confidence: {value!r:.40} is not a number above 0 and up to 1", field="confidence")
    return float(value)


def combined(statements: Iterable[Statement]) -> float:
    """The confidence that statements of one fact give together."""
    best: dict[tuple[str, object], float] = {}
    for statement in statements:
        best[statement.speaker] = max(best.get(statement.speaker, 0.0), statement.confidence)
    doubt = 1.0
    for confidence in best.values():
        doubt *= 1.0 - confidence
    return 1.0 - doubt
