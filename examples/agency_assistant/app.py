"""An agency's marketing assistant: each client is a workspace, and nothing of one is seen from another's desk.

A `Desk` is one person at one client: what it shows is that client's, and a conversation of another client's is refused
there, even for somebody who works for both.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from time import perf_counter
from typing import Any, Protocol, cast
from uuid import UUID

from holdfast import Conversation, Message, Page, Store
from holdfast.domains.connections.models import Connection, RevocationReport, Snapshot
from holdfast.domains.conversations.models import Feedback, ImportReport
from holdfast.domains.identity import Workspace
from holdfast.domains.metering import Analytics
from holdfast.domains.records.formats import read
from holdfast.scopes import UserScope

FRESH = timedelta(hours=6)
"""Metrics that are older are fetched anew."""


class WrongClient(Exception):
    """The conversation is another client's."""


class Model(Protocol):
    """The service that answers."""

    name: str
    provider: str

    def complete(self, messages: Sequence[dict[str, str]]) -> dict[str, Any]:
        """An answer, or a tool to call first."""
        ...


class Metrics(Protocol):
    """The platforms' reporting interfaces, outside."""

    def fetch(self, platform: str, token: str) -> Mapping[str, object]:
        """The metrics of the account that the token is for."""
        ...


@dataclass(frozen=True)
class Reply:
    """An answer as it is kept; `called`: the tools that it took."""

    message: Message
    called: tuple[str, ...] = ()


@dataclass(frozen=True)
class Spent:
    """What the calls of a model came to, for a client on a day (UTC), in US dollars.

    `unpriced`: of so many calls nobody knew the price.
    """

    client: str
    model: str
    day: datetime
    calls: int
    tokens: int
    cost: Decimal
    unpriced: int


class Agency:
    """The application. `person` comes from your log-in: `store.authenticate(token)`, or `store.tenant(…).user(…)`."""

    def __init__(self, store: Store, model: Model, metrics: Metrics, *, tenant: str) -> None:
        self._root = store.system()
        self._agency = store.tenant(tenant)
        self._model = model
        self._metrics = metrics

    def person(self, email: str, request_id: str | None = None) -> UserScope:
        """The scope of somebody who is logged in."""
        return self._agency.user(email, request_id=request_id)

    def clients(self, me: UserScope) -> list[Workspace]:
        """The clients that a person works for."""
        return me.identity.list_workspaces()

    def desk(self, me: UserScope, client: UUID) -> "Desk":
        """Work for one client. Raises `LookupError` for one that is not the person's."""
        found = next((one for one in self.clients(me) if one.id == client), None)
        if found is None:
            raise LookupError("no such client, or not one of yours")
        return Desk(me, found, self._model, self._metrics)

    def put_away(self, me: UserScope, client: UUID) -> Workspace:
        """Archive a client: its conversations go with it, and its tokens are queued to be revoked."""
        return me.identity.archive_workspace(client)

    def bring_back(self, me: UserScope, client: UUID) -> Workspace:
        """Take an archived client up again. Its platforms have to be connected anew."""
        return me.identity.restore_workspace(client)

    def drop(self, me: UserScope, client: UUID) -> None:
        """Delete a client. Raises `WorkspaceNotArchived`: first it is put away."""
        me.identity.delete_workspace(client)

    def bring_in(self, me: UserScope, folder: Path, people: Mapping[str, str]) -> list[ImportReport]:
        """Take over an export of MongoDB's: `clients.json` as records, each with a workspace for those who look after
        it, and each person's conversations about each client from `conversations.json`. A second time adds nothing.

        `people`: their addresses by their ids in the export. Only an administrator can. Raises `ValueError` for what
        belongs to nobody; the rest is there then.
        """
        me.records.define("clients", key="_id", indexed=["name"], text=["name"])
        loaded = me.records.put_many("clients", read(folder / "clients.json"))
        if loaded.failed:
            raise ValueError(f"clients that cannot be stored: {[one.reason for one in loaded.failed]}")
        there = {client.name: client.id for client in self.clients(me)}
        reports = []
        for client in read(folder / "clients.json"):
            name = str(client["name"])
            workspace = there.get(name) or me.identity.create_workspace(name).id
            for owner in cast("list[str]", client["managers"]):
                me.identity.assign(workspace, people[owner], "editor")
                room = self.person(people[owner]).conversations
                given = {"client": str(client["_id"]), "owner": owner, "workspace": workspace}
                reports.append(room.import_export(folder / "conversations.json", **given))
        taken = [one.conversations + one.unchanged for one in reports]
        if reports and (left := taken[0] + reports[0].others - sum(taken)):
            raise ValueError(f"{left} conversations are of people or clients that the clients do not name")
        return reports

    def spent(self, me: UserScope, *, since: datetime, until: datetime) -> list[Spent]:
        """What models cost, by client, model and day: a person's own use; an administrator's whole agency's."""
        names = {client.id: client.name for client in self.clients(me)}
        lines = me.metering.report(group_by=["workspace", "model", "day"], since=since, until=until).lines
        return [
            Spent(
                client=names.get(line.workspace, "") if line.workspace else "",
                model=line.model or "",
                day=line.period or since,
                calls=line.requests,
                tokens=line.tokens,
                cost=line.cost,
                unpriced=line.unpriced,
            )
            for line in lines
        ]

    def days(self, me: UserScope, *, since: datetime, until: datetime) -> Analytics:
        """Day by day: conversations, messages, people, tokens, cost by model, ratings, intents."""
        return me.metering.analytics(since=since, until=until)

    def tell_platforms(self) -> RevocationReport:
        """Carry out the revocations that wait; `holdfast serve` and `holdfast worker` do it by themselves."""
        return self._root.connections.run_revocations()


