"""Which answer came of a search, and what it cites."""

from collections.abc import Sequence
from uuid import UUID

from holdfast.core.action import action
from holdfast.core.database import Transaction, Work
from holdfast.core.ids import as_id
from holdfast.core.references import check_reference
from holdfast.domains.knowledge import retrieval_queries
from holdfast.domains.knowledge.errors import NotInRetrieval, RetrievalNotFound
from holdfast.domains.knowledge.reads import KnowledgeReads

MOST_NEIGHBOURS = 10
MOST_BASES = 200


class Citing(KnowledgeReads):
    """How answers are tied to what was found for them; see `Knowledge`."""

    @action("knowledge.cite", writes=True, on="retrieval")
    def cite(self, retrieval: UUID | str, *, message: UUID | str, chunks: Sequence[UUID | str] = ()) -> Work[None]:
        """Say which answer came of a search, and which of its hits that answer cites; none: it has no support.

        The answer is a message that the caller may read. Raises `MessageNotFound`, `RetrievalNotFound`,
        `NotInRetrieval`.
        """
        retrieval_id, message_id = as_id(retrieval, field="retrieval"), as_id(message, field="message")
        cited = [as_id(one, field="chunks") for one in chunks]

        def work(tx: Transaction) -> None:
            check_reference(tx, "message", message_id)
            asked = {"retrieval_id": retrieval_id, "new_message_id": message_id, "newly_cited": len(cited)}
            if not tx.run(retrieval_queries.set_answer, asked):
                raise RetrievalNotFound(retrieval_id)
            for chunk_id in cited:
                if not tx.run(retrieval_queries.set_cited, asked | {"chunk_id": chunk_id}):
                    raise NotInRetrieval(chunk_id)
            tx.record("retrieval", retrieval_id, owner=self.scope.actor_id, message=str(message_id), cited=len(cited))

        return work
