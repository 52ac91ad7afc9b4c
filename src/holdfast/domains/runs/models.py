"""What callers get of runs."""

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

RunStatus = Literal["queued", "running", "waiting", "success", "error", "cancelled"]
STATUSES: tuple[RunStatus, ...] = ("queued", "running", "waiting", "success", "error", "cancelled")
Ending = Literal["success", "error", "cancelled"]
ENDINGS: tuple[Ending, ...] = ("success", "error", "cancelled")


@dataclass(frozen=True, kw_only=True)
class Workflow:
    """Something that is run again and again. `external_id` is its id in an outside engine, unique within the tenant."""

    id: UUID
    name: str
    external_id: str | None = None
    category: str | None = None
    description: str | None = None
    metadata: dict[str, object] = field(default_factory=dict, hash=False)
    active: bool = True
    created_by: UUID
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, kw_only=True)
class Run:
    """One run of a workflow. Durations are in milliseconds, from `started_at` to `finished_at`.

    `execution_id`: its id in the outside engine that told of it. `waits`: how often it has waited for a person; `asked`
    is what the last time was about, `answer` what `resolved_by` said then. `error` is why it ended in one.
    `input_bytes`, `output_bytes`: how large they are as JSON. Above `Settings.run_bytes` they are kept as attachments:
    `get` has them, elsewhere they are None.
    """

    id: UUID
    workflow_id: UUID
    status: RunStatus
    attempt: int = 1
    parent_id: UUID | None = None
    conversation_id: UUID | None = None
    request_id: str | None = None
    execution_id: str | None = None
    input: Any = field(default=None, hash=False)
    input_bytes: int | None = None
    output: Any = field(default=None, hash=False)
    output_bytes: int | None = None
    error: str | None = None
    waits: int = 0
    asked: Any = field(default=None, hash=False)
    answer: Any = field(default=None, hash=False)
    resolved_by: UUID | None = None
    resolved_at: datetime | None = None
    started_by: UUID
    created_at: datetime
    started_at: datetime | None = None
    finished_at: datetime | None = None
    duration_ms: float | None = None

    @property
    def ended(self) -> bool:
        """Whether it has ended."""
        return self.status in ENDINGS


@dataclass(frozen=True, kw_only=True)
class Tally:
    """How runs that started in a period ended. `success_rate` = success / (success + error), None where there are none:
    cancelled ones and those under way count for neither. Percentiles (nearest rank) are of the durations of those that
    ended in success or error, in milliseconds, to within 2 % (see `durations`).
    """

    runs: int = 0
    success: int = 0
    error: int = 0
    cancelled: int = 0
    open: int = 0
    success_rate: float | None = None
    p50_ms: float | None = None
    p95_ms: float | None = None


@dataclass(frozen=True, kw_only=True)
class DayOfRuns:
    """The tally of a day (UTC)."""

    day: date
    tally: Tally


@dataclass(frozen=True, kw_only=True)
class WorkflowOfRuns:
    """The tally of a workflow."""

    workflow_id: UUID
    name: str
    tally: Tally


@dataclass(frozen=True, kw_only=True)
class RunStatistics:
    """What runs came to that started from `since`, and before `until`."""

    since: datetime
    until: datetime
    total: Tally
    workflows: tuple[WorkflowOfRuns, ...] = ()
    days: tuple[DayOfRuns, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Decision:
    """What was decided (an eligibility check, say), by which version of the rules, why, and on what evidence.

    Of whom is not in it: subjects are kept as keyed hashes, by which it is found. `reasons` are codes.
    """

    id: UUID
    kind: str
    status: str
    reasons: list[str] = field(default_factory=list, hash=False)
    evidence: dict[str, object] = field(default_factory=dict, hash=False)
    recommendations: list[str] = field(default_factory=list, hash=False)
    rule_version: str | None = None
    latency_ms: float | None = None
    subject_count: int
    conversation_id: UUID | None = None
    request_id: str | None = None
    decided_by: UUID
    created_at: datetime
