"""Decisions: what was decided of whom, by which rule, why. Recorded once, never changed.

Whom it is about (account numbers) is kept as keyed hashes alone: who has the number finds what was decided; without the
tenant's key not even a guess can be confirmed from the database.
"""

import unicodedata
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from holdfast.core.action import action
from holdfast.core.clock import as_utc, now
from holdfast.core.database import Transaction, Work
from holdfast.core.database.types import dump_json
from holdfast.core.errors import InvalidInput
from holdfast.core.ids import as_id, new_id
from holdfast.core.inputs import check_document, check_name, check_text
from holdfast.core.pages import Page, check_limit
from holdfast.core.references import check_reference
from holdfast.domains.runs import cursors
from holdfast.domains.runs import decision_queries as queries
from holdfast.domains.runs.errors import DecisionNotFound
from holdfast.domains.runs.models import Decision
from holdfast.domains.runs.telling import Telling

SUBJECTS = 100
"""The most subjects of one decision."""
SUBJECT_CHARS = 200
CODES = 100
"""The most reasons, or recommendations."""
RECOMMENDATION_BYTES = 4 * 1024


class Deciding(Telling):
    """Decisions; see `Runs`."""

    @action("runs.decide", writes=True)
    def record_decision(
        self,
        kind: str,
        *,
        subjects: Sequence[str],
        status: str,
        reasons: Sequence[str] = (),
        evidence: Mapping[str, object] | None = None,
        recommendations: Sequence[str] = (),
        rule_version: str | None = None,
        latency_ms: float | None = None,
        conversation: UUID | str | None = None,
        request_id: str | None = None,
    ) -> Work[Decision]:
        """Record what was decided of one or several `subjects` (account numbers, say), which are kept as keyed hashes.

        Spaces and hyphens in a subject count for nothing. `reasons` are codes to find it by. No subject may stand in
        what is kept readable. `request_id` is the scope's, unless given. Costs a statement, one for the subjects, one
        for the reasons, one for a conversation, and the trail's line. Raises `InvalidInput`, `ConversationNotFound`,
        `KeyRingNeeded` where the store has no key ring.
        """
        given = _check_subjects(subjects)
        row: dict[str, Any] = {
            "id": new_id(),
            "kind": self._check_word(kind, "kind"),
            "status": self._check_word(status, "status"),
            "reasons": [self._check_word(reason, "reasons") for reason in _check_list(reasons, "reasons")],
            "evidence": check_document(
                evidence,
                field="evidence",
                most_bytes=self.settings.metadata_bytes,
                most_depth=self.settings.metadata_depth,
            ),
            "recommendations": [
                check_text(one, field="recommendations", most_bytes=RECOMMENDATION_BYTES)
                for one in _check_list(recommendations, "recommendations")
            ],
            "rule_version": None if rule_version is None else self._check_word(rule_version, "rule_version"),
            "latency_ms": _check_latency(latency_ms),
            "subject_count": len(given),
            "conversation_id": None if conversation is None else as_id(conversation, field="conversation"),
            "request_id": self.scope.request_id if request_id is None else self._check_word(request_id, "request_id"),
            "decided_by": self._actor(),
            "created_at": now(),
        }
        _check_hidden(given, row)

        def work(tx: Transaction) -> Decision:
            if row["conversation_id"] is not None:
                check_reference(tx, "conversation", row["conversation_id"])
            tx.run(queries.insert_decision, row)
            place = {"decision_id": row["id"]}
            tx.many(queries.insert_subject, [{**place, "subject": subject} for subject in given])
            tx.many(queries.insert_reason, [{**place, "reason": reason} for reason in dict.fromkeys(row["reasons"])])
            tx.record("decision", row["id"], owner=row["decided_by"])
            return Decision(**row)

        return work

    @action("runs.read", writes=False, on="decision")
    def decision(self, decision: UUID | str) -> Work[Decision]:
        """A decision by its id. Raises `DecisionNotFound`."""
        wanted = as_id(decision, field="decision")

        def work(tx: Transaction) -> Decision:
            found = tx.first(queries.decision, {"id": wanted})
            if found is None:
                raise DecisionNotFound(wanted)
            tx.saw("decision", found.id, owner=found.decided_by)
            return found

        return work

    @action("runs.read", writes=False)
    def decisions(
        self,
        *,
        subject: str | None = None,
        conversation: UUID | str | None = None,
        reason: str | None = None,
        kind: str | None = None,
        status: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        limit: int = 50,
        cursor: str | None = None,
    ) -> Work[Page[Decision]]:
        """A page of decisions, the newest first, by subject, conversation, reason, kind, status and date.

        A subject is hashed before it reaches a statement. Raises `InvalidCursor`.
        """
        params: dict[str, Any] = {
            "subject": None if subject is None else _check_subject(subject),
            "conversation_id": None if conversation is None else as_id(conversation, field="conversation"),
            "reason": None if reason is None else self._check_word(reason, "reason"),
            "kind": None if kind is None else self._check_word(kind, "kind"),
            "status": None if status is None else self._check_word(status, "status"),
            "since": None if since is None else as_utc(since, field="since"),
            "until": None if until is None else as_utc(until, field="until"),
        }
        shown = {**params, "subject": subject is not None}  # a cursor holds a digest of it, which would confirm guesses
        question = ("runs.decisions", self.scope.tenant_id, self.scope.actor_id, *shown.values())
        params["limit"] = check_limit(limit, self.settings.page) + 1
        if cursor is not None:
            params["after_id"] = cursors.place(question, cursor)
        query = queries.page_of_decisions(
            subject=subject is not None,
            conversation=conversation is not None,
            reason=reason is not None,
            kind=kind is not None,
            status=status is not None,
            since=since is not None,
            until=until is not None,
            after=cursor is not None,
        )

        def work(tx: Transaction) -> Page[Decision]:
            found = tx.all(query, params)
            for one in found[:limit]:
                tx.saw("decision", one.id, owner=one.decided_by)
            return cursors.page(found, limit, question)

        return work

    def _check_word(self, value: str, field: str) -> str:
        return check_name(value, field=field, most_chars=self.settings.title_chars)