class Desk:
    """One person at one client."""

    def __init__(self, me: UserScope, client: Workspace, model: Model, metrics: Metrics) -> None:
        self.me = me
        self.client = client
        self._model = model
        self._metrics = metrics

    def chats(self, cursor: str | None = None) -> Page[Conversation]:
        """A page of the person's conversations about this client, the newest first."""
        return self.me.conversations.list(workspace=self.client.id, cursor=cursor)

    def connections(self) -> list[Connection]:
        """The client's platforms, without their tokens."""
        return [*self.me.connections.list(workspace=self.client.id).items]

    def start(self, title: str) -> Conversation:
        """A new conversation about this client."""
        return self.me.conversations.create(title=title, workspace=self.client.id)

    def ask(self, chat: UUID, text: str, *, request_id: str, files: Sequence[tuple[str, str, bytes]] = ()) -> Reply:
        """Keep a question with its files (name, media type, bytes), answer it, keep what was done for the answer.

        Raises `WrongClient`, and what Holdfast raises.
        """
        room = self.me.conversations
        self._check(chat)
        kept = [room.attach(chat, data, name=name, media_type=kind) for name, kind, data in files]
        parts = [{"type": "text", "text": text}, *(one.part() for one in kept)]
        asked = room.append(chat, role="user", content=text, parts=parts if kept else None, request_id=request_id)
        known = self._answer_to(asked) if asked.replayed else None
        if known is not None:
            return Reply(known)
        prompt = self._prompt(chat, asked)
        answer = self._complete(chat, prompt)
        used, called = [answer["tokens"]], []
        while "tool" in answer:  # the call and its result are messages of their own
            number = len(called)
            called.append(answer["tool"])
            result = self._call(answer["arguments"]["platform"])
            prompt += self._keep_call(chat, answer, result, f"{request_id}/{number}")
            answer = self._complete(chat, prompt)
            used.append(answer["tokens"])
        about = {"model": self._model.name, "intent": answer["intent"], "tokens": sum(one["out"] for one in used)}
        said = room.append(
            chat,
            role="assistant",
            content=answer["content"],
            parts=answer["parts"],
            request_id=request_id,
            metadata=about,
        )
        return Reply(said, tuple(called))

    def cost(self, chat: UUID) -> Decimal:
        """What the conversation has cost so far, in US dollars."""
        self._check(chat)
        return self.me.conversations.cost(chat).cost

    def rate(self, message: UUID, rating: int, comment: str | None = None) -> Feedback:
        """What the person thinks of an answer. Holdfast takes it for answers only."""
        return self.me.conversations.rate(message, rating, comment=comment)

    def metrics(self) -> list[Snapshot]:
        """The newest metrics of each platform, with their age."""
        return self.me.connections.snapshots(workspace=self.client.id)

    def refresh(self, platform: str) -> Snapshot:
        """Fetch a platform's metrics with its token, renewed if it must be, and keep them."""
        token = self.me.connections.token(platform, workspace=self.client.id)
        return self.me.connections.snapshot(
            platform, workspace=self.client.id, metrics=self._metrics.fetch(platform, token)
        )

    def _check(self, chat: UUID) -> None:
        if self.me.conversations.get(chat).workspace_id != self.client.id:
            raise WrongClient(f"the conversation is not about {self.client.name}; go to its own client")

    def _complete(self, chat: UUID, prompt: Sequence[dict[str, str]]) -> dict[str, Any]:
        """Call the model, and record what it took, priced by the catalogue as of now; also when it fails."""
        began, used, outcome = perf_counter(), {"in": 0, "out": 0}, "error"
        try:
            answer = self._model.complete(prompt)
            used, outcome = answer["tokens"], "success"
            return answer
        finally:
            self.me.metering.record(
                "chat",
                model=self._model.name,
                provider=self._model.provider,
                tokens_in=used["in"],
                tokens_out=used["out"],
                outcome=outcome,
                latency_ms=round(1000 * (perf_counter() - began)),
                workspace=self.client.id,
                conversation=chat,
            )

    def _answer_to(self, asked: Message) -> Message | None:
        """What was answered the first time."""
        later = self.me.conversations.between(asked.conversation_id, asked.created_at)
        return next((one for one in later if one.role == "assistant" and one.request_id == asked.request_id), None)

    def _call(self, platform: str) -> str:
        fresh = self.me.connections.snapshots(workspace=self.client.id, fresh_within=FRESH)
        found = next((one for one in fresh if one.platform == platform), None) or self.refresh(platform)
        return ", ".join(f"{name} {value}" for name, value in found.metrics.items())

    def _keep_call(self, chat: UUID, answer: dict[str, Any], result: str, request_id: str) -> list[dict[str, str]]:
        call = {"type": "tool_call", "title": answer["tool"], "arguments": answer["arguments"]}
        done = {"type": "tool_result", "title": answer["tool"], "output": result}
        keep = self.me.conversations.append
        keep(chat, role="assistant", content="", parts=[call], request_id=request_id)
        keep(chat, role="tool", content="", parts=[done], request_id=request_id)
        return [{"role": "tool", "content": result}]

    def _prompt(self, chat: UUID, asked: Message) -> list[dict[str, str]]:
        """What the model is told: the client's metrics with their age come with the context."""
        context = self.me.conversations.context(chat, max_tokens=3000)
        told = [f"You help with the marketing of {self.client.name}.", *(one.text for one in context.metrics)]
        told += [f"Not told: {one.what}" for one in context.left_out if one.what.startswith("metrics")]
        earlier = [one for one in context.messages if one.content and one.id != asked.id]
        said = [{"role": one.role, "content": one.content} for one in earlier]
        question = {"role": "user", "content": asked.content}
        return [{"role": "system", "content": "\n".join(told)}, *said, question]
