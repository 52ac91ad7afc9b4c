"""Appending: the one way a message gets into the log, alone or many at a time."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from holdfast.core.database import Params, Procedure, Together, Transaction
from holdfast.core.trail import insert_event
from holdfast.domains.conversations import append_queries, indexing
from holdfast.domains.conversations.chain import link
from holdfast.domains.conversations.drafts import Draft
from holdfast.domains.conversations.errors import (
    ConversationNotActive,
    ConversationNotFound,
)
from holdfast.domains.conversations.models import Message

_NO_ROW = (None,) * 8


def _steps(tx: Transaction, params: Params) -> Sequence[Any]:
    """What append_message does on a server: lock, replay or refuse, advance, insert, record, note for the index.

    Who appended last in this process knows the end of the log already. It goes on from there if the conversation is
    still as it was, which the update itself checks, and looks again if it is not.
    """
    key = (tx.scope.actor_id, params["conversation_id"])
    seen = tx.seen.get(key) if params["request_id"] is None else None
    if seen is not None:
        row = _next_row(tx, params, *seen)
        if tx.run(append_queries.advance_if_unchanged, row) == 1:
            return _insert(tx, key, row)
    held = tx.first(append_queries.lock_conversation, params)
    if held is None or held[0] == "DELETED":
        return ("DELETED", *_NO_ROW)
    status, count, head, last_message_at, _workspace, indexed_through = held
    if params["request_id"] is not None:
        first = tx.first(append_queries.message_by_request, params)
        if first is not None:
            return first
    if status != "ACTIVE":
        return (status, *_NO_ROW)
    row = _next_row(tx, params, count, head, last_message_at, indexed_through)
    tx.run(append_queries.advance_conversation, row)
    return _insert(tx, key, row)


def _next_row(
    tx: Transaction, params: Params, count: int, head: str, last_message_at: datetime | None, indexed_through: int
) -> dict[str, Any]:
    """The message's row, and what its conversation becomes."""
    seq, moment = count + 1, max(params["created_at"], last_message_at or params["created_at"])
    row = {**params, "seq": seq, "seen_count": count, "created_at": moment, "moment": moment, "previous": head}
    row["new_head"] = link(head, seq, params["id"], params["role"], moment, params["digest"])
    row["owner_id"] = tx.scope.actor_id
    row["indexed_through"] = indexed_through
    return row


def _insert(tx: Transaction, key: object, row: dict[str, Any]) -> Sequence[Any]:
    tx.run(append_queries.insert_message, row)
    tx.run(insert_event, row)
    if row["seen_count"] == row["indexed_through"]:  # the first beyond what is indexed
        tx.run(append_queries.queue_for_index, row)
    tx.seen[key] = (row["seq"], row["new_head"], row["moment"], row["indexed_through"])
    return ("ACTIVE", row["id"], row["seq"], None, None, None, row["moment"], row["digest"], row["previous"])


def _owner(tx: Transaction, conversation_id: UUID) -> UUID:
    if tx.scope.actor_id is None:
        raise ConversationNotFound(conversation_id)  # the operator has no conversations
    return tx.scope.actor_id


def _result(row: Sequence[Any], params: Params) -> Message:
    outcome = row[0]
    if outcome == "DELETED":
        raise ConversationNotFound(params["conversation_id"])
    if outcome not in ("ACTIVE", "REPLAYED"):
        raise ConversationNotActive(params["conversation_id"], outcome)
    replayed = outcome == "REPLAYED"
    said = row[3:6] if replayed else (params["content"], params["parts"], params["metadata"])
    message = object.__new__(Message)  # its __init__ costs more than reading the row
    message.__dict__.update(
        id=row[1],
        conversation_id=params["conversation_id"],
        seq=row[2],
        role=params["role"],
        content=said[0],
        parts=said[1],
        metadata=said[2],
        request_id=params["request_id"],
        created_at=row[6],
        digest=row[7],
        previous=row[8],
        replayed=replayed,
    )
    return message


