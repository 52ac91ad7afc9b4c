"""Reading memory."""

from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from holdfast.core.action import Actions, action
from holdfast.core.clock import as_utc, now
from holdfast.core.database import Transaction, Work
from holdfast.core.errors import NotGranted
from holdfast.core.ids import as_id
from holdfast.core.pages import Page, check_limit
from holdfast.core.policy import allow
from holdfast.domains.conversations.errors import MessageNotFound
from holdfast.domains.conversations.message_reads import find_message
from holdfast.domains.conversations.models import Message
from holdfast.domains.memory import cursors, queries
from holdfast.domains.memory.checks import check_key
from holdfast.domains.memory.confidence import combined
from holdfast.domains.memory.errors import FactNotFound
from holdfast.domains.memory.models import Confirmation, Fact, Unseen, Why
from holdfast.domains.memory.places import About
from holdfast.domains.memory.proposing import check_extractor, unseen
from holdfast.domains.memory.remembering import found
from holdfast.domains.memory.stored import Statement, Stored

StoredList = list[Stored]
"""Named here because the class has a method called `list`."""


class MemoryReads(Actions):
    """What can be read of memory; see `Memory`. Every read is about the actor unless a workspace or a user is named."""

    @action("memory.read", writes=False, on="user")
    def fact(self, key: str, *, workspace: UUID | str | None = None, user: UUID | str | None = None) -> Work[Fact]:
        """What holds now under a key. Raises `FactNotFound`."""
        about, asked = self._about(user, workspace), {"key": check_key(key), "moment": now()}

        def work(tx: Transaction) -> Fact:
            about.check(tx, writing=False)
            stored = tx.first(queries.current, {**asked, "about_id": about.id})
            if stored is None:
                raise FactNotFound(key)
            about.saw(tx)
            return stored.fact()

        return work

    @action("memory.read", writes=False, on="user")
    def list(
        self,
        *,
        workspace: UUID | str | None = None,
        user: UUID | str | None = None,
        limit: int = 50,
        cursor: str | None = None,
    ) -> Work[Page[Fact]]:
        """A page of what holds now, the newest recorded first. One indexed statement. Raises `InvalidCursor`."""
        about = self._about(user, workspace)
        question = ("memory.list", self.scope.tenant_id, self.scope.actor_id, about)
        params: dict[str, Any] = {
            "about_id": about.id,
            "moment": now(),
            "limit": check_limit(limit, self.settings.page) + 1,
        }
        if cursor is not None:
            params |= cursors.place_of_current(question, cursor)
        query = queries.page_of_current(after=cursor is not None)

        def work(tx: Transaction) -> Page[Fact]:
            about.check(tx, writing=False)
            about.saw(tx)
            return cursors.page_of_current(tx.all(query, params), limit, question)

        return work

    @action("memory.read", writes=False, on="user")
    def count(self, *, workspace: UUID | str | None = None, user: UUID | str | None = None) -> Work[int]:
        """How many facts hold now, exactly."""
        about, moment = self._about(user, workspace), now()

        def work(tx: Transaction) -> int:
            about.check(tx, writing=False)
            about.saw(tx)
            ((held,),) = tx.all(queries.count, {"about_id": about.id, "moment": moment})
            return int(held)

        return work

    @action("memory.read", writes=False, on="user")
    def history(
        self,
        key: str,
        *,
        workspace: UUID | str | None = None,
        user: UUID | str | None = None,
        limit: int = 50,
        cursor: str | None = None,
    ) -> Work[Page[Fact]]:
        """A page of every version of a key, the latest to begin first; empty where nothing is remembered under it.

        `valid_to` is when each ceased to hold: its own end, or the next one's beginning.
        """
        about, name = self._about(user, workspace), check_key(key)
        question = ("memory.history", self.scope.tenant_id, self.scope.actor_id, about, name)
        params: dict[str, Any] = {
            "about_id": about.id,
            "key": name,
            "limit": check_limit(limit, self.settings.page) + 1,
        }
        if cursor is not None:
            params |= cursors.place_of_history(question, cursor)
        query = queries.page_of_history(after=cursor is not None)

        def work(tx: Transaction) -> Page[Fact]:
            about.check(tx, writing=False)
            about.saw(tx)
            rows = _followed(tx.all(query, params), params.get("after_time"))
            return cursors.page_of_history(rows, limit, question)

        return work

    @action("memory.read", writes=False, on="user")
    def as_of(
        self,
        moment: datetime,
        key: str | None = None,
        *,
        known_at: datetime | None = None,
        workspace: UUID | str | None = None,
        user: UUID | str | None = None,
        limit: int = 50,
        cursor: str | None = None,
    ) -> Work[Page[Fact]]:
        """A page of what held at `moment`, by key; of one `key`, one fact or none.

        As it is known now, or, with `known_at`, as it was known then: without what was recorded later, and with the
        confidence that the sources of that time gave.
        """
        about = self._about(user, workspace)
        params: dict[str, Any] = {
            "about_id": about.id,
            "moment": as_utc(moment, field="moment"),
            "known_at": now() if known_at is None else as_utc(known_at, field="known_at"),
            "key": None if key is None else check_key(key),
            "limit": check_limit(limit, self.settings.page) + 1,
        }
        asked = (params["moment"], known_at and params["known_at"], params["key"])
        question = ("memory.as_of", self.scope.tenant_id, self.scope.actor_id, about, *asked)
        if cursor is not None:
            params |= cursors.place_by_key(question, cursor)
        query = queries.page_as_of(key=key is not None, after=cursor is not None)

        def work(tx: Transaction) -> Page[Fact]:
            about.check(tx, writing=False)
            about.saw(tx)
            rows = tx.all(query, params)
            if known_at is not None:
                rows = [_as_known(tx, row, params["known_at"]) for row in rows]
            return cursors.page_by_key(rows, limit, question)

        return work

    @action("memory.read", writes=False, on="fact_id")
    def why(self, fact_id: UUID | str) -> Work[Why]:
        """Why a fact, or a former version of one, is believed: every statement, with the message where there is one.

        Raises `FactNotFound`.
        """
        wanted = as_id(fact_id, field="fact_id")

        def work(tx: Transaction) -> Why:
            stored = _readable(tx, wanted)
            statements = tx.all(queries.statements_of, {"fact_id": wanted})
            return Why(fact=stored.fact(), confirmations=tuple(_confirmation(tx, one) for one in statements))

        return work

    @action("memory.read", writes=False, on="conversation")
    def unseen(self, conversation: UUID | str, *, extractor: str, limit: int = 200) -> Work[Unseen]:
        """The next messages of a conversation that an extractor of this name has not looked at, oldest first.

        What `propose` shows it. Raises `ConversationNotFound`; `NotGranted` for an API key that reads no conversations.
        """
        allow(self.scope, "conversations.read", writes=False)
        conversation_id, name = as_id(conversation, field="conversation"), check_extractor(extractor)
        check_limit(limit, self.settings.page)
        return lambda tx: unseen(tx, conversation_id, name, limit)

    def _about(self, user: UUID | str | None, workspace: UUID | str | None) -> About:
        return About.given(self.scope, user=user, workspace=workspace)


