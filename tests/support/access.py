"""The world of the access matrix: who asks, what there is to ask for, and a request made in this process."""

import asyncio
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from itertools import count
from typing import Any
from urllib.parse import urlencode

from support.interop import keep_sample, sent_by_many
from support.jobs import queue_one
from support.runs import decide
from support.server import UNLIMITED

from holdfast.core.scope import LEVELS, OPERATOR, Role
from holdfast.domains.interop.documents import documents
from holdfast.domains.interop.profiles import ProfileKey, profile_messages
from holdfast.faces.http.app import PREFIX, create_app
from holdfast.faces.http.options import Options
from holdfast.scopes import UserScope
from holdfast.store import Store

MINE = "heliotrope"
"""In everything that is the owner's own."""
OURS = "zebrawood"
"""In everything that all of the tenant may see, and nobody else."""
MARKS = (MINE, OURS)

_numbers = count()


@dataclass(frozen=True)
class Caller:
    """A kind of caller. `refused`: what every request of theirs is answered, whatever they ask."""

    name: str
    role: Role = "member"
    tenant: str | None = "acme"
    refused: int | None = None


OWNER = Caller("owner of the thing")
OTHER = Caller("other tenant's administrator", "admin", "globex")
CALLERS = (
    OWNER,
    Caller("colleague"),
    Caller("administrator", "admin"),
    Caller("tenant's owner", "owner"),
    Caller("auditor", "auditor"),
    Caller("visitor", "visitor"),
    OTHER,
    Caller("platform administrator", "platform_admin", None),
    Caller("super administrator", "super_admin", None),
    Caller("suspended member", refused=403),
    Caller("member of a suspended tenant", tenant="initech", refused=403),
    Caller("revoked API key", refused=401),
    Caller("expired API key", refused=401),
    Caller("revoked session", refused=401),
    Caller("nobody", refused=401),
)
_PEOPLE = {
    OWNER: "amina@acme.test",
    CALLERS[1]: "ben@acme.test",
    CALLERS[2]: "ada@acme.test",
    CALLERS[3]: "oli@acme.test",
    CALLERS[4]: "aud@acme.test",
    OTHER: "gia@globex.test",
    CALLERS[7]: "pat@platform.test",
    CALLERS[8]: "sue@platform.test",
    CALLERS[9]: "sam@acme.test",
    CALLERS[10]: "ivy@initech.test",
}


@dataclass(frozen=True)
class Reply:
    """What came back."""

    status: int
    raw: bytes

    @property
    def text(self) -> str:
        """Headers and body: whatever the caller could read."""
        return self.raw.decode("utf-8", "replace").lower()


