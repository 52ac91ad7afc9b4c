"""Verification: every line and every seal compared with what was sealed, from the beginning.

What it finds: a line that says something else than its code, one that its seal knows and that is gone, one that no
seal knows though its place is sealed, lines in another order, a seal changed, missing or out of order; and, against a
checkpoint kept elsewhere, a chain that was cut off or exchanged. Constant memory: a seal and its lines at a time.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from holdfast.core import trail
from holdfast.core.clock import EPOCH
from holdfast.core.database import Transaction
from holdfast.core.scope import NIL
from holdfast.domains.audit import queries
from holdfast.domains.audit.models import AuditEvent, AuditReport, Checkpoint, Fault, Seal
from holdfast.domains.audit.sealing import BATCH, ENTRY, GENESIS, seal_hash, seal_of

MOST_FAULTS = 100
LATE = timedelta(hours=1)
"""A line is in the database so soon after it was made, however long its transaction took."""

_END = 2**63 - 1
_LAST_ID = UUID(int=2**128 - 1)
_SEALS_AT_ONCE = 8

Place = tuple[int, UUID]


class _Chain:
    """Where the verification stands, and what it has found."""

    def __init__(self, tx: Transaction, key: bytes | None) -> None:
        assert tx.scope.tenant_id is not None, "a trail belongs to a tenant, or to the store itself"
        self.tx = tx
        self.key = key
        self.tenant_id = tx.scope.tenant_id
        self.place: Place = (0, NIL)
        self.rows = self.events = self.seals = 0
        self.previous = GENESIS
        self.sealed_at = EPOCH
        self.oldest_unsealed: datetime | None = None
        self.unvouched: list[int] = []
        """Seals made without the key, that none made with it stands above."""
        self.anchored = self.plain_allowed = key is None
        self.latest: dict[UUID, datetime] = {}
        self.faults: list[Fault] = []
        self.missing: dict[UUID, int] = {}
        self.extra: dict[UUID, int] = {}

    def fault(self, why: str, *, event_id: UUID | None = None, seal: int | None = None) -> None:
        if len(self.faults) < MOST_FAULTS:
            self.faults.append(Fault(why=why, event_id=event_id, seal=seal))

    def lines_through(self, place: Place) -> Iterator[AuditEvent]:
        """The lines beyond the last place, up to `place`, each checked against its own code."""
        while True:
            where = {"after_position": self.place[0], "after_id": self.place[1]}
            where |= {"through_position": place[0], "through_id": place[1], "limit": BATCH}
            found = self.tx.all(queries.events_between, where)
            for line in found:
                self.rows += 1
                self.place = (line.position, line.id)
                self._check_code(line)
                self._check_once(line)
                yield line
            if len(found) < BATCH:
                return

    def _check_code(self, line: AuditEvent) -> None:
        """Lines under a seal that was made before there was a key ring have plain digests; all others must be keyed."""
        key = None if self.plain_allowed else self.key
        if line.mac != trail.code(key, _said(self.tenant_id, line)):
            self.fault("changed: the line does not say what its code was made over", event_id=line.id)

    def _check_once(self, line: AuditEvent) -> None:
        """A copy of a true line in another place. Lines are sealed soon, so those of some hours are remembered."""
        if line.id in self.latest:
            self.fault("inserted: the line stands in the trail twice", event_id=line.id)
        elif line.at < self.sealed_at - LATE:
            self.fault("inserted: the line is older than the seal before it", event_id=line.id)
        self.latest[line.id] = line.at
        while len(self.latest) > 1 and line.at - next(iter(self.latest.values())) > 2 * LATE:
            self.latest.pop(next(iter(self.latest)))


def verify(tx: Transaction, key: bytes | None, checkpoint: Checkpoint | None) -> AuditReport:
    """Check the scope's whole trail, and that it still holds what `checkpoint` (its signature checked) knows."""
    chain = _Chain(tx, key)
    known = checkpoint is None
    number = 0
    while True:
        found = tx.all(queries.seals_after, {"after_number": number, "limit": _SEALS_AT_ONCE})
        for seal, entries, previous in map(seal_of, found):
            _check_seal(chain, seal, entries, previous, expected=number + 1)
            _check_lines(chain, seal, entries)
            chain.sealed_at = seal.sealed_at
            number = seal.number
            if checkpoint is not None and seal.number == checkpoint.number:
                known = seal.hash == checkpoint.hash
        if len(found) < _SEALS_AT_ONCE:
            break
    sealed = chain.rows
    chain.plain_allowed = key is None
    for line in chain.lines_through((_END, _LAST_ID)):
        chain.oldest_unsealed = min(line.at, chain.oldest_unsealed or line.at)
    _name_moved(chain)
    for plain in chain.unvouched:
        chain.fault("changed: the seal was not made with this store's key", seal=plain)
    if checkpoint is not None and not known:
        chain.fault(_cut_off(checkpoint, number), seal=checkpoint.number)
    return AuditReport(
        rows=chain.rows,
        sealed=sealed,
        seals=chain.seals,
        keyed=key is not None,
        oldest_unsealed=chain.oldest_unsealed,
        faults=tuple(chain.faults),
    )


