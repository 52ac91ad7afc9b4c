"""Stand-ins for what is outside. The model answers from what it is given, always the same, and fails when told to.

It stands for the service outside that your application calls; put your own client in its place. It takes messages as
every chat service does and gives a dictionary. Nothing here is part of Holdfast.
"""

from collections.abc import Sequence
from typing import Any

INTENTS = {
    "fees": ("fee", "cost", "charge", "price"),
    "home loan": ("house", "home", "mortgage"),
    "eligibility": ("eligible", "refused", "override"),
    "procedure": ("how", "card", "order", "joint", "identity"),
}


class ScriptedModel:
    """Answers with the first passage it is shown. `failures`: so many calls fail before the next one succeeds."""

    name = "scripted-1"

    def __init__(self) -> None:
        self.failures = 0
        self.calls: list[list[dict[str, str]]] = []

    def complete(self, messages: Sequence[dict[str, str]]) -> dict[str, Any]:
        """An answer, with the numbers of the passages it rests on. Raises `TimeoutError` when it is down."""
        self.calls.append([*messages])
        if self.failures > 0:
            self.failures -= 1
            raise TimeoutError("the model did not answer")
        told, question = messages[0]["content"], messages[-1]["content"]
        shown = [line for line in told.splitlines() if line.startswith("[1] ")]
        text = f"{shown[0][4:]}" if shown else "I find nothing about that in what you may read."
        return {"content": text, "cites": [1] if shown else [], "intent": _intent(question), "tokens": len(text) // 4}

    def summarize(self, text: str) -> str:
        """The gist: what was asked. Raises `TimeoutError` when it is down."""
        if self.failures > 0:
            self.failures -= 1
            raise TimeoutError("the model did not answer")
        return "Asked so far: " + " / ".join(
            line[6:].strip() for line in text.splitlines() if line.startswith("user: ")
        )


def _intent(question: str) -> str:
    words = question.lower()
    return next((intent for intent, signs in INTENTS.items() if any(sign in words for sign in signs)), "other")


class ScriptedAccounts:
    """The bank's own system, as far as a check asks it. Put your own client in its place."""

    known = {
        "6718949405": {"income": 2_400, "arrears": 0, "joint": False},
        "4402118876": {"income": 1_900, "arrears": 0, "joint": True},
        "9935041127": {"income": 3_100, "arrears": 2, "joint": False},
    }

    def __init__(self) -> None:
        self.failures = 0

    def standing(self, number: str) -> dict[str, Any]:
        """What is known of an account. Raises `TimeoutError` when it is down, KeyError for none of this bank's."""
        if self.failures > 0:
            self.failures -= 1
            raise TimeoutError("the bank's system did not answer")
        return dict(self.known[number])
