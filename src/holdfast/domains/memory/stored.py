"""Rows of memory as the tables keep them, and as callers get them."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from holdfast.core.database.types import dump_json, load_json
from holdfast.domains.memory.models import Fact


@dataclass(frozen=True, kw_only=True)
class Stored:
    """A version: its value is in `value`, or as JSON in `sealed`. `followed_at`: when the next version begins."""

    id: UUID
    owner_id: UUID | None
    workspace_id: UUID | None
    key: str
    version: int
    value: object
    sealed: str | None
    confidence: float
    source: UUID | None
    said_by: str | None
    valid_from: datetime
    valid_to: datetime | None
    recorded_by: UUID
    recorded_at: datetime
    superseded_at: datetime | None
    followed_at: datetime | None = None

    @property
    def about_id(self) -> UUID:
        """The person or the workspace."""
        found = self.owner_id or self.workspace_id
        assert found is not None, "a constraint of the table"
        return found

    @property
    def sensitive(self) -> bool:
        """Whether the value is sealed."""
        return self.sealed is not None

    def opened(self) -> object:
        """The value."""
        return self.value if self.sealed is None else load_json(self.sealed)

    def says(self, value: object) -> bool:
        """Whether it says the same, as JSON spells it: 1 and 1.0 are two values."""
        return dump_json(self.opened()) == dump_json(value)

    def fact(self) -> Fact:
        """What callers get."""
        ends = [moment for moment in (self.valid_to, self.followed_at) if moment is not None]
        return Fact(
            id=self.id,
            key=self.key,
            value=self.opened(),
            confidence=self.confidence,
            user_id=self.owner_id,
            workspace_id=self.workspace_id,
            source=self.source,
            said_by=self.said_by,
            sensitive=self.sensitive,
            valid_from=self.valid_from,
            valid_to=min(ends, default=None),
            version=self.version,
            recorded_by=self.recorded_by,
            recorded_at=self.recorded_at,
            superseded_at=self.superseded_at,
        )


@dataclass(frozen=True, kw_only=True)
class Statement:
    """One statement of a version: by a message, or else by whoever is said to have said so, or recorded it."""

    number: int
    source: UUID | None
    said_by: str | None
    extractor: str | None
    confidence: float
    recorded_by: UUID
    recorded_at: datetime

    @property
    def speaker(self) -> tuple[str, object]:
        """Who counts as one source."""
        if self.source is not None:
            return "message", self.source
        return ("said by", self.said_by) if self.said_by is not None else ("recorded by", self.recorded_by)