def _readable(tx: Transaction, fact_id: UUID) -> Stored:
    """A fact that the scope may read; what closes a workspace to it is no fact. Raises `FactNotFound`."""
    stored = found(tx, fact_id)
    About.of(stored).check(tx, writing=False)
    About.of(stored).saw(tx)
    return stored


def _followed(rows: StoredList, newer: datetime | None) -> StoredList:
    """Versions, the latest first, each with when the one after it begins."""
    made = []
    for row in rows:
        made.append(replace(row, followed_at=newer))
        newer = row.valid_from
    return made


def _as_known(tx: Transaction, row: Stored, known_at: datetime) -> Stored:
    statements = [one for one in tx.all(queries.statements_of, {"fact_id": row.id}) if one.recorded_at <= known_at]
    superseded = row.superseded_at is not None and row.superseded_at <= known_at
    return replace(row, confidence=combined(statements), superseded_at=row.superseded_at if superseded else None)


def _confirmation(tx: Transaction, statement: Statement) -> Confirmation:
    return Confirmation(
        source=statement.source,
        said_by=statement.said_by,
        extractor=statement.extractor,
        confidence=statement.confidence,
        recorded_by=statement.recorded_by,
        recorded_at=statement.recorded_at,
        message=_message(tx, statement.source),
    )


def _message(tx: Transaction, source: UUID | None) -> Message | None:
    try:
        allow(tx.scope, "conversations.read", writes=False)
        return None if source is None else find_message(tx, source)
    except (MessageNotFound, NotGranted):
        return None
