"""Workflows: made and changed."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from uuid import UUID

from holdfast.core.action import action
from holdfast.core.clock import now
from holdfast.core.database import Transaction, Work
from holdfast.core.ids import as_id, new_id
from holdfast.core.inputs import check_document, check_name, check_text
from holdfast.domains.runs import queries
from holdfast.domains.runs.checks import check_external, check_flag
from holdfast.domains.runs.deciding import Deciding
from holdfast.domains.runs.errors import WorkflowExists, WorkflowNotFound
from holdfast.domains.runs.models import Workflow
from holdfast.domains.runs.reads import find_workflow

DESCRIPTION_BYTES = 16 * 1024


class Defining(Deciding):
    """Operations on workflows."""

    @action("runs.define", writes=True)
    def create_workflow(
        self,
        name: str,
        *,
        external_id: str | None = None,
        category: str | None = None,
        description: str | None = None,
        metadata: Mapping[str, object] | None = None,
    ) -> Work[Workflow]:
        """Make a workflow. `external_id` is its id in an outside engine: one of the tenant's alone, whatever other
        tenants have. Raises `WorkflowExists`, `InvalidInput`.
        """
        moment = now()
        made = Workflow(
            id=new_id(),
            name=self._check_name(name, "name"),
            external_id=None if external_id is None else check_external(external_id, field="external_id"),
            category=None if category is None else self._check_name(category, "category"),
            description=_check_description(description),
            metadata=self._check_metadata(metadata),
            created_by=self._actor(),
            created_at=moment,
            updated_at=moment,
        )

        def work(tx: Transaction) -> Workflow:
            if made.external_id is not None:
                tx.all(queries.wait_for_turn, {"turn": f"workflow {self.scope.tenant_id} {made.external_id}"})
                if tx.first(queries.workflow_by_external_id, {"external_id": made.external_id}) is not None:
                    raise WorkflowExists(made.external_id)
            tx.run(queries.insert_workflow, made.__dict__)
            tx.record("workflow", made.id, owner=made.created_by)
            return made

        return work

    @action("runs.define", writes=True, on="workflow")
    def update_workflow(
        self,
        workflow: UUID | str,
        *,
        name: str | None = None,
        category: str | None = None,
        description: str | None = None,
        metadata: Mapping[str, object] | None = None,
        active: bool | None = None,
    ) -> Work[Workflow]:
        """Change what is given, leave the rest: its maker, or who administers. One that is not `active` takes no new
        runs. Raises `WorkflowNotFound`, `InvalidInput`.
        """
        wanted = as_id(workflow, field="workflow")
        given: dict[str, Any] = {
            "name": None if name is None else self._check_name(name, "name"),
            "category": None if category is None else self._check_name(category, "category"),
            "description": _check_description(description),
            "metadata": None if metadata is None else self._check_metadata(metadata),
            "active": check_flag(active, "active"),
        }
        changed = {field: value for field, value in given.items() if value is not None}

        def work(tx: Transaction) -> Workflow:
            made = replace(find_workflow(tx, wanted), **changed, updated_at=now())
            row = {f"new_{field}": getattr(made, field) for field in given}
            if not tx.run(queries.update_workflow, {"workflow_id": wanted, "moment": made.updated_at, **row}):
                raise WorkflowNotFound(wanted)
            tx.record("workflow", wanted, owner=made.created_by, fields=sorted(changed))
            return made

        return work

    def _check_name(self, value: str, field: str) -> str:
        return check_name(value, field=field, most_chars=self.settings.title_chars)

    def _check_metadata(self, value: Mapping[str, object] | None) -> dict[str, object]:
        limits = {"most_bytes": self.settings.metadata_bytes, "most_depth": self.settings.metadata_depth}
        return check_document(value, field="metadata", **limits)


def _check_description(value: str | None) -> str | None:
    return None if value is None else check_text(value, field="description", most_bytes=DESCRIPTION_BYTES)