class World:
    """Two tenants and a suspended one, with everybody who may or may not ask, before a server on one store."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.root = store.system()
        self._app = create_app(store, Options(**UNLIMITED))  # type: ignore[arg-type]
        self._runner = asyncio.Runner()
        identity = self.root.identity
        identity.create_tenant("initech", name="Initech")
        identity.create_user("gia@globex.test", tenant="globex", role="admin")
        identity.create_user("sam@acme.test", tenant="acme")
        identity.create_user("ivy@initech.test", tenant="initech")
        identity.create_user("mel@acme.test", tenant="acme", name=f"Mel {OURS}")
        for email in ("amina", "ben", "ada", "oli", "aud"):
            identity.set_clearance(f"{email}@acme.test", LEVELS, tenant="acme")
        identity.set_clearance("gia@globex.test", LEVELS, tenant="globex")
        identity.publish_profile(tenant="acme", branding={"colour": "teal"})
        identity.configure_tenant({"note": OURS}, tenant="acme")
        identity.set_platform_role("pat@platform.test", "admin")
        identity.set_platform_role("sue@platform.test", "super_admin")
        self._tokens = self._let_in()
        self.owner: UserScope = store.tenant("acme").user("amina@acme.test", request_id=MINE)
        self._cursors = {caller: self._cursor(caller) for caller in CALLERS}
        self.things = Things(self)
        of_workspaces = ("workspace", "staffed", "closed", "archived", "client", "brief")
        others: tuple[str, ...] = ("job", "ended", "plan", "request", "standard", "catalogue", "use", "held", "cap")
        others += ("sender", "vendor", "lent")
        others += ("workflow", "run", "queued_run", "waiting_run", "decision")
        for name in ("chat", "session", "key", "preference", "fact", "paper", *others, *of_workspaces):
            assert self.things[name]

    def _let_in(self) -> dict[Caller, str | None]:
        identity, owner = self.root.identity, {"tenant": "acme", "user": "amina@acme.test"}
        tokens: dict[Caller, str | None] = {
            caller: identity.create_api_key(tenant=caller.tenant, user=email).secret
            for caller, email in _PEOPLE.items()
        }
        revoked = identity.create_api_key(**owner)
        expired = identity.create_api_key(**owner, expires_at=datetime.now(UTC) + timedelta(seconds=0.2))
        ended = self.session("amina@acme.test")
        identity.revoke_api_key(revoked.id)
        identity.revoke_session(ended.id)
        identity.set_status("sam@acme.test", "suspended", tenant="acme")
        identity.suspend_tenant("initech", reason="unpaid")
        others = (
            identity.create_visitor(tenant="acme").token,
            revoked.secret,
            expired.secret,
            ended.token,
            None,
        )
        time.sleep(0.25)
        return tokens | dict(zip([caller for caller in CALLERS if caller not in _PEOPLE], others, strict=True))

    def _cursor(self, caller: Caller) -> str:
        """Where the caller's events began; for who has none, where the owner's did."""
        if caller.refused is not None or caller.tenant is None:
            caller = OWNER
        return str(self.store.authenticate(str(self._tokens[caller])).audit.events().next)

    def session(self, email: str, agent: str | None = None) -> Any:
        """A person's session, without the work of a password."""
        slug, identity = email.partition("@")[2].removesuffix(".test"), self.root.identity
        if slug == "platform":
            tenant_id, people = None, [(one.email, one.id) for one in identity.list_platform_users()]
        else:
            tenant_id = next(one.id for one in identity.list_tenants() if one.slug == slug)
            people = [(one.email, one.user_id) for one in identity.list_members(tenant=slug)]
        given = (tenant_id, dict(people)[email], {"address": None, "agent": agent})
        return self.store.engine.write(OPERATOR, "all", lambda tx: identity._insert_session(tx, *given))

    def values(self, things: "Things", caller: Caller) -> Mapping[str, str]:
        """What the braces of an example stand for."""
        return _Values(things, {"cursor": self._cursors[caller], "new": f"new-{next(_numbers)}"})

    def ask(self, caller: Caller, method: str, path: str, *, session: bool = False, **sent: Any) -> Reply:
        """One request of the caller. `session`: with a session of theirs, made for it, where they have an address."""
        token = self._tokens[caller]
        if session and caller.refused is None and caller in _PEOPLE:
            token = self.session(_PEOPLE[caller]).token
        return self._runner.run(_ask(self._app, token, method, PREFIX + path, **sent))

    def routes(self) -> list[tuple[str, str]]:
        """The method and path of everything that the server answers."""
        routes: list[Any] = list(self._app.router.routes)
        return [(method, route.path) for route in routes for method in route.methods]

    def state(self) -> object:
        """What nobody who was refused may have changed."""
        identity, counts = self.root.identity, self.root.counts("acme")
        trail = {name: counts.pop(name) for name in ("audit_events", "audit_seals")}
        assert trail["audit_events"] > 0
        chat, c = self.things["chat"], self.owner.conversations
        return (
            counts,
            c.get(chat),
            c.feedback(chat),
            next(tenant for tenant in identity.list_tenants() if tenant.slug == "acme"),
            identity.list_members(tenant="acme"),
            identity.list_platform_users(),
            [*identity.list_workspaces(tenant="acme"), *identity.list_workspaces(tenant="acme", archived=True)],
            [(key.id, key.revoked_at) for key in identity.list_api_keys(tenant="acme")],
            [session.id for session in identity.list_sessions(tenant="acme")],
            self.owner.identity.preferences(),
        )

    def close(self) -> None:
        """The end of the server and of the store."""
        self._runner.close()
        self._app.serving.close()


