"""Workflow automation for many firms: each a tenant, with workflows in an engine outside and visitors in a web chat.

The engine tells what happened, over and over and in any order; Holdfast keeps one run of it. What a workflow cannot
decide waits for a person, and whoever clicks first has decided.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from holdfast import Message, Store
from holdfast.domains.identity.models import Session, TenantProfile
from holdfast.domains.knowledge.models import Document, KnowledgeBase, Retrieval
from holdfast.domains.runs import Run, RunStatistics, Workflow
from holdfast.scopes import UserScope

ENDED = {"success": "success", "error": "error", "crashed": "error", "canceled": "cancelled"}
"""What the engine calls it, and what it is here."""
OPEN = {"new": "queued", "running": "running", "waiting": "waiting"}


@dataclass(frozen=True)
class Dashboard:
    """A week: how the runs went, and what waits for a person."""

    statistics: RunStatistics
    waiting: tuple[Run, ...]


class Automation:
    """The application. `person` comes from your log-in: `store.authenticate(token)`, or `store.tenant(…).user(…)`."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._root = store.system()

    def person(self, tenant: str, email: str, request_id: str | None = None) -> UserScope:
        """The scope of somebody who is logged in. Raises `TenantSuspended`, `MembershipSuspended`, `UserNotFound`."""
        return self._store.tenant(tenant).user(email, request_id=request_id)

    # workflows

    def add_workflow(self, me: UserScope, name: str, *, engine_id: str, category: str, **metadata: object) -> Workflow:
        """Take a workflow of the engine's into use. Raises `WorkflowExists` for one that the firm has already."""
        return me.runs.create_workflow(name, external_id=engine_id, category=category, metadata=metadata)

    def hear(self, me: UserScope, event: Mapping[str, Any]) -> Run:
        """The engine's webhook: `me` is the scope of its API key. Heard twice it changes nothing."""
        status = (ENDED | OPEN)[event["status"]]
        return me.runs.tell(
            event["workflowId"],
            event["executionId"],
            status=status,  # type: ignore[arg-type]  # one of the two tables above
            at=datetime.fromisoformat(event["at"]),
            input=event.get("data"),
            output=event.get("result"),
            error=event.get("error"),
        )

    def decide(self, me: UserScope, run: Run, answer: object) -> Run:
        """Answer what a run waits for. Raises `RunResolved` for whoever comes second."""
        return me.runs.resolve(run.id, answer=answer, number=run.waits or None)

    def dashboard(self, me: UserScope, *, days: int = 7) -> Dashboard:
        """How the last days went."""
        until = datetime.now(UTC)
        told = me.runs.statistics(since=until - timedelta(days=days), until=until)
        return Dashboard(told, me.runs.list(status="waiting", limit=20).items)

    # the web chat of a firm's site

    def front(self, slug: str) -> TenantProfile:
        """What a site may know of a firm before anybody logs in: branding and routing, as the firm published them."""
        return self._store.profile(slug)

    def welcome(self, slug: str, *, address: str) -> Session:
        """Somebody opens the chat. Their token brings them back to it; keep it in a cookie."""
        return self._root.identity.create_visitor(tenant=slug, address=address)

    def say(self, token: str, text: str, *, channel_id: str) -> Message:
        """A visitor's message. Channels deliver more than once: the same `channel_id` is the same message."""
        visitor = self._store.authenticate(token)
        found = visitor.conversations.list(limit=1).items
        chat = found[0] if found else visitor.conversations.create(title="Web chat")
        return visitor.conversations.append(chat.id, role="user", content=text, request_id=channel_id)

    def chat(self, token: str) -> list[Message]:
        """What was said, for a visitor who comes back. Raises `CredentialRefused` when the visit has expired."""
        visitor = self._store.authenticate(token)
        return [said for chat in visitor.conversations.list().items for said in visitor.conversations.last(chat.id)]

    # what a firm knows

    def teach(self, me: UserScope, name: str, sources: Sequence[tuple[str, str | bytes]], *, embedder: str) -> UUID:
        """Make a knowledge base of texts and files, searched by words and by meaning."""
        base: KnowledgeBase = me.knowledge.create_base(name, embedder=embedder, clearance="D")
        for title, content in sources:
            _added: Document = me.knowledge.add(base.id, content, title=title)
        return base.id

    def look_up(self, me: UserScope, base: UUID, question: str, *, k: int = 3) -> Retrieval:
        """The best passages, of this firm's knowledge only."""
        return me.knowledge.search(question, base=base, k=k)
