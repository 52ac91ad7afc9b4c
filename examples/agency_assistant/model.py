"""A model that needs no model: it calls for a platform's metrics, then answers from them. Put your own in its place."""

from collections.abc import Sequence
from typing import Any

PLATFORMS = {
    "google ads": "google_ads",
    "analytics": "google_analytics",
    "meta": "meta_ads",
    "linkedin": "linkedin_ads",
}


class ScriptedModel:
    """Stands for the service outside. `told`: what it was shown, call by call."""

    name = "gpt-4o-mini"
    provider = "openai"

    def __init__(self) -> None:
        self.told: list[list[dict[str, str]]] = []

    def complete(self, messages: Sequence[dict[str, str]]) -> dict[str, Any]:
        """An answer (`content`, `parts`), or a `tool` that it wants called first, with its arguments."""
        self.told.append([*messages])
        question = next(one["content"] for one in reversed(messages) if one["role"] == "user")
        results = [one["content"] for one in messages if one["role"] == "tool"]
        tokens = {"in": sum(len(one["content"]) for one in messages) // 4, "out": 40}
        wanted = next((name for said, name in PLATFORMS.items() if said in question.lower()), None)
        if wanted is not None and not results:
            return {"tool": "fresh_metrics", "arguments": {"platform": wanted}, "tokens": tokens}
        text = f"It stands at {results[-1]}." if results else "Which platform do you mean?"
        card = {"type": "card", "title": wanted, "text": results[-1]} if wanted and results else None
        parts = [{"type": "text", "text": text}, *([card] if card else []), {"type": "button", "title": "Plan a week"}]
        return {"content": text, "parts": parts, "intent": "metrics" if results else "unclear", "tokens": tokens}