class Things:
    """Things of acme, each made when it is first asked for, each with the mark of who may see it."""

    def __init__(self, world: World, *, fresh: bool = False) -> None:
        self._world = world
        self._identity = world.root.identity
        self._fresh = fresh

    def __getitem__(self, name: str) -> str:
        return str(getattr(self, name))

    @cached_property
    def chat(self) -> Any:
        """A conversation of the owner's with everything in it."""
        c = self._world.owner.conversations
        chat = c.create(title=f"{MINE} title", metadata={"about": MINE}, tags=[MINE])
        c.append(chat.id, role="user", content=f"{MINE} wenge question", metadata={"m": MINE})
        self._answer = c.append(chat.id, role="assistant", content=f"{MINE} answer").id
        c.summarize(chat.id, f"{MINE} summary", through=1, entities=[MINE])  # so that another is due
        c.rate(self._answer, 1, comment=f"{MINE} comment")
        self._digest = c.attach(chat.id, MINE.encode(), name=f"{MINE}.txt", media_type="text/plain").digest
        return chat.id

    @property
    def answer(self) -> Any:
        """The id of its answer."""
        assert self.chat
        return self._answer

    @property
    def digest(self) -> str:
        """Of its attachment."""
        assert self.chat
        return self._digest

    @cached_property
    def session(self) -> Any:
        """A session of the owner's."""
        return self._world.session("amina@acme.test", agent=MINE).id

    @cached_property
    def key(self) -> Any:
        """An API key of the owner's."""
        return self._identity.create_api_key(tenant="acme", user="amina@acme.test", name=MINE).id

    @cached_property
    def preference(self) -> str:
        """The name of a preference of the owner's."""
        name = f"colour-{next(_numbers)}"
        self._world.owner.identity.set_preference(name, MINE)
        return name

    @cached_property
    def workspace(self) -> Any:
        """Open to every member."""
        return self._identity.create_workspace(f"{OURS} {next(_numbers)}", tenant="acme").id

    @cached_property
    def staffed(self) -> Any:
        """With somebody in it."""
        return self._for("mel@acme.test")

    @cached_property
    def closed(self) -> Any:
        """Closed to all but the owner, and who administers."""
        return self._for("amina@acme.test")

    @cached_property
    def client(self) -> Any:
        """A workspace closed to all but the owner, with the access to a platform and to a provider."""
        made, k = self._for("amina@acme.test"), self._world.owner.connections
        k.put("google_ads", workspace=made, access_token=MINE, account=MINE, metadata={"about": MINE})
        k.put("openai", workspace=made, api_key=f"{MINE}-key", account=MINE)
        k.snapshot("google_ads", workspace=made, metrics={"campaign": MINE})
        return made

    @cached_property
    def fact(self) -> Any:
        """The id of a fact about the owner, that a message of theirs says."""
        value = f"{MINE} {next(_numbers)}"
        return self._world.owner.memory.remember("style", value, source=self.answer).id

    @cached_property
    def brief(self) -> Any:
        """The id of a fact about the workspace that is closed to all but the owner."""
        value = f"{MINE} {next(_numbers)}"
        return self._world.owner.memory.remember("style", value, workspace=self.client).id

    @cached_property
    def library(self) -> Any:
        """A knowledge base of the owner's in a workspace that is closed to others."""
        name, k = f"{MINE} {next(_numbers)}", self._world.owner.knowledge
        made = k.create_base(name, workspace=self._for("amina@acme.test"), description=MINE, embedder="hashing:64").id
        text = f"{MINE} wenge passage"
        self._paper = k.add_text(made, text, title=MINE, source=MINE, metadata={"about": MINE}).id
        self._passage = k.chunks(self._paper).items[0].id
        self._asked = k.search("wenge", base=made).id
        return made

    @property
    def paper(self) -> Any:
        """Its document."""
        assert self.library
        return self._paper

    @property
    def passage(self) -> Any:
        """Its chunk."""
        assert self.library
        return self._passage

    @property
    def asked(self) -> Any:
        """A search in it."""
        assert self.library
        return self._asked

    @cached_property
    def plan(self) -> str:
        """The address of a private configuration of the owner's."""
        address, c = f"plan-{next(_numbers)}/HL7v2/ADT^A01", self._world.owner.configurations
        c.put(address, {"about": MINE}, reason=MINE, visibility="private")
        c.branch(address, "trial")
        c.put(address, {"about": f"{MINE} wenge"}, reason=MINE)
        return address

    @cached_property
    def request(self) -> Any:
        """A request of the owner's about it."""
        c = self._world.owner.configurations
        made = c.propose(self.plan, {"about": f"{MINE} proposed"}, reason=MINE)
        c.comment(made.id, f"{MINE} comment")
        return made.id

    @cached_property
    def standard(self) -> str:
        """The address of a configuration of the owner's that is open to the tenant."""
        address = f"standard-{next(_numbers)}/HL7v2/ADT^A01"
        self._world.owner.configurations.put(address, {"about": OURS}, reason=OURS)
        return address

    @cached_property
    def sender(self) -> str:
        """The address of a private configuration, inferred from messages, of the owner's."""
        name = f"sender-{next(_numbers)}"
        found = profile_messages(sent_by_many(20, MINE), ProfileKey(b"of the access matrix"))
        [document] = documents(found, vendor=name).values()
        address = f"{name}/HL7v2/ADT^A01"
        self._world.owner.configurations.put(address, document, reason=MINE, visibility="private")
        return address

    @cached_property
    def vendor(self) -> str:
        """The vendor of a message that the owner had kept."""
        name = f"vendor-{next(_numbers)}"
        keep_sample(self._world.store.engine, self._world.owner.scope, name, MINE.encode())
        return name

    @cached_property
    def member_id(self) -> Any:
        """The id of a member that configurations can be shared with."""
        return next(one.user_id for one in self._identity.list_members(tenant="acme") if one.email == self.member)

    @cached_property
    def job(self) -> Any:
        """Background work that the owner asked for, and waits."""
        return queue_one(self._world.store.engine, self._world.owner.scope, key=f"{MINE} {next(_numbers)}").id

    @cached_property
    def workflow(self) -> Any:
        """A workflow that the owner made, which all of the tenant may see."""
        r = self._world.owner.runs
        return r.create_workflow(OURS, external_id=f"external-{next(_numbers)}", metadata={"about": OURS}).id

    @cached_property
    def run(self) -> Any:
        """A run of a conversation of the owner's."""
        return self._world.owner.runs.start(self.workflow, conversation=self.chat, input={"said": MINE}).id

    @cached_property
    def queued_run(self) -> Any:
        """One that has not begun."""
        r = self._world.owner.runs
        return r.start(self.workflow, conversation=self.chat, input={"said": MINE}, queued=True).id

    @cached_property
    def waiting_run(self) -> Any:
        """One that waits for a person."""
        r = self._world.owner.runs
        made = r.start(self.workflow, conversation=self.chat, input={"said": MINE}).id
        return r.wait(made, asked={"may": "it"}).id

    @property
    def external_id(self) -> str:
        """The workflow's id in the outside engine."""
        found = self._world.owner.runs.workflow(self.workflow).external_id
        assert found is not None
        return str(found)

    @cached_property
    def decision(self) -> Any:
        """A decision that the owner recorded."""
        return decide(self._world.owner, self.chat, evidence={"about": MINE}).id

    @cached_property
    def ended(self) -> Any:
        """Background work that the owner asked for, and cancelled."""
        made = queue_one(self._world.store.engine, self._world.owner.scope, key=f"{MINE} {next(_numbers)}").id
        return self._world.owner.jobs.cancel(made).id

    @cached_property
    def catalogue(self) -> str:
        """The name of a record set of the owner's, which everybody in the tenant reads."""
        name, r = f"catalogue-{next(_numbers)}", self._world.owner.records
        r.define(name, key="id", text=["title"], weight="weight", history=True, description=OURS)
        r.put(name, {"id": "1", "title": f"{OURS} wenge", "weight": 1})
        return name

    @cached_property
    def lent(self) -> str:
        """A record set that is shared with another tenant."""
        self._world.store.tenant("acme").user("ada@acme.test").records.share(self.catalogue, tenant=self.elsewhere)
        return self.catalogue

    @cached_property
    def use(self) -> Any:
        """What the owner used."""
        return self._world.owner.metering.record("chat", model=MINE, tokens=5).id

    @cached_property
    def held(self) -> Any:
        """What the owner reserved."""
        return self._world.owner.metering.hold(tokens=5, operation=MINE).id

    @cached_property
    def cap(self) -> Any:
        """A limit that an administrator of the tenant set."""
        admin, window = self._world.store.tenant("acme").user("ada@acme.test"), timedelta(minutes=next(_numbers) + 1)
        return admin.metering.set_limit(measure="tokens", amount=10**9, per="window", window=window).id

    def _for(self, email: str) -> Any:
        made = self._identity.create_workspace(f"{OURS} {next(_numbers)}", tenant="acme").id
        self._identity.assign(made, email, tenant="acme")
        return made

    @cached_property
    def archived(self) -> Any:
        """Put away."""
        made = self._identity.create_workspace(f"{OURS} {next(_numbers)}", tenant="acme").id
        return self._identity.archive_workspace(made, tenant="acme").id

    @cached_property
    def slug(self) -> str:
        """A tenant that may be closed: one of its own for whoever is let to."""
        if not self._fresh:
            return "acme"
        return str(self._identity.create_tenant(f"tenant-{next(_numbers)}", name=OURS).slug)

    owner_id = cached_property[Any](lambda self: self._world.owner.scope.actor_id)
    email = "amina@acme.test"
    member = "mel@acme.test"
    today = f"{datetime.now(UTC):%Y-%m-%d}T00:00:00Z"
    nobody = "nobody@acme.test"
    tenant = "acme"
    platform = "google_ads"
    provider = "openai"
    elsewhere = "initech"