def _check_subjects(values: Sequence[str]) -> list[str]:
    if isinstance(values, str):
        raise InvalidInput("subjects: is one text; give a list of them", field="subjects")
    given = list(dict.fromkeys(_check_subject(value) for value in _check_list(values, "subjects")))
    if not given:
        raise InvalidInput("subjects: whom is it about? give at least one", field="subjects")
    return given


def _check_subject(value: str) -> str:
    """A subject as it is hashed. No message shows it."""
    text = check_name(value, field="subject", most_chars=SUBJECT_CHARS)
    kept = _bare(text)
    if not kept:
        raise InvalidInput("subject: has nothing but spaces and hyphens", field="subject")
    return kept


def _bare(text: str) -> str:
    """A text as subjects are compared: without spaces and hyphens, however its letters and digits are written."""
    return "".join(c for c in unicodedata.normalize("NFKC", text) if not (c.isspace() or c in "-‐‑–")).casefold()


def _check_list(values: Any, field: str) -> list[Any]:
    if isinstance(values, (str, bytes)) or not isinstance(values, Sequence):
        raise InvalidInput(f"{field}: a list is needed, got {type(values).__name__}", field=field)
    if len(values) > CODES:
        raise InvalidInput(f"{field}: {len(values):,} of them, the limit is {CODES}", field=field)
    return list(values)


def _check_latency(value: float | None) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < 1e12:
        raise InvalidInput(f"latency_ms: {value!r:.40} is not a number of milliseconds", field="latency_ms")
    return float(value)


def _check_hidden(subjects: list[str], row: dict[str, Any]) -> None:
    """Refuse a decision that says in the open what its hashes are to hide."""
    for field in ("kind", "status", "reasons", "evidence", "recommendations", "rule_version", "request_id"):
        said = _bare(dump_json(row[field]))
        if any(len(subject) >= OPEN_CHARS and subject in said for subject in subjects):
            raise InvalidInput(
                f"{field}: names a subject in the open; leave it out, it is found by subject", field=field
            )


OPEN_CHARS = 6
"""Shorter subjects stand in many a text by chance."""
