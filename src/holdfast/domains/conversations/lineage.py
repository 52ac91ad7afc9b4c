"""Forks share their past: a conversation's messages are its own and, before those, its ancestors'."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from holdfast.core.database import Params, Query, Transaction
from holdfast.domains.conversations import message_queries, queries
from holdfast.domains.conversations.errors import ConversationNotFound, SeqOutOfRange
from holdfast.domains.conversations.models import Conversation, Message

_NO_END = 2**31 - 1


@dataclass(frozen=True)
class Segment:
    """The messages `after < seq <= through` of one conversation."""

    conversation_id: UUID
    after: int
    through: int


def find(tx: Transaction, conversation_id: UUID, *, even_deleted: bool = False) -> Conversation:
    """A conversation within reach. Raises `ConversationNotFound`."""
    query = queries.conversation_even_deleted if even_deleted else queries.conversation
    return found_in(tx, conversation_id, tx.all(query, {"conversation_id": conversation_id}))


def find_with(
    tx: Transaction, conversation_id: UUID, *asked: tuple[Query[Any], Params]
) -> tuple[Conversation, list[list[Any]]]:
    """A conversation within reach, and the rows of queries about it: on a server one round trip for all. Raises
    `ConversationNotFound`.
    """
    place = {"conversation_id": conversation_id}
    rows, *others = tx.together(
        (queries.conversation, place), *((query, {**params, **place}) for query, params in asked)
    )
    return found_in(tx, conversation_id, rows), others


def found_in(tx: Transaction, conversation_id: UUID, rows: list[Conversation]) -> Conversation:
    """The conversation that was looked for, when it is among `rows`. Raises `ConversationNotFound`."""
    if not rows:
        raise ConversationNotFound(conversation_id)
    tx.saw("conversation", rows[0].id, owner=rows[0].owner_id)
    return rows[0]


def segments(tx: Transaction, conversation: Conversation) -> Iterator[Segment]:
    """Where a conversation's messages are, newest part first. One statement for each ancestor that is reached."""
    through = conversation.message_count
    while conversation.parent_id is not None and conversation.forked_at is not None:
        if through > conversation.forked_at:
            yield Segment(conversation.id, conversation.forked_at, through)
        through = min(through, conversation.forked_at)
        conversation = find(tx, conversation.parent_id, even_deleted=True)
    yield Segment(conversation.id, 0, through)


def own_last(count: int) -> tuple[Query[Any], Params]:
    """The newest `count` messages that a conversation has itself, newest first: to be asked for with it."""
    return message_queries.last_messages, {"after": 0, "through": _NO_END, "limit": count}


def last(tx: Transaction, conversation: Conversation, own: list[Message], count: int) -> list[Message]:
    """The newest `count` messages, oldest first. `own` are those of `own_last`; a fork's ancestors have the others."""
    found = list(own)
    if conversation.parent_id is not None and len(found) < count:
        found += _inherited(tx, conversation, count - len(found))
    found.reverse()
    return found


def _inherited(tx: Transaction, fork: Conversation, count: int) -> list[Message]:
    found: list[Message] = []
    for segment in segments(tx, fork):
        if segment.conversation_id == fork.id:
            continue
        found += tx.all(message_queries.last_messages, {**_range(segment), "limit": count - len(found)})
        if len(found) >= count:
            break
    return found


def forwards(
    tx: Transaction,
    conversation: Conversation,
    query: Query[Message],
    *,
    after: int,
    limit: int,
    params: Params | None = None,
) -> list[Message]:
    """Up to `limit` messages beyond `after` that `query` selects, oldest first."""
    found: list[Message] = []
    for segment in reversed(list(segments(tx, conversation))):
        place = _range(segment) | {"after": max(after, segment.after)}
        found += tx.all(query, {**(params or {}), **place, "limit": limit - len(found)})
        if len(found) >= limit:
            break
    return found


def segment_of(tx: Transaction, conversation: Conversation, seq: int) -> Segment:
    """The segment that holds message `seq`."""
    return next(segment for segment in segments(tx, conversation) if segment.after < seq)


def _range(segment: Segment) -> dict[str, object]:
    return {"conversation_id": segment.conversation_id, "after": segment.after, "through": segment.through}


def check_seq(field: str, seq: int, conversation: Conversation, *, most: int | None = None) -> int:
    """`seq`, when it is a message of the conversation, and not beyond `most`. Raises `SeqOutOfRange`."""
    end = conversation.message_count if most is None else most
    if isinstance(seq, bool) or not isinstance(seq, int) or not 1 <= seq <= end:
        raise SeqOutOfRange(field, seq, end)
    return seq


def is_shown(tx: Transaction, conversation_id: UUID, seq: int) -> bool:
    """Whether a message is in a conversation that is not deleted: its own, or a fork that shares it."""
    place = {"conversation_id": conversation_id}
    found = tx.first(queries.conversation, place)
    if found is not None:
        tx.saw("conversation", found.id, owner=found.owner_id)
        return True
    sharing = [fork for fork in tx.all(queries.forks_of, place) if fork.forked_at is not None and fork.forked_at >= seq]
    return any(is_shown(tx, fork.id, seq) for fork in sharing)
