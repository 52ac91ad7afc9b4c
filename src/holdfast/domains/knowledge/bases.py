"""Knowledge bases: made, changed, deleted."""

from collections.abc import Mapping
from uuid import UUID

from holdfast.core import vectors
from holdfast.core.action import action
from holdfast.core.clearance import check_level, hold_all
from holdfast.core.clock import now
from holdfast.core.database import Transaction, Work
from holdfast.core.embedders import Embedder
from holdfast.core.ids import as_id, new_id
from holdfast.domains.identity.workspaces import check_workspace
from holdfast.domains.knowledge import base_queries, ingest, queries
from holdfast.domains.knowledge.access import editable_base, open_base
from holdfast.domains.knowledge.checks import check_base_name, check_optional, check_range
from holdfast.domains.knowledge.errors import BaseExists
from holdfast.domains.knowledge.models import KnowledgeBase
from holdfast.domains.knowledge.reads import KnowledgeReads

MOST_WINDOW = 5


class Bases(KnowledgeReads):
    """What is done to bases; see `Knowledge`."""

    @action("knowledge.edit", writes=True, on="workspace")
    def create_base(
        self,
        name: str,
        *,
        description: str | None = None,
        workspace: UUID | str | None = None,
        embedder: str | Embedder | None = None,
        index: str | None = None,
        clearance: str = "D",
        window: int = 0,
        metadata: Mapping[str, object] | None = None,
    ) -> Work[KnowledgeBase]:
        """Make a knowledge base; its name is unique in the tenant.

        `clearance`: the level of documents that are added without one. `window`: with how many chunks before and after
        it a chunk is indexed, so that what stands beside it helps to find it. `embedder`: who makes
        its vectors, by its name in `Settings.embedders` or as a text (`hashing:256`, `openai:MODEL@URL`; over HTTP only
        by name), or an `Embedder` of the program; without one the base is searched by words alone. `index`: the outside
        index that keeps its vectors, by its name in `Settings.vector_indexes`; Holdfast itself without one.
        Raises `BaseExists`, `WorkspaceNotFound`, `EmbedderUnknown`, `EmbedderMissing`, `OutsideUnknown`,
        `InvalidInput`.
        """
        moment = now()
        made = KnowledgeBase(
            id=new_id(),
            name=check_base_name(name, self.settings),
            description=check_optional(description, field="description"),
            workspace_id=None if workspace is None else as_id(workspace, field="workspace"),
            embedder=None if embedder is None else self._check_embedder(embedder),
            index=None if index is None else self.engine.outside.check(index),
            clearance=check_level(clearance),
            window=check_range(window, MOST_WINDOW, field="window"),
            metadata=self._check_document(metadata, "metadata"),
            created_by=self._actor(),
            created_at=moment,
            updated_at=moment,
        )

        def work(tx: Transaction) -> KnowledgeBase:
            if made.workspace_id is not None:
                check_workspace(tx, made.workspace_id, writing=True)
            _take_name(tx, made.name)
            tx.run(base_queries.insert_base, made.__dict__)
            tx.record("base", made.id, name=made.name)
            return made

        return work

    @action("knowledge.edit", writes=True, on="base")
    def edit_base(
        self,
        base: UUID | str,
        *,
        name: str | None = None,
        description: str | None = None,
        clearance: str | None = None,
        metadata: Mapping[str, object] | None = None,
    ) -> Work[KnowledgeBase]:
        """Change what is given. Another `clearance` is that of documents added from now on.

        Raises `BaseNotFound`, `BaseExists`, `BaseReadOnly`, `InvalidInput`.
        """
        given = {
            "name": None if name is None else check_base_name(name, self.settings),
            "description": check_optional(description, field="description"),
            "clearance": None if clearance is None else check_level(clearance),
            "metadata": None if metadata is None else self._check_document(metadata, "metadata"),
        }
        changed = {key: value for key, value in given.items() if value is not None}

        def work(tx: Transaction) -> KnowledgeBase:
            before = editable_base(tx, base, alone=True)
            if changed.get("name", before.name) != before.name:
                _take_name(tx, str(changed["name"]))
            row = {f"new_{key}": changed.get(key, getattr(before, key)) for key in given}
            tx.run(base_queries.edit_base, {"base_id": before.id, "moment": now(), **row})
            tx.record("base", before.id, changed=sorted(changed))
            return open_base(tx, before.id)

        return work

    @action("knowledge.edit", writes=True, on="base")
    def delete_base(self, base: UUID | str) -> Work[None]:
        """Delete a base with all that is in it, also what nobody was told of: so it needs clearance for every level.

        Raises `BaseNotFound`, `BaseReadOnly`, `ClearanceNeeded`.
        """

        def work(tx: Transaction) -> None:
            found = editable_base(tx, base, alone=True)
            hold_all(tx)
            for (document_id,) in tx.all(queries.document_ids_in, {"base_id": found.id}):
                ingest.delete(tx, document_id)
            for index in vectors.indexes(tx, purpose=ingest.PURPOSE, about=found.id):
                while not vectors.drop_index(tx, index.id):
                    pass
            tx.run(base_queries.delete_base, {"base_id": found.id})
            self._clear_after(tx, found)
            tx.record("base", found.id, name=found.name, deleted=True)

        return work


def _take_name(tx: Transaction, name: str) -> None:
    """Raise `BaseExists` when a name is taken, and let nobody else take it meanwhile."""
    tx.all(base_queries.wait_for_turn, {"turn": f"base name {tx.tenant_id} {name}"})
    if tx.first(base_queries.name_taken, {"name": name}) is not None:
        raise BaseExists(name)
