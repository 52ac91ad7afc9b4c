"""Clearance levels: what rooms that keep things at levels ask of whoever changes them.

Which levels somebody holds identity says (`Scope.levels`). They contain nothing of each other, and no role brings one.
"""

from holdfast.core.database.transaction import Transaction
from holdfast.core.errors import HoldfastError
from holdfast.core.inputs import check_choice
from holdfast.core.scope import LEVELS


class ClearanceNeeded(HoldfastError):
    """The caller does not hold a level that this needs."""

    code = "clearance_needed"
    status = 403

    def __init__(self, levels: str) -> None:
        what = f"level {levels}" if len(levels) == 1 else f"every level ({', '.join(levels)})"
        super().__init__(
            f"this needs clearance for {what}; an owner of the tenant gives it with identity.set_clearance(…)"
        )
        self.levels = levels


def check_level(level: object, *, field: str = "clearance") -> str:
    """A clearance level."""
    return check_choice(level, LEVELS, field=field)


def hold(tx: Transaction, level: str) -> None:
    """Raise `ClearanceNeeded` unless the scope holds a level."""
    if level not in tx.scope.levels:
        raise ClearanceNeeded(level)


def hold_all(tx: Transaction) -> None:
    """Raise `ClearanceNeeded` unless the scope holds every level: for what touches things that it cannot see."""
    if not tx.scope.levels.issuperset(LEVELS):
        raise ClearanceNeeded("".join(LEVELS))