class _Values(dict[str, str]):
    """Looked up by `str.format_map`: the things are made when they are named."""

    def __init__(self, things: Things, others: dict[str, str]) -> None:
        super().__init__(others)
        self._things = things

    def __missing__(self, name: str) -> str:
        return self._things[name]


async def _ask(
    app: Callable[..., Any],
    token: str | None,
    method: str,
    path: str,
    *,
    query: Mapping[str, str],
    headers: Mapping[str, str],
    body: object = None,
    data: bytes | None = None,
) -> Reply:
    """A request as an ASGI server hands it over, from a client that leaves when it was answered."""
    sent = data if data is not None else b"" if body is None else json.dumps(body).encode()
    kind = b"text/plain" if data is not None else b"application/json"
    head = [(b"content-type", kind), (b"content-length", b"%d" % len(sent))]
    head += [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    if token is not None:
        head.append((b"authorization", f"Bearer {token}".encode()))
    incoming = [{"type": "http.request", "body": sent, "more_body": False}]
    answered: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return incoming.pop() if incoming else {"type": "http.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        answered.append(message)

    scope = {
        "type": "http",
        "http_version": "1.1",
        "scheme": "http",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": urlencode(query).encode(),
        "headers": head,
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
    }
    await app(scope, receive, send)
    told = b"".join(name + b": " + value + b"\n" for name, value in answered[0]["headers"])
    return Reply(answered[0]["status"], told + b"".join(message.get("body", b"") for message in answered[1:]))
