"""What a person of a tenant does with runs: a workflow, runs of each kind, a decision."""

from datetime import UTC, datetime
from typing import Any

SUBJECT = "6718-949405"


def keep_runs(person: Any) -> Any:
    """A workflow with a run of the tenant's and one that an outside engine told of; a decision. Gives the workflow."""
    r = person.runs
    made = r.create_workflow("lead-intake", external_id=f"n8n-{person.scope.actor_id}")
    r.finish(r.start(made.id, input={"lead": 1}).id)
    r.start(made.id, input="x" * 300_000)
    r.tell(made.external_id, "e-1", status="running", at=datetime.now(UTC))
    decide(person)
    return made


def decide(person: Any, conversation: Any = None, **given: Any) -> Any:
    """A decision."""
    said: dict[str, Any] = {
        "status": "refused",
        "reasons": ["income_too_low"],
        "evidence": {"income": 900},
        "rule_version": "2026-3",
    }
    return person.runs.record_decision(
        "eligibility", subjects=[SUBJECT], conversation=conversation, **{**said, **given}
    )
