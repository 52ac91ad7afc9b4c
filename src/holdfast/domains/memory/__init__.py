"""Memory: facts about a person or a workspace, with confidence, sources and history."""

from holdfast.domains.memory import workspaces  # noqa: F401  # it registers what it follows
from holdfast.domains.memory.actions import Memory
from holdfast.domains.memory.models import (
    Candidate,
    Confirmation,
    Fact,
    Forgotten,
    Proposal,
    Recalled,
    RefusedCandidate,
    Unseen,
    Why,
)

__all__ = [
    "Candidate",
    "Confirmation",
    "Fact",
    "Forgotten",
    "Memory",
    "Proposal",
    "Recalled",
    "RefusedCandidate",
    "Unseen",
    "Why",
]
