"""Proposing: what an extractor finds in new messages is checked, dated, remembered and explained.

The extractor is asked outside any transaction: it may be a model far away. How far each one has looked at a
conversation is kept, so that it is shown every message once; when it fails, it is shown them again.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Protocol
from uuid import UUID

from holdfast.core.clock import now
from holdfast.core.database import Transaction
from holdfast.core.errors import HoldfastError, InvalidInput
from holdfast.core.inputs import check_name
from holdfast.core.settings import Settings
from holdfast.domains.conversations import Conversation, Message, lineage, message_queries
from holdfast.domains.memory import queries
from holdfast.domains.memory.checks import check_said
from holdfast.domains.memory.models import Candidate, Proposal, RefusedCandidate, Unseen
from holdfast.domains.memory.places import About
from holdfast.domains.memory.remembering import Said, remember

NAME_CHARS = 200


class Extractor(Protocol):
    """Draws facts out of messages. `name` says which, and which version: another name starts from the beginning."""

    name: str

    def extract(self, messages: Sequence[Message]) -> Iterable[Candidate]:
        """The facts that stand in the messages, oldest first."""
        ...


class Proposes(Protocol):
    """What proposing needs of a memory, here or at a server."""

    def unseen(self, conversation: UUID | str, *, extractor: str, limit: int = 200) -> Unseen:
        """See `Memory.unseen`."""
        ...

    def accept(
        self, conversation: UUID | str, candidates: Sequence[Candidate], *, extractor: str, through: int
    ) -> Proposal:
        """See `Memory.accept`."""
        ...


def propose(memory: Proposes, conversation: UUID | str, extractor: Extractor, limit: int) -> Proposal:
    """See `Memory.propose`."""
    name = check_extractor(getattr(extractor, "name", None))
    found = memory.unseen(conversation, extractor=name, limit=limit)
    if not found.messages:
        return Proposal(facts=(), refused=(), through=found.through)
    candidates = list(extractor.extract(found.messages))
    return memory.accept(conversation, candidates, extractor=name, through=found.through)


def check_extractor(name: object) -> str:
    """The name of an extractor. Raises `InvalidInput`."""
    return check_name(name, field="extractor", most_chars=NAME_CHARS)


def unseen(tx: Transaction, conversation_id: UUID, extractor: str, limit: int) -> Unseen:
    """The next messages that an extractor has not looked at. Raises `ConversationNotFound`."""
    conversation = lineage.find(tx, conversation_id)
    after = _looked_through(tx, conversation_id, extractor)
    found = lineage.forwards(tx, conversation, message_queries.messages_after, after=after, limit=limit)
    through = found[-1].seq if found else after
    return Unseen(messages=tuple(found), through=through, more=through < conversation.message_count)


def accept(
    tx: Transaction,
    conversation_id: UUID,
    extractor: str,
    candidates: Sequence[Candidate],
    through: int,
    by: UUID,
    settings: Settings,
) -> Proposal:
    """Remember what passes the checks, and that the extractor has looked as far as `through`.

    A candidate that does not pass is refused by itself. The same one again is no source more: its message is one.
    """
    conversation = lineage.find(tx, conversation_id)
    lineage.check_seq("through", through, conversation)
    tx.all(queries.wait_for_turn, {"turn": f"extract {conversation_id} {extractor}"})
    about, facts, refused = About(user_id=conversation.owner_id), [], []
    for number, candidate in enumerate(candidates):
        try:
            said = _checked(tx, conversation, candidate, extractor, through, by, settings)
            facts.append(remember(tx, about, said).fact())
        except (InvalidInput, _NotInIt) as error:
            refused.append(RefusedCandidate(number=number, code=error.code, reason=str(error)))
    _move_cursor(tx, conversation_id, extractor, through)
    tx.changed = True
    tx.record("conversation", conversation_id, owner=conversation.owner_id, facts=len(facts), refused=len(refused))
    return Proposal(
        facts=tuple(facts),
        refused=tuple(refused),
        through=through,
        more=through < conversation.message_count,
    )


class _NotInIt(HoldfastError):
    """The source is no message that the extractor was shown."""

    code = "message_not_found"


def _checked(
    tx: Transaction,
    conversation: Conversation,
    candidate: Candidate,
    extractor: str,
    through: int,
    by: UUID,
    settings: Settings,
) -> Said:
    said = check_said(
        settings,
        key=candidate.key,
        value=candidate.value,
        confidence=candidate.confidence,
        source=candidate.source,
        said_by=None,
        valid_from=candidate.valid_from,
        valid_to=candidate.valid_to,
        sensitive=candidate.sensitive,
        recorded_by=by,
        extractor=extractor,
    )
    message = None if said.source is None else tx.first(message_queries.message, {"message_id": said.source})
    if message is None or message.seq > through or not _is_in(tx, conversation, message):
        raise _NotInIt(f"source: {said.source} is no message of this conversation up to {through}")
    begins = said.valid_from or min(message.created_at, now())
    return replace(said, said_by=message.role, valid_from=_before_its_end(begins, said.valid_to))


def _is_in(tx: Transaction, conversation: Conversation, message: Message) -> bool:
    parts = lineage.segments(tx, conversation)
    return any(part.conversation_id == message.conversation_id and message.seq <= part.through for part in parts)


def _before_its_end(begins: datetime, ends: datetime | None) -> datetime:
    if ends is not None and ends <= begins:
        raise InvalidInput(f"valid_to: {ends:%Y-%m-%dT%H:%M:%SZ} is not after it begins", field="valid_to")
    return begins


def _looked_through(tx: Transaction, conversation_id: UUID, extractor: str) -> int:
    row = tx.first(queries.looked_through, {"conversation_id": conversation_id, "extractor": extractor})
    return 0 if row is None else int(row[0])


def _move_cursor(tx: Transaction, conversation_id: UUID, extractor: str, through: int) -> None:
    """Forwards only: another may have been quicker."""
    moved = {
        "conversation_id": conversation_id,
        "extractor": extractor,
        "through": max(through, _looked_through(tx, conversation_id, extractor)),
        "moment": now(),
    }
    if not tx.run(queries.move_cursor, moved):
        tx.run(queries.insert_cursor, moved)