def _own_row(found: Sequence[Any], params: Params) -> Sequence[Any]:
    _place, seq, created_at, previous = found
    return ("ACTIVE", params["id"], seq, None, None, None, created_at, params["digest"], previous)


append_message = Procedure(
    name="append_message",
    query=append_queries.append_on_server,
    steps=_steps,
    result=_result,
    together=Together(
        query=append_queries.append_together_on_server,
        names=append_queries.APPENDED,
        apart="conversation_id",
        row=_own_row,
    ),
)


class _Log:
    """The end of a conversation's log while drafts are being added to it, under its row lock."""

    def __init__(self, tx: Transaction, conversation_id: UUID, *, original_times: bool) -> None:
        held = tx.first(append_queries.lock_conversation, {"conversation_id": conversation_id})
        if held is None or held[0] == "DELETED":
            raise ConversationNotFound(conversation_id)
        self.status, self.count, self.head, self.latest, self._workspace_id, indexed_through = held
        self._was_indexed = self.count == indexed_through
        self._same: dict[str, Any] = {"conversation_id": conversation_id, "owner_id": tx.scope.actor_id}
        self._original_times = original_times
        self.rows: list[dict[str, Any]] = []

    def add(self, draft: Draft) -> Message:
        if self.status != "ACTIVE":
            raise ConversationNotActive(self._same["conversation_id"], self.status)
        seq, moment = self.count + 1, self._moment(draft["created_at"])
        row = {**draft, **self._same, "seq": seq, "created_at": moment, "previous": self.head}
        self.rows.append(row)
        self.count = seq
        self.head = link(self.head, seq, draft["id"], draft["role"], moment, draft["digest"])
        return _result(("ACTIVE", row["id"], seq, None, None, None, moment, row["digest"], row["previous"]), row)

    def _moment(self, created_at: datetime) -> datetime:
        latest = max(created_at, self.latest or created_at)
        self.latest = latest
        return created_at if self._original_times else latest

    def write(self, tx: Transaction) -> None:
        """Store the rows; index them at once, unless earlier messages wait for the index."""
        previous = self.rows[-1]["previous"]
        end = {**self._same, "seq": self.count, "new_head": self.head, "previous": previous, "moment": self.latest}
        tx.many(append_queries.insert_message, self.rows)
        tx.run(append_queries.advance_conversation, end)
        if self._was_indexed:
            conversation_id: UUID = self._same["conversation_id"]
            owner_id = _owner(tx, conversation_id)
            indexing.add(tx, self.rows, indexing.marks_in(tx, owner_id, conversation_id, self._workspace_id))
            tx.run(append_queries.mark_indexed, {"ids": [conversation_id]})


def append_all(
    tx: Transaction, conversation_id: UUID, drafts: Sequence[Draft], *, imported: bool = False
) -> list[Message]:
    """Append drafts under one lock: the messages, in order, replayed ones among them.

    Four statements however many there are, and one more for each `request_id`. `imported` drafts keep their original
    times and are known not to be there yet.
    """
    log = _Log(tx, conversation_id, original_times=imported)
    known = {} if imported else _known(tx, conversation_id, drafts)
    said: list[Message] = []
    for draft in drafts:
        key = (draft["request_id"], draft["role"])
        message = known.get(key) or log.add(draft)
        said.append(message)
        if draft["request_id"] is not None:
            known[key] = replace(message, replayed=True)
    if log.rows:
        log.write(tx)
        added = {"messages": len(log.rows), "through": log.count}
        tx.record("conversation", conversation_id, owner=tx.scope.actor_id, **added)
    else:
        tx.unchanged()
    return said


def _known(tx: Transaction, conversation_id: UUID, drafts: Sequence[Draft]) -> dict[tuple[str | None, str], Message]:
    """The messages already there for the drafts' request ids."""
    found = {}
    for draft in drafts:
        if draft["request_id"] is not None:
            params = {**draft, "conversation_id": conversation_id}
            row = tx.first(append_queries.message_by_request, params)
            if row is not None:
                found[draft["request_id"], draft["role"]] = _result(row, params)
    return found
