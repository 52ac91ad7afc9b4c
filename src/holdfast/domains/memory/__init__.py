"""Memory: facts about a person or a workspace, with confidence, sources and history."""

from holdfast.domains.memory import background, contexts, workspaces  # noqa: F401  # they register what they follow and add
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
from holdfast.domains.memory.proposing import Extractor

__all__ = [
    "Candidate",
    "Confirmation",
    "Extractor",
    "Fact",
    "Forgotten",
    "Memory",
    "Proposal",
    "Recalled",
    "RefusedCandidate",
    "Unseen",
    "Why",
]
