"""Who may borrow how much: the bank's rules, and the service that knows the accounts.

The rules are the application's own; what they came to is kept by Holdfast (`StaffAssistant.check`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

INCOMES = 5
"""A loan is at most so many monthly incomes."""


class Accounts(Protocol):
    """The bank's own system. It is outside: it may be slow, or away."""

    def standing(self, number: str) -> dict[str, Any]:
        """Of an account: `income` a month, `arrears` in months, `joint`. Raises `TimeoutError` when it is away."""
        ...


@dataclass(frozen=True)
class Verdict:
    """What the rules say, without a word of whom."""

    status: str
    reasons: tuple[str, ...]
    evidence: dict[str, object]
    recommendations: tuple[str, ...]


class LendingRules:
    """The rules, over the bank's own system."""

    version = "2026-3"
    """It goes on every decision."""

    def __init__(self, accounts: Accounts) -> None:
        self._accounts = accounts

    def judge(self, numbers: Sequence[str], amount: int) -> Verdict:
        """Whether those with these accounts may borrow `amount` together. Raises what the bank's system raises."""
        return _judge([self._accounts.standing(number) for number in numbers], amount)


def _judge(standings: Sequence[dict[str, Any]], amount: int) -> Verdict:
    income, arrears = sum(one["income"] for one in standings), max(one["arrears"] for one in standings)
    reasons = ["arrears"] * (arrears > 0) + ["income_too_low"] * (amount > INCOMES * income)
    advice = [f"Up to {INCOMES * income:,} is possible."] * ("income_too_low" in reasons)
    advice += ["Ask again three months after the arrears are paid."] * ("arrears" in reasons)
    evidence = {"amount": amount, "monthly_income": income, "months_in_arrears": arrears, "accounts": len(standings)}
    return Verdict("refused" if reasons else "eligible", tuple(reasons), evidence, tuple(advice))
