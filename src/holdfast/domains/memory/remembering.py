"""Remembering: where a new version goes in the history of its key, and when it is a source more for a known one.

A version holds from `valid_from` until the next begins, or its own `valid_to`. What is said to hold from before the
current version began goes in among the earlier ones and changes nothing now; anything else takes the current one's
place, whatever their confidences: the newest wins.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from holdfast.core.clock import EPOCH, now
from holdfast.core.database import Transaction
from holdfast.core.database.types import dump_json
from holdfast.core.ids import new_id
from holdfast.domains.conversations.message_reads import find_message
from holdfast.domains.memory import indexing, queries
from holdfast.domains.memory.confidence import combined
from holdfast.domains.memory.errors import FactNotFound, RequestIdTaken
from holdfast.domains.memory.places import About
from holdfast.domains.memory.stored import Statement, Stored


@dataclass(frozen=True, kw_only=True)
class Said:
    """What is to be remembered, checked. Without `valid_from` it holds from now on."""

    key: str
    value: object
    confidence: float
    source: UUID | None = None
    said_by: str | None = None
    extractor: str | None = None
    valid_from: datetime | None = None
    valid_to: datetime | None = None
    sensitive: bool = False
    request_id: str | None = None
    recorded_by: UUID


def remember(tx: Transaction, about: About, said: Said) -> Stored:
    """The version that says so now: a new one, or a known one with a source more.

    Four to seven statements, and those of the text index. Raises what `About.check` raises, and `MessageNotFound`
    for a source that the scope may not read.
    """
    about.check(tx, writing=True)
    if said.source is not None and said.said_by is None:
        said = _said_by_its_author(tx, said, said.source)
    place = {"about_id": about.id, "key": said.key}
    tx.all(queries.wait_for_turn, {"turn": f"facts {about.id}"})
    if said.request_id is not None:
        tx.all(queries.wait_for_turn, {"turn": f"fact request {said.recorded_by} {said.request_id}"})
        known = tx.first(queries.by_request, {"request_id": said.request_id})
        if known is not None:
            tx.unchanged()
            return _same_request(tx, about, known[0], said.request_id)
    current = tx.first(queries.newest, place)
    if current is not None and said.sensitive and not current.sensitive:
        _seal_history(tx, place)
        current = tx.first(queries.newest, place)
    begins = said.valid_from or max(now(), EPOCH if current is None else current.valid_from)
    holding = _holding(tx, place, current, begins)
    if holding is not None and _is_confirmed(holding, said):
        return _confirm(tx, holding, said)
    return _add(tx, about, said, current, begins)


def found(tx: Transaction, fact_id: UUID) -> Stored:
    """A version within reach; of a workspace a visitor knows none. Raises `FactNotFound`."""
    stored = tx.first(queries.fact_by_id, {"fact_id": fact_id})
    if stored is None or (stored.workspace_id is not None and tx.scope.role == "visitor"):
        raise FactNotFound(fact_id)
    return stored


def _same_request(tx: Transaction, about: About, fact_id: UUID, request_id: str) -> Stored:
    """What a request gave the first time. Raises `RequestIdTaken` when that was about somebody else."""
    first = found(tx, fact_id)
    if first.about_id != about.id:
        raise RequestIdTaken(request_id)
    return first


def _said_by_its_author(tx: Transaction, said: Said, source: UUID) -> Said:
    return replace(said, said_by=find_message(tx, source).role)


def _holding(tx: Transaction, place: dict[str, object], current: Stored | None, begins: datetime) -> Stored | None:
    """The version that holds when the new one would begin."""
    if current is not None and current.valid_from > begins:
        current = tx.first(queries.begun_by, {**place, "moment": begins})
    if current is None or (current.valid_to is not None and current.valid_to <= begins):
        return None
    return current


def _is_confirmed(holding: Stored, said: Said) -> bool:
    """Whether it is the same fact. Another end makes it another version; none given says nothing of the end."""
    return said.valid_to in (None, holding.valid_to) and holding.says(said.value)


def _confirm(tx: Transaction, holding: Stored, said: Said) -> Stored:
    """A source more. The same one again, no surer than before, changes nothing."""
    statements = tx.all(queries.statements_of, {"fact_id": holding.id})
    added = _statement(said, len(statements) + 1, max(now(), holding.recorded_at))
    known = [one.confidence for one in statements if one.speaker == added.speaker]
    if known and said.confidence <= max(known) and said.request_id is None:
        tx.unchanged()
        return holding
    tx.run(queries.insert_statement, _row(holding.id, added, said))
    confidence = combined([*statements, added])
    tx.run(queries.set_confidence, {"fact_id": holding.id, "new_confidence": confidence})
    record(tx, About.of(holding), holding.id, confirmed=True)
    return replace(holding, confidence=confidence)


def _add(tx: Transaction, about: About, said: Said, current: Stored | None, begins: datetime) -> Stored:
    """A new version, in its place."""
    place = {"about_id": about.id, "key": said.key}
    version, recorded = 0, EPOCH
    if current is not None:
        ((version, recorded),) = tx.all(queries.last_recorded, place)
    moment = max(now(), recorded)
    is_current = current is None or begins >= current.valid_from
    sealed = said.sensitive or (current is not None and current.sensitive)
    made = Stored(
        id=new_id(),
        owner_id=about.user_id,
        workspace_id=about.workspace_id,
        key=said.key,
        version=version + 1,
        value=None if sealed else said.value,
        sealed=dump_json(said.value) if sealed else None,
        confidence=said.confidence,
        source=said.source,
        said_by=said.said_by,
        valid_from=begins,
        valid_to=said.valid_to,
        recorded_by=said.recorded_by,
        recorded_at=moment,
        superseded_at=None if is_current else moment,
    )
    if is_current and current is not None:
        tx.run(queries.supersede, {"fact_id": current.id, "moment": moment})
        indexing.remove(tx, [current.id])
    row = {name: value for name, value in made.__dict__.items() if name != "followed_at"}
    tx.run(queries.insert_fact, {**row, "about_id": about.id})
    tx.run(queries.insert_statement, _row(made.id, _statement(said, 1, moment), said))
    if is_current:
        indexing.put(tx, made)
    record(tx, about, made.id, version=made.version)
    return made


def _seal_history(tx: Transaction, place: dict[str, object]) -> None:
    """What was in the clear under a key is sealed, every version, and found by its words no more."""
    for stored in tx.all(queries.unsealed, place):
        tx.run(queries.seal, {"id": stored.id, "new_sealed": dump_json(stored.value)})
        indexing.remove(tx, [stored.id])


def _statement(said: Said, number: int, moment: datetime) -> Statement:
    return Statement(
        number=number,
        source=said.source,
        said_by=said.said_by,
        extractor=said.extractor,
        confidence=said.confidence,
        recorded_by=said.recorded_by,
        recorded_at=moment,
    )


def _row(fact_id: UUID, statement: Statement, said: Said) -> dict[str, object]:
    return {"fact_id": fact_id, "request_id": said.request_id, **statement.__dict__}


def record(tx: Transaction, about: About, fact_id: UUID, **details: int) -> None:
    """The line in the trail: ids and numbers. A key can be personal too, and the trail outlives the fact."""
    where = {} if about.workspace_id is None else {"workspace": str(about.workspace_id)}
    tx.record("fact", fact_id, owner=about.user_id, tenant_id=None, **where, **details)
