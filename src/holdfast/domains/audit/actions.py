"""Audit: read, verify, sign and export the trail; and go through the changes it announces."""

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import IO
from uuid import UUID

from holdfast.core.action import Actions, action, composite
from holdfast.core.clock import as_utc, now
from holdfast.core.database import Transaction, Work
from holdfast.core.database.types import dump_json
from holdfast.core.errors import InvalidInput
from holdfast.core.ids import as_id
from holdfast.core.inputs import check_choice, check_text
from holdfast.core.pages import InvalidCursor, Page, check_limit, decode_cursor, encode_cursor
from holdfast.core.rendering import plain
from holdfast.core.scope import NIL, Scope
from holdfast.core.trail import OUTCOMES
from holdfast.domains.audit import checkpoints, queries, sealing, verification
from holdfast.domains.audit.errors import CheckpointNeedsKey, NothingToSign
from holdfast.domains.audit.models import AuditEvent, AuditReport, Checkpoint, Event, Outcome

EventList = list[AuditEvent]
"""Named here because the class has a method called `list`."""

_LAST_ID = UUID(int=2**128 - 1)
_EXPORTED_AT_ONCE = 1_000


class Audit(Actions):
    """The trail of a tenant; for the operator, of the store itself."""

    @action("audit.list", writes=False)
    def list(
        self,
        *,
        actor: UUID | str | None = None,
        action: str | None = None,
        outcome: Outcome | None = None,
        target: UUID | str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        limit: int = 50,
        cursor: str | None = None,
    ) -> Work[Page[AuditEvent]]:
        """A page of lines, the newest first. `action` is an operation ("conversations.append"); `since` is included,
        `until` is not. Reading the trail is itself recorded. Raises `InvalidCursor`, `InvalidInput`.
        """
        asked = {
            "actor": None if actor is None else as_id(actor, field="actor"),
            "action": None if action is None else check_text(action, field="action", most_bytes=200),
            "outcome": None if outcome is None else check_choice(outcome, OUTCOMES, field="outcome"),
            "target": None if target is None else as_id(target, field="target"),
            "since": None if since is None else as_utc(since, field="since"),
            "until": None if until is None else as_utc(until, field="until"),
        }
        question = ("audit.list", self.scope.tenant_id, *asked.values())
        params = {**asked, "limit": check_limit(limit, self.settings.page) + 1}
        if cursor is not None:
            params["before_position"], params["before_id"] = _place(question, cursor)
        query = queries.page_of_events(
            **{name: value is not None for name, value in asked.items()}, before=cursor is not None
        )

        def work(tx: Transaction) -> Page[AuditEvent]:
            tx.record("trail")
            found = tx.all(query, params)
            more = len(found) > limit
            return Page(items=tuple(found[:limit]), next=_cursor(question, found[limit - 1]) if more else None)

        return work

    @composite
    def verify(self, *, checkpoint: Checkpoint | None = None) -> AuditReport:
        """Check every line and every seal from the beginning. `report.ok`, `report.rows`; `report.first_bad` and
        `report.why` name the first that is not as it was written.

        A `checkpoint` kept elsewhere also shows that nothing was cut off at the end, or the whole store rolled back.
        Raises `CheckpointNotValid`.
        """
        if checkpoint is not None:
            checkpoints.check(checkpoint, self.scope.tenant_id, self.engine.trail.key)
        return self._verify(checkpoint)

    @action("audit.verify", writes=False)
    def _verify(self, checkpoint: Checkpoint | None) -> Work[AuditReport]:
        def work(tx: Transaction) -> AuditReport:
            tx.record("trail")
            return verification.verify(tx, self.engine.trail.key, checkpoint)

        return work

    @composite
    def checkpoint(self) -> Checkpoint:
        """Seal what is written and sign how far the chain has come. Keep it where who can change the store cannot.

        Raises `CheckpointNeedsKey`, `NothingToSign`, `TrailNotSound`.
        """
        self._seal()
        return self._sign()

    @action("audit.checkpoint", writes=True, as_operator=True, recorded=False)
    def _seal(self) -> Work[int]:
        tenant_id = self.scope.tenant_id or NIL
        return lambda tx: sealing.seal(tx, self.engine.trail.key, tenant_id)

    @action("audit.checkpoint", writes=False)
    def _sign(self) -> Work[Checkpoint]:
        key = self.engine.trail.key
        if key is None:
            raise CheckpointNeedsKey

        def work(tx: Transaction) -> Checkpoint:
            last = tx.first(queries.last_seal)
            if last is None:
                raise NothingToSign
            seal = sealing.checked(key, self.scope.tenant_id or NIL, last)
            tx.record("trail", seal=seal.number)
            return checkpoints.sign(key, self.scope.tenant_id, seal, now())

        return work

    @composite
    def export(self, to: IO[str], *, on_progress: Callable[[int], None] | None = None) -> int:
        """Write every line, oldest first, as JSON Lines: how many. Recorded before the first is written.

        `on_progress(lines)` is called after each thousand.
        """
        self._announce_export()
        count = 0
        for lines in self._export_parts():
            to.writelines(dump_json(plain(line)) + "\n" for line in lines)
            count += len(lines)
            if on_progress is not None:
                on_progress(count)
        return count

    def _export_parts(self) -> Iterator[EventList]:
        position, last_id = 0, NIL
        while lines := self._export_after(position, last_id):
            yield lines
            position, last_id = lines[-1].position, lines[-1].id

    @action("audit.export", writes=False)
    def _announce_export(self) -> Work[None]:
        return lambda tx: tx.record("trail")

    @action("audit.export", writes=False)
    def _export_after(self, position: int, last_id: UUID) -> Work[EventList]:
        where = {"after_position": position, "after_id": last_id, "through_position": 2**63 - 1, "through_id": _LAST_ID}
        return lambda tx: tx.all(queries.events_between, {**where, "limit": _EXPORTED_AT_ONCE})

    @action("audit.events", writes=False)
    def events(self, *, after: str | None = None, limit: int = 100) -> Work[Page[Event]]:
        """The changes that concern the actor, in the order in which they settled, beyond the cursor `after`.

        `next` is always a cursor: where to go on, now or later; without `after` it is where new ones will follow, and
        there are no items. Whoever goes on from cursor to cursor misses nothing and sees nothing twice.
        Raises `InvalidCursor`.
        """
        question = ("audit.events", self.scope.tenant_id, self.scope.actor_id)
        check_limit(limit, self.settings.page)
        if after is None:
            return lambda tx: Page(items=(), next=_end(tx, question))
        position, last_id = _place(question, after)

        def work(tx: Transaction) -> Page[Event]:
            params = {"after_position": position, "after_id": last_id, "limit": limit}
            end = _end(tx, question)
            found = tx.all(queries.settled_changes, params)
            return Page(items=tuple(found), next=_cursor(question, found[-1]) if len(found) == limit else end)

        return work


def cursor_behind(scope: Scope, event: Event) -> str:
    """The cursor that goes on behind one of the items that `Audit.events` gave in this scope."""
    return _cursor(("audit.events", scope.tenant_id, scope.actor_id), event)


def _end(tx: Transaction, question: tuple[object, ...]) -> str:
    """The cursor behind all that is settled on this snapshot, so that nobody looks through others' lines twice."""
    ((position,),) = tx.all(queries.end_of_settled)
    return encode_cursor(question, [position, _LAST_ID.hex])


def _cursor(question: tuple[object, ...], line: AuditEvent | Event) -> str:
    return encode_cursor(question, [line.position, line.id.hex])


def _place(question: tuple[object, ...], cursor: str) -> tuple[int, UUID]:
    position, last_id = decode_cursor(question, cursor, length=2)
    if isinstance(position, bool) or not isinstance(position, int) or not 0 <= position < 2**63:
        raise InvalidCursor(cursor)
    try:
        return position, as_id(last_id, field="cursor")  # type: ignore[arg-type]  # checked by as_id
    except InvalidInput as error:
        raise InvalidCursor(cursor) from error
