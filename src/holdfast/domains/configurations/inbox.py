"""The inbox: what happened to configurations and requests that concerns the reader."""

from dataclasses import asdict
from typing import Any
from uuid import UUID

from holdfast.core.action import action
from holdfast.core.clock import now
from holdfast.core.database import Transaction, Work
from holdfast.core.ids import as_id
from holdfast.core.pages import Page, check_limit
from holdfast.domains.configurations import review_queries as queries
from holdfast.domains.configurations.addresses import Address
from holdfast.domains.configurations.models import Notification
from holdfast.domains.configurations.requests import cursor_behind, place_behind
from holdfast.domains.configurations.review_queries import StoredNotification
from holdfast.domains.configurations.reviewing import Reviewing

_NEWEST = UUID(int=2**128 - 1)


class Inbox(Reviewing):
    """What a person is told; see `Configurations`."""

    @action("configurations.inbox", writes=False)
    def inbox(self, *, unread: bool = False, limit: int = 50, cursor: str | None = None) -> Work[Page[Notification]]:
        """A page of what concerns the actor, the newest first; only what is unread, if wanted. One statement.

        The same is announced as it happens, in `audit.events` and over HTTP in `/v1/events`. Raises `InvalidCursor`.
        """
        question = ("configurations.inbox", self.scope.tenant_id, self.scope.actor_id, unread)
        params: dict[str, Any] = {"limit": check_limit(limit, self.settings.page) + 1}
        if cursor is not None:
            params["before_id"] = place_behind(question, cursor)
        query = queries.inbox(unread=bool(unread), before=cursor is not None)

        def work(tx: Transaction) -> Page[Notification]:
            rows = tx.all(query, params)
            items = tuple(_notification(row) for row in rows[:limit])
            return Page(items=items, next=cursor_behind(question, items[-1].id) if len(rows) > limit else None)

        return work

    @action("configurations.inbox", writes=True)
    def mark_read(self, through: UUID | str | None = None) -> Work[int]:
        """Mark as read what is in the inbox, up to a notification or all of it: how many were unread."""
        last = _NEWEST if through is None else as_id(through, field="through")

        def work(tx: Transaction) -> int:
            count = tx.run(queries.mark_read, {"through": last, "moment": now()})
            if count == 0:
                tx.unchanged()
            else:
                tx.record("inbox", read=count)
            return count

        return work


def _notification(row: StoredNotification) -> Notification:
    told = asdict(row)
    address = Address(told.pop("vendor"), told.pop("standard"), told.pop("name"))
    return Notification(address=address.text, **told)
