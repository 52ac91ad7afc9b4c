"""Proposing facts to a server: the extractor runs here, what it is shown and what it finds travels."""

from uuid import UUID

from holdfast.domains.memory import Extractor, Proposal
from holdfast.domains.memory.proposing import propose
from holdfast.remote.rooms import RemoteMemory


class ProposingMemory(RemoteMemory):
    """`Memory`, at a server."""

    def propose(self, conversation: UUID | str, *, extractor: Extractor, limit: int = 200) -> Proposal:
        """See `Memory.propose`."""
        return propose(self, conversation, extractor, limit)