def _check_seal(chain: _Chain, seal: Seal, entries: bytes, previous: str, *, expected: int) -> None:
    chain.seals += 1
    chain.events += len(entries) // ENTRY
    if seal.number != expected:
        chain.fault(f"missing: seal {expected} is gone", seal=expected)
    elif previous != chain.previous:
        chain.fault("changed: the seal does not continue the one before it", seal=seal.number)
    said = (chain.tenant_id, seal.number, seal.events, entries, previous, seal.sealed_at)
    chain.plain_allowed = chain.key is None
    if seal.hash == seal_hash(chain.key, *said):
        chain.unvouched.clear()  # its hash is over theirs
        chain.anchored = True
    elif not chain.anchored and seal.hash == seal_hash(None, *said):
        chain.unvouched.append(seal.number)
        chain.plain_allowed = True
    else:
        chain.fault("changed: the seal is not what its hash was made over", seal=seal.number)
    chain.previous = seal.hash


def _check_lines(chain: _Chain, seal: Seal, entries: bytes) -> None:
    """Compare a seal's entries with the lines at their places."""
    expected = [
        (UUID(bytes=entries[at : at + 16]), entries[at + 16 : at + ENTRY].hex()) for at in range(0, len(entries), ENTRY)
    ]
    codes = dict(expected)
    found: list[UUID] = []
    for line in chain.lines_through((seal.through_position, seal.through_id)):
        if line.id not in codes:
            chain.extra[line.id] = seal.number
        else:
            found.append(line.id)
            if line.mac != codes[line.id]:
                chain.fault("changed: another code was sealed for the line", event_id=line.id, seal=seal.number)
    chain.place = max(chain.place, (seal.through_position, seal.through_id))
    here = set(found)
    chain.missing |= {event_id: seal.number for event_id, _ in expected if event_id not in here}
    in_order = [event_id for event_id, _ in expected if event_id in here]
    _check_order(chain, found, in_order, seal.number)


def _check_order(chain: _Chain, found: Sequence[UUID], expected: Sequence[UUID], seal: int) -> None:
    wrong = next((is_ for is_, was in zip(found, expected, strict=False) if is_ != was), None)
    if wrong is not None:
        chain.fault("reordered: the line stands in another place than was sealed", event_id=wrong, seal=seal)


def _name_moved(chain: _Chain) -> None:
    """A line that is missing in one place and one too many in another was moved."""
    for event_id, seal in chain.missing.items():
        if event_id in chain.extra:
            chain.fault("reordered: the line was moved to another place", event_id=event_id, seal=seal)
        else:
            chain.fault("missing: the line was sealed and is gone", event_id=event_id, seal=seal)
    for event_id, seal in chain.extra.items():
        if event_id not in chain.missing:
            chain.fault("inserted: no seal knows the line, though its place is sealed", event_id=event_id, seal=seal)


def _cut_off(checkpoint: Checkpoint, number: int) -> str:
    moment = checkpoint.at.isoformat()
    if number < checkpoint.number:
        return f"cut off: the checkpoint of {moment} knows {checkpoint.events:,} lines; the chain ends at seal {number}"
    return f"exchanged: the checkpoint of {moment} knows another seal {checkpoint.number}"


_SAID = [name for name in AuditEvent.__dataclass_fields__ if name not in ("position", "mac")]


def _said(tenant_id: UUID, line: AuditEvent) -> list[object]:
    """What the code of a line is made over, in the order in which it was."""
    return [tenant_id, *[getattr(line, name) for name in _SAID]]
