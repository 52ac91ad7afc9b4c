"""Every route, asked by everybody: what comes back follows from the policy table, and no mark comes to a stranger.

The cells are generated from the routes and from `POLICY`. A new route needs a line in `EXAMPLES`; whatever does not
follow from the policy needs a line, with its reason, in `EXCEPTIONS`.
"""

import re
import shutil
from dataclasses import dataclass, field
from functools import partial
from string import Formatter
from typing import Any

import pytest
from support.access import CALLERS, MARKS, MINE, OTHER, OURS, OWNER, Caller, Things, World
from support.interop import sent_by_many

import holdfast
from holdfast.core.policy import POLICY
from holdfast.faces.http import events
from holdfast.faces.http.app import PREFIX, ROUTES
from holdfast.faces.http.routes import Route

KEY = "0123456789abcdef" * 4
MEANT = holdfast.Settings(message_embedder="hashing:16", memory_embedder="hashing:16")
BY_NAME: dict[str, Route] = {f"{route.method} {route.path}": route for route in (*ROUTES, events.ROUTE)}
PAGES = {f"{PREFIX}/openapi.json", "/healthz", "/readyz", "/metrics"}
"""What is not part of the interface: it tells nothing of anybody."""
NOT_OVER_HTTP = {
    "conversations.index": "kept in passing by search and append",
    "identity.make_owner": "asked by create_user, set_role and set_status, of the role given",
    **{name: "an operator's, at the command line" for name in POLICY if name.startswith("keys.")},
}
"""Rows of the policy table behind no route."""

PLACES = {
    "conversation": "chat",
    "message_id": "answer",
    "digest": "digest",
    "workspace": "workspace",
    "session": "session",
    "key": "key",
    "name": "preference",
    "tenant": "slug",
    "platform": "platform",
    "provider": "provider",
    "fact_id": "fact",
    "base": "library",
    "document": "paper",
    "chunk": "passage",
    "retrieval": "asked",
    "request": "request",
    "job": "job",
    "limit": "cap",
    "hold": "held",
    "workflow": "workflow",
    "run": "run",
    "decision": "decision",
}
"""What stands in a path where the example does not say."""
OWNERS = {
    *("chat", "answer", "digest", "session", "key", "preference", "closed", "client", "fact", "brief"),
    *("owner_id", "email", "nobody", "library", "paper", "passage", "asked", "job", "ended", "plan", "request"),
    *("sender", "vendor"),
    *("held", "run", "queued_run", "waiting_run", "decision"),
}
"""Things that are one member's own."""
TENANTS = {
    *("workspace", "staffed", "archived", "slug", "tenant", "member", "standard", "catalogue", "lent", "cap"),
    *("workflow", "external_id"),
}
"""Things of the whole tenant."""

LOGIN = {"tenant": "acme", "email": "{email}", "password": "wrong wrong wrong"}
SENT = sent_by_many(1, "F").decode()
EXPORT = b'{"messages": [{"role": "user", "content": "Imported."}, {"role": "assistant", "content": "Yes."}]}\n'


@dataclass(frozen=True)
class Example:
    """A request. What stands in braces is looked up among the things. `shows`: the mark that is in the answer of
    whoever may have it. `makes`: a thing that must be there, though the request does not name it.
    """

    route: str
    query: dict[str, str] = field(default_factory=dict)
    body: Any = None
    data: bytes | None = None
    path: dict[str, str] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    shows: str | None = None
    makes: str | None = None
    session: bool = False

    def names(self) -> set[str]:
        """The things it names."""
        said = repr(self.query) + repr(self.body)
        return {*re.findall(r"\{(\w+)\}", said), *self.in_path().values()} & (OWNERS | TENANTS)

    def in_path(self) -> dict[str, str]:
        """The thing in each place of the path."""
        places = [name for _, name, _, _ in Formatter().parse(BY_NAME[self.route].path) if name]
        return {name: self.path.get(name, PLACES[name]) for name in places}


ONE = "/workspaces/{workspace}/connections/{platform}"
CLIENTS = {"workspace": "client"}
PROVIDERS = {"workspace": "client", "platform": "provider"}


E = Example
R = partial(Example, path={"name": "catalogue"})
EXAMPLES = (
    # metering
    E("POST /usage", body={"operation": "chat", "tokens": 5}),
    E("POST /usage", body={"operation": "chat", "conversation": "{chat}"}),
    E("POST /usage/batches", body={"events": [{"operation": "chat", "cost": "0.5"}]}),
    E("GET /usage", makes="use", shows=MINE),
    E("GET /usage/report", {"group_by": '["model"]'}, makes="use", shows=MINE),
    E("GET /usage/analytics", {"since": "{today}"}, makes="use", shows=MINE),
    E("GET /usage/price", {"model": "gpt-4o-mini"}),
    E("GET /usage/prices"),
    E("PUT /usage/prices", body={"model": "home", "input": "1", "output": "2.5"}),
    E("GET /limits", makes="cap"),
    E("PUT /limits", body={"measure": "tokens", "per": "day", "amount": 1_000_000_000}),
    E("PUT /limits", body={"measure": "tokens", "per": "day", "amount": 1_000_000_000, "user": "{email}"}),
    E("PUT /limits", body={"measure": "money", "per": "day", "amount": "900000", "workspace": "{workspace}"}),
    E("POST /limits/{limit}/recount"),
    E("DELETE /limits/{limit}"),
    E("GET /platform/health"),
    E("POST /holds", body={"tokens": 5}),
    E("GET /holds/{hold}", shows=MINE),
    E("POST /holds/{hold}/settlement", body={"tokens": 4}),
    E("DELETE /holds/{hold}"),
    E("POST /reclaimed-holds"),
    # conversations
    E("POST /conversations/{conversation}/messages", body={"role": "user", "content": "More."}),
    E("GET /conversations/{conversation}/messages", shows=MINE),
    E("GET /conversations/{conversation}/messages", {"last": "5"}, shows=MINE),
    E("GET /conversations/{conversation}/messages", {"since": "2020-01-01T00:00:00Z"}, shows=MINE),
    E("POST /conversations", body={"title": "New"}),
    E("POST /conversations", body={"title": "New", "workspace": "{workspace}"}),
    E("POST /conversations", body={"title": "New", "workspace": "{closed}"}),
    E("POST /conversations", body={"title": "New", "keep_visible": ["{chat}"]}),
    E("GET /conversations", makes="chat"),
    E("GET /conversations", {"owner": "{owner_id}"}, makes="chat", shows=MINE),
    E("GET /conversations/{conversation}", shows=MINE),
    E("PATCH /conversations/{conversation}", body={"title": "Edited"}, shows=MINE),
    E("PATCH /conversations/{conversation}", body={"title": "Edited"}, headers={"If-Match": "*"}, shows=MINE),
    E("DELETE /conversations/{conversation}", shows=MINE),
    E("POST /conversations/{conversation}/archive", shows=MINE),
    E("POST /conversations/{conversation}/close", shows=MINE),
    E("POST /conversations/{conversation}/restore", shows=MINE),
    E("POST /conversations/{conversation}/hide", shows=MINE),
    E("POST /conversations/{conversation}/forks", body={"at": 1}),
    E("POST /conversations/{conversation}/messages/batch", body={"messages": [{"role": "user", "content": "More."}]}),
    E("GET /conversations/{conversation}/counts"),
    E("GET /conversations/{conversation}/context", shows=MINE),
    E("GET /conversations/{conversation}/summaries", shows=MINE),
    E("POST /conversations/{conversation}/summaries", body={"text": "Anew."}),
    E("GET /conversations/{conversation}/feedback", shows=MINE),
    E("GET /conversations/{conversation}/cost"),
    E("GET /conversations/{conversation}/verification"),
    E("POST /conversations/{conversation}/attachments", {"name": "a.txt"}, data=b"More."),
    E("GET /conversations/{conversation}/attachments/{digest}", shows=MINE),
    E("GET /messages/{message_id}", shows=MINE),
    E("PUT /messages/{message_id}/feedback", body={"rating": -1}),
    E("GET /search", {"q": "wenge"}, makes="chat"),
    E("GET /search", {"q": "wenge", "conversation": "{chat}"}, shows=MINE),
    E("GET /due-summaries", {"every": "1"}, makes="chat"),
    E("GET /visible", makes="chat"),
    E("POST /imports", data=EXPORT),
    # identity: tenants and people
    E("POST /tenants", body={"slug": "{new}"}),
    E("GET /tenants", shows=OURS),
    E("PUT /settings", body={"settings": {"note": OURS}}),
    E("POST /tenants/{tenant}/suspend", body={"reason": "unpaid"}, shows=OURS),
    E("POST /tenants/{tenant}/restore", shows=OURS),
    E("DELETE /tenants/{tenant}", {"reason": "unpaid"}),
    E("GET /tenants/{tenant}/profile", path={"tenant": "tenant"}),
    E("PUT /profile", body={"branding": {"colour": "red"}}),
    E("POST /users", body={"email": "{new}@acme.test"}),
    E("GET /users", shows=OURS),
    E("PUT /users/role", body={"email": "{member}", "role": "member"}, shows=OURS),
    E("PUT /users/status", body={"email": "{member}", "status": "active"}, shows=OURS),
    E("PUT /users/clearance", body={"email": "{member}", "levels": ["C", "D"]}, shows=OURS),
    E("PUT /users/password", body={"email": "{email}", "password": "a long enough one"}),
    E("DELETE /users/openid", {"email": "{member}"}),
    E("GET /platform-users"),
    E("PUT /platform-users/role", body={"email": "{new}@platform.test", "role": "user"}),
    # identity: workspaces
    E("POST /workspaces", body={"name": "{new}"}),
    E("GET /workspaces", makes="workspace", shows=OURS),
    E("GET /workspaces", {"archived": "true"}, makes="archived", shows=OURS),
    E("POST /workspaces/{workspace}/archive", shows=OURS),
    E("POST /workspaces/{workspace}/restore", path={"workspace": "archived"}, shows=OURS),
    E("DELETE /workspaces/{workspace}", path={"workspace": "archived"}),
    E("POST /workspaces/{workspace}/people", body={"email": "{member}"}),
    E("GET /workspaces/{workspace}/people", path={"workspace": "staffed"}),
    E("DELETE /workspaces/{workspace}/people", {"email": "{member}"}, path={"workspace": "staffed"}),
    # identity: preferences
    E("GET /preferences", makes="preference"),
    E("GET /preferences/{name}", shows=MINE),
    E("PUT /preferences/{name}", path={"name": "new"}, body={"value": "blue"}),
    E("DELETE /preferences/{name}"),
    # identity: credentials
    E("POST /openid/begin", body={"provider": "none", "tenant": "acme", "redirect_uri": "https://app.test/back"}),
    E("POST /openid/finish", body={"state": "none", "code": "none"}),
    E("POST /sessions", body=LOGIN),
    E("GET /sessions", {"user": "{email}"}, makes="session", shows=MINE),
    E("GET /sessions", {"user": "{nobody}"}),
    E("GET /sessions", makes="session"),
    E("DELETE /sessions", session=True),
    E("POST /revoked-sessions", body={"user": "{email}"}),
    E("POST /revoked-sessions", body={}),
    E("DELETE /sessions/{session}", shows=MINE),
    E("POST /visitors", body={}),
    E("POST /api-keys", body={"user": "{email}"}),
    E("POST /api-keys", body={}),
    E("GET /api-keys", {"user": "{email}"}, makes="key", shows=MINE),
    E("GET /api-keys", makes="key"),
    E("DELETE /api-keys/{key}", shows=MINE),
    # memory
    E("PUT /facts", body={"key": "{new}", "value": "blue"}),
    E("PUT /facts", body={"key": "{new}", "value": "blue", "user": "{owner_id}"}),
    E("PUT /facts", body={"key": "{new}", "value": "blue", "workspace": "{client}"}),
    E("GET /facts", makes="fact"),
    E("GET /facts", {"user": "{owner_id}"}, makes="fact", shows=MINE),
    E("GET /facts", {"workspace": "{client}"}, makes="brief", shows=MINE),
    E("GET /facts/current", {"key": "style", "user": "{owner_id}"}, makes="fact", shows=MINE),
    E("GET /facts/current", {"key": "style", "workspace": "{client}"}, makes="brief", shows=MINE),
    E("GET /facts/count", {"user": "{owner_id}"}),
    E("GET /facts/history", {"key": "style", "user": "{owner_id}"}, makes="fact", shows=MINE),
    E("GET /facts/as-of", {"moment": "2999-01-01T00:00:00Z", "user": "{owner_id}"}, makes="fact", shows=MINE),
    E("GET /facts/recall", {"q": "style", "user": "{owner_id}"}, makes="fact", shows=MINE),
    E("GET /facts/recall", {"q": "style", "workspace": "{client}"}, makes="brief", shows=MINE),
    E("GET /conversations/{conversation}/unseen", {"extractor": "one"}, shows=MINE),
    E("PUT /conversations/{conversation}/facts", body={"candidates": [], "extractor": "one", "through": 1}),
    E("GET /facts/{fact_id}/why", shows=MINE),
    E("GET /facts/{fact_id}/why", path={"fact_id": "brief"}, shows=MINE),
    E("DELETE /facts", {"fact": "{fact}"}),
    E("DELETE /facts", {"fact": "{brief}"}),
    # connections; nothing is queued for a platform, so that none is asked
    E("GET /connections", makes="client", shows=MINE),
    E(f"GET {ONE}", path=CLIENTS, shows=MINE),
    E(f"PUT {ONE}", path=CLIENTS, body={"access_token": "new"}),
    E(f"DELETE {ONE}", path=PROVIDERS, shows=MINE),
    E(f"GET {ONE}/token", path=CLIENTS, shows=MINE),
    E(f"GET {ONE}/secret", path=PROVIDERS, shows=MINE),
    E(f"GET {ONE}/snapshots", path=CLIENTS, shows=MINE),
    E(f"POST {ONE}/snapshots", path=CLIENTS, body={"metrics": {"clicks": 1}}),
    E("GET /workspaces/{workspace}/snapshots", path=CLIENTS, shows=MINE),
    E("GET /revocations", makes="client"),
    E("POST /revocations/run", body={}),
    # knowledge; everybody has clearance for everything, so that the role alone decides
    E("GET /knowledge/search", {"q": "wenge", "base": "{library}"}, shows=MINE),
    E("GET /knowledge/search", {"q": "wenge"}, makes="library", shows=MINE),
    E("GET /knowledge/bases", makes="library", shows=MINE),
    E("POST /knowledge/bases", body={"name": "{new}"}),
    E("POST /knowledge/bases", body={"name": "{new}", "workspace": "{closed}"}),
    E("GET /knowledge/bases/{base}", shows=MINE),
    E("PATCH /knowledge/bases/{base}", body={"clearance": "C"}, shows=MINE),
    E("DELETE /knowledge/bases/{base}"),
    E("PUT /messages/vectors"),
    E("PUT /facts/vectors"),
    E("PUT /knowledge/bases/{base}/vectors"),
    E("PUT /knowledge/bases/{base}/reindexing", body={"embedder": "hashing:32"}),
    E("GET /knowledge/bases/{base}/documents", shows=MINE),
    E("POST /knowledge/bases/{base}/documents", body={"text": "More."}),
    E("POST /knowledge/bases/{base}/files", {"name": "a.txt"}, data=b"More."),
    E("GET /knowledge/documents/{document}", shows=MINE),
    E("PATCH /knowledge/documents/{document}", body={"source": "elsewhere"}, shows=MINE),
    E("DELETE /knowledge/documents/{document}"),
    E("GET /knowledge/documents/{document}/chunks", shows=MINE),
    E("GET /knowledge/documents/{document}/text", shows=MINE),
    E("PUT /knowledge/documents/{document}/text", body={"text": "Other."}, shows=MINE),
    E("POST /knowledge/documents/{document}/file", {"name": "a.txt"}, data=b"Other.", shows=MINE),
    E("PUT /knowledge/documents/{document}/clearance", body={"clearance": "A"}, shows=MINE),
    E("PUT /knowledge/documents/{document}/metadata", body={"metadata": {}}, shows=MINE),
    E("GET /knowledge/chunks/{chunk}/similar"),
    E("GET /knowledge/retrievals", makes="asked"),
    E("GET /knowledge/retrievals/{retrieval}"),
    E("POST /knowledge/retrievals/{retrieval}/citations", body={"message": "{answer}"}),
    E("GET /knowledge/report", makes="library"),
    E("GET /knowledge/report", {"base": "{library}"}),
    # configurations
    E("GET /configurations", makes="plan"),
    E("GET /configurations/found", {"pattern": "plan-*/HL7v2/*"}, makes="plan"),
    E("GET /configurations/document", {"address": "{plan}"}, shows=MINE),
    E("GET /configurations/document", {"address": "{standard}"}, shows=OURS),
    E("GET /configurations/stored", {"address": "{plan}", "version": "1"}, shows=MINE),
    E("GET /configurations/versions", {"address": "{plan}"}, shows=MINE),
    E("GET /configurations/difference", {"address": "{plan}", "before": "1"}, shows=MINE),
    E("PUT /configurations/document", body={"address": "{new}", "document": {}, "reason": "New."}),
    E("PUT /configurations/document", body={"address": "{plan}", "document": {"a": MINE}, "reason": "Anew."}),
    E("PUT /configurations/document", body={"address": "{standard}", "document": {"a": OURS}, "reason": "Anew."}),
    E("PUT /configurations/rollback", body={"address": "{plan}", "to": 1, "reason": "Back."}, shows=MINE),
    E("GET /configurations/requests", makes="request"),
    E("GET /configurations/requests", {"address": "{plan}"}, makes="request", shows=MINE),
    E(
        "POST /configurations/requests",
        body={"address": "{plan}", "document": {"a": MINE}, "reason": "Asked."},
        shows=MINE,
    ),
    E("POST /configurations/requests", body={"address": "{standard}", "document": {"a": OURS}, "reason": "Asked."}),
    E("GET /configurations/requests/{request}", shows=MINE),
    E("PUT /configurations/requests/{request}/document", body={"document": {"a": MINE}}),
    E("PUT /configurations/requests/{request}/approval", body={}),
    E("PUT /configurations/requests/{request}/rejection", body={"reason": "No."}),
    E("PUT /configurations/requests/{request}/withdrawal", body={}),
    E("POST /configurations/requests/{request}/publication"),
    E("GET /configurations/requests/{request}/comments", shows=MINE),
    E("POST /configurations/requests/{request}/comments", body={"text": "Why?"}),
    E("GET /configurations/standing", {"address": "{plan}"}),
    E("POST /configurations/uses", body={"address": "{plan}", "uses": 2}),
    E("GET /configurations/feedback", {"address": "{plan}"}),
    E("POST /configurations/feedback", body={"address": "{plan}", "rating": 1}),
    E("GET /configurations/rules"),
    E("PUT /configurations/rules", body={"pattern": "nowhere/*/*", "approvals": 2}),
    E("GET /configurations/inbox"),
    E("PUT /configurations/inbox", body={}),
    E("GET /configurations/search", {"q": "wenge"}, makes="plan"),
    E("GET /configurations/similar", {"address": "{plan}"}),
    E("GET /configurations/branches", {"address": "{plan}"}),
    E("PUT /configurations/branches", body={"address": "{plan}", "name": "{new}"}),
    E("GET /configurations/conflicts", {"address": "{plan}", "branch": "trial"}),
    E("PUT /configurations/merge", body={"address": "{plan}", "branch": "trial", "reason": "Merged."}, shows=MINE),
    E("PUT /configurations/visibility", body={"address": "{plan}", "visibility": "tenant"}),
    E("PUT /configurations/visibility", body={"address": "{standard}", "visibility": "private"}),
    E("GET /configurations/shares", {"address": "{plan}"}),
    E("PUT /configurations/shares", body={"address": "{plan}", "user": "{member_id}", "level": "view"}),
    E("DELETE /configurations/shares", {"address": "{plan}", "user": "{member_id}"}),
    # interop
    E("PUT /interop/analyses", body={"messages": SENT, "vendor": "{new}"}),
    E("POST /interop/drift", body={"address": "{sender}", "messages": [SENT]}),
    E("POST /interop/validation", body={"address": "{sender}", "message": SENT}),
    E("POST /interop/copies", body={"messages": [SENT], "mapping": True}),
    E("GET /interop/deviations", {"address": "{sender}"}, shows=MINE),
    E("POST /interop/messages", body={"address": "{sender}", "n": 2}, shows=MINE),
    E("GET /interop/samples", {"vendor": "{vendor}", "type": "ORU^R01"}, shows=MINE),
    E("DELETE /interop/samples", {"vendor": "{vendor}"}),
    # runs; of a conversation, so that they are one member's own
    E("GET /workflows", makes="workflow", shows=OURS),
    E("POST /workflows", body={"name": "{new}"}),
    E("GET /workflows/by-external-id", {"external_id": "{external_id}"}, shows=OURS),
    E("GET /workflows/{workflow}", shows=OURS),
    E("PATCH /workflows/{workflow}", body={"description": "New."}, shows=OURS),
    E("GET /runs", makes="run", shows=MINE),
    E("POST /runs", body={"workflow": "{workflow}"}),
    E("POST /runs", body={"workflow": "{workflow}", "conversation": "{chat}"}),
    E("GET /runs/statistics", {"since": "2020-01-01T00:00:00Z", "until": "2099-01-01T00:00:00Z"}),
    E(
        "POST /runs/events",
        body={"workflow": "{external_id}", "execution": "{new}", "status": "running", "at": "2026-01-01T00:00:00Z"},
    ),
    E("GET /runs/{run}", shows=MINE),
    E("POST /runs/{run}/begin", path={"run": "queued_run"}, shows=MINE),
    E("POST /runs/{run}/finish", body={"status": "success"}, shows=MINE),
    E("POST /runs/{run}/wait", body={}, shows=MINE),
    E("POST /runs/{run}/resolve", path={"run": "waiting_run"}, body={"answer": True}, shows=MINE),
    E("POST /decisions", body={"kind": "check", "subjects": ["{new}"], "status": "fine"}),
    E("POST /decisions", body={"kind": "check", "subjects": ["{new}"], "status": "fine", "conversation": "{chat}"}),
    E("POST /decisions/search", body={"subject": "6718949405"}, makes="decision", shows=MINE),
    E("GET /decisions/{decision}", shows=MINE),
    # jobs
    E("GET /jobs", makes="job", shows=MINE),
    E("POST /jobs", body={"kind": "connections.run_revocations"}),
    E("GET /jobs/{job}", shows=MINE),
    E("POST /jobs/{job}/cancel", shows=MINE),
    E("POST /jobs/{job}/retry", path={"job": "ended"}, shows=MINE),
    E("GET /schedules"),
    # records
    E("GET /record-sets", makes="catalogue", shows=OURS),
    R("PUT /record-sets/{name}", body={"key": "id", "text": ["title"]}),
    R("GET /record-sets/{name}", shows=OURS),
    R("DELETE /record-sets/{name}"),
    R("GET /record-sets/{name}/records", shows=OURS),
    R("PUT /record-sets/{name}/records", body={"rows": [{"id": "2"}]}),
    R("GET /record-sets/{name}/shares"),
    E("PUT /record-sets/{name}/shares/{tenant}", body={}, path={"name": "catalogue", "tenant": "elsewhere"}),
    E("DELETE /record-sets/{name}/shares/{tenant}", path={"name": "lent", "tenant": "elsewhere"}),
    R("GET /record-sets/{name}/count"),
    R("GET /record-sets/{name}/groups", {"by": "title"}, shows=OURS),
    R("GET /record-sets/{name}/search", {"q": "wenge"}, shows=OURS),
    R("GET /record-sets/{name}/picks", {"n": "2"}, shows=OURS),
    R("GET /record-sets/{name}/versions", {"key": "1"}, shows=OURS),
    R("GET /record-sets/{name}/record", {"key": "1"}, shows=OURS),
    R("PUT /record-sets/{name}/record", body={"data": {"id": "3"}}),
    R("PATCH /record-sets/{name}/record", body={"key": "1", "changes": {"a": 1}}, shows=OURS),
    R("DELETE /record-sets/{name}/record", {"key": "1"}),
    # audit
    E("GET /audit", makes="chat", shows=MINE),
    E("POST /audit/verification", body={}),
    E("POST /audit/checkpoints"),
    E("POST /audit/exports", makes="chat", shows=MINE),
    E("GET /audit/events", {"after": "{cursor}"}, makes="chat"),
    E("GET /events", {"cursor": "{cursor}"}, makes="chat"),
)
ONLY_OWNERS = (
    "GET /conversations",
    "GET /search",
    "GET /facts",
    "GET /due-summaries",
    "GET /preferences",
    "GET /sessions",
    "GET /api-keys",
    "GET /events",
    "GET /audit/events",
)
"""Answers about the caller's own things, where nothing else is named: the owner's carry the mark."""


@pytest.fixture(
    scope="module",
    params=[
        pytest.param("sqlite", marks=pytest.mark.xdist_group("access-sqlite")),
        pytest.param("postgresql", marks=[pytest.mark.xdist_group("access-postgresql"), pytest.mark.thorough]),
    ],
)
def world(request, tmp_path_factory):
    """One world for all cells of an engine: who is refused uses the same things, who is let gets some of their own."""
    if request.param == "sqlite":
        path = tmp_path_factory.mktemp("access") / "store.db"
        shutil.copy(request.getfixturevalue("sqlite_template"), path)
        made = World(holdfast.open(f"sqlite:///{path}", KEY, settings=MEANT))
    else:
        server, template = (request.getfixturevalue(name) for name in ("postgres", "postgres_template"))
        made = World(holdfast.open(server.copy(template, "access_matrix"), settings=MEANT))
    yield made
    made.close()


@dataclass(frozen=True)
class Cell:
    """One request of one caller, with what it names: things, and whether the tenant by its slug."""

    example: Example
    caller: Caller
    tenant: bool

    @property
    def route(self) -> Route:
        """What is asked."""
        return BY_NAME[self.example.route]

    @property
    def names(self) -> set[str]:
        """The things it names."""
        return self.example.names() | ({"tenant"} if self.tenant else set())

    @property
    def reach(self) -> str | None:
        """How far the policy lets the caller reach."""
        return None if self.caller.refused else POLICY[self.route.operation].get(self.caller.role)

    @property
    def by_policy(self) -> int:
        """The status that follows from the policy, the kind of caller and whose the thing is."""
        if self.caller.refused is not None:
            return self.caller.refused
        if self.reach is None:
            return 403
        if self.caller is OTHER and self.names:
            return 404
        if self.reach == "own" and self.caller is not OWNER and self.names & OWNERS:
            return 404
        return self.route.success

    @property
    def expected(self) -> int:
        """The status, with the exceptions."""
        return next((rule.status for rule in EXCEPTIONS if rule.is_about(self)), self.by_policy)

    @property
    def may_see(self) -> set[str]:
        """The marks that may come back."""
        marks = set()
        if self.reach == "all" or (self.caller.refused is None and self.caller.tenant == "acme"):
            marks.add(OURS)
        if self.caller is OWNER or (OURS in marks and self.reach in ("tenant", "all")):
            marks.add(MINE)
        return marks

    @property
    def must_see(self) -> set[str]:
        """The marks that come back, or else their absence elsewhere would prove nothing."""
        if self.expected != self.route.success or self.caller is OTHER:
            return set()
        if self.example.shows is not None:
            return {self.example.shows} & self.may_see
        is_owners = self.example.route in ONLY_OWNERS and self.caller is OWNER
        return {MINE} if is_owners else set()


@dataclass(frozen=True)
class Rule:
    """What does not follow from the policy. `names`: a thing that the request names, `lacks`: one that it does not.
    `by_policy`: only where that would be the status. An `empty` answer is a page without items.
    """

    routes: str
    status: int
    reason: str
    callers: str = ".*"
    names: str | None = None
    lacks: str | None = None
    by_policy: int | None = None
    empty: bool = False

    def is_about(self, cell: Cell) -> bool:
        """Whether it says what becomes of the cell."""
        return (
            re.fullmatch(self.routes, cell.example.route) is not None
            and re.fullmatch(self.callers, cell.caller.name) is not None
            and self.names in (None, *cell.names)
            and self.lacks not in cell.names
            and self.by_policy in (None, cell.by_policy)
        )


EXCEPTIONS = (
    Rule("(PUT|DELETE) /record-sets/{name}", 403, "a set is its maker's, which others can see", callers="colleague"),
    Rule("PUT /record-sets/{name}", 200, "a name of another tenant's is free in one's own", callers=OTHER.name),
    Rule("GET /tenants/{tenant}/profile", 200, "what a tenant published is for everybody, whoever they are"),
    Rule("POST /openid/begin", 404, "needs no credential; there is no such provider, whoever asks"),
    Rule("POST /openid/finish", 401, "needs no credential; there is no such login, whoever asks"),
    Rule("POST /sessions", 401, "needs no credential, or none but the password, which is wrong, whoever asks"),
    Rule(
        "GET /conversations",
        200,
        "another's list is empty, as that of somebody who is not there",
        names="owner_id",
        by_policy=404,
        empty=True,
    ),
    Rule(
        "POST /conversations",
        201,
        "keeping another's open on a screen does nothing, and says nothing of it",
        names="chat",
        by_policy=404,
    ),
    Rule(
        "POST /conversations",
        201,
        "a workspace is closed to members, not to those who administer it",
        names="closed",
        callers="administrator|tenant's owner",
    ),
    Rule(
        ".* /(sessions|revoked-sessions|api-keys|users/password)",
        403,
        "a role that handles its own credentials is refused for any address, a member's or not",
        names="email",
        by_policy=404,
        callers="colleague|auditor",
    ),
    Rule(
        "GET /sessions",
        403,
        "the same for an address that no member has: the answer does not tell",
        names="nobody",
        callers="owner of the thing|colleague|auditor",
    ),
    Rule(
        "GET /sessions",
        404,
        "who handles others' is told that there is nobody of this address",
        names="nobody",
        by_policy=200,
    ),
    Rule(
        "POST /revoked-sessions",
        404,
        "the platform's people have no sessions of the tenant's: whose?",
        lacks="email",
        callers="platform administrator|super administrator",
    ),
    Rule(
        "PATCH /workflows/{workflow}",
        404,
        "every member sees a workflow; its maker changes it, and who administers",
        callers="colleague",
    ),
    Rule(
        "POST /jobs",
        403,
        "a kind of work asks for what its operation asks for: to tell platforms takes an administrator",
        callers="owner of the thing|colleague|super administrator",
    ),
    Rule(
        "POST /api-keys",
        422,
        "the platform's people have no keys of the tenant's: whose?",
        lacks="email",
        callers="super administrator",
    ),
    Rule(
        "PUT /configurations/requests/{request}/(approval|rejection)",
        403,
        "nobody approves or rejects their own request",
        callers=OWNER.name,
    ),
    Rule(
        "PUT /configurations/requests/{request}/(document|withdrawal)",
        403,
        "a request is its author's to revise and to withdraw",
        by_policy=200,
        callers="administrator|tenant's owner",
    ),
    Rule("POST /configurations/requests/{request}/publication", 409, "nobody has approved it", by_policy=200),
    Rule("GET /interop/samples", 200, "another's list is empty, as that of nobody", by_policy=404, empty=True),
    Rule("DELETE /interop/samples", 200, "of another's none is deleted, and the answer is 0", by_policy=404),
    Rule(
        "PUT /configurations/document",
        409,
        "an address is taken, whosever configuration is there",
        names="plan",
        by_policy=404,
        callers="colleague",
    ),
    Rule(
        "PUT /configurations/document",
        200,
        "in another tenant the address is free",
        by_policy=404,
        callers=OTHER.name,
    ),
    Rule(
        "PUT /configurations/(document|visibility)",
        403,
        "what is open to the tenant is changed by whom it belongs to",
        names="standard",
        by_policy=200,
        callers="colleague",
    ),
)
PUBLIC = ("GET /tenants/{tenant}/profile",)
"""Answers that may carry the tenant's mark, whoever asks."""


def cells_of(example: Example) -> list[Cell]:
    """Everybody's requests. Where a tenant can be named, everybody names this one, the stranger once and once not."""
    can_name = any(p.wire == "tenant" and p.place in ("query", "body") for p in BY_NAME[example.route].parameters)
    if example.body is not None and "tenant" in example.body:
        can_name = False
    cells = [Cell(example, caller, can_name) for caller in CALLERS]
    return cells + ([Cell(example, OTHER, False)] if can_name else [])


def sent(world: World, cell: Cell, things: Things) -> Any:
    """The reply to a cell's request."""
    example, values = cell.example, world.values(things, cell.caller)
    if example.makes is not None:
        assert things[example.makes]
    path = cell.route.path.format_map({place: values[thing] for place, thing in example.in_path().items()})
    query, body = _filled(example.query, values), _filled(example.body, values)
    if cell.tenant:
        if cell.route.method in ("GET", "DELETE"):
            query = {**query, "tenant": "acme"}
        else:
            body = {**(body or {}), "tenant": "acme"}
    given = {"query": query, "body": body, "data": example.data, "headers": example.headers}
    return world.ask(cell.caller, cell.route.method, path, session=example.session, **given)


def _filled(value: Any, values: Any) -> Any:
    if isinstance(value, dict):
        return {name: _filled(inner, values) for name, inner in value.items()}
    if isinstance(value, list):
        return [_filled(inner, values) for inner in value]
    return value.format_map(values) if isinstance(value, str) else value


def differences(cell: Cell, reply: Any) -> list[str]:
    """What in the reply is not as the table says."""
    given = repr(cell.example.body).lower()
    seen = {mark for mark in MARKS if mark in reply.text}
    allowed = set(MARKS) if cell.example.route in PUBLIC else cell.may_see | {m for m in MARKS if m in given}
    who = f"{cell.caller.name}{' naming the tenant' if cell.tenant else ''}"
    found = []
    if reply.status != cell.expected:
        found.append(f"{who}: {reply.status} in place of {cell.expected}: {reply.text[-300:]}")
    if seen - allowed:
        found.append(f"{who}: was shown {seen - allowed}: {reply.text}")
    if reply.status == cell.expected and cell.must_see - seen:
        found.append(f"{who}: was not shown {cell.must_see - seen}: {reply.text}")
    if any(rule.empty and rule.is_about(cell) for rule in EXCEPTIONS) and '"items":[]' not in reply.text:
        found.append(f"{who}: was shown items: {reply.text}")
    return found


@pytest.mark.parametrize("example", EXAMPLES, ids=[f"{n} {one.route}" for n, one in enumerate(EXAMPLES)])
def test_everybody_gets_what_the_policy_says_and_no_mark_reaches_a_stranger(world, example):
    found: list[str] = []
    cells = sorted(cells_of(example), key=lambda cell: cell.expected < 300)
    refused = [cell for cell in cells if cell.expected >= 300]
    before = world.state()
    for cell in refused:
        found += differences(cell, sent(world, cell, world.things))
    assert (found, world.state()) == ([], before), "who was refused changed nothing"
    for cell in cells[len(refused) :]:
        found += differences(cell, sent(world, cell, Things(world, fresh=True)))
    assert found == []


def test_every_route_has_an_example(world):
    served = {route for route in world.routes() if route[1] not in PAGES}
    assert {f"{method} {path.removeprefix(PREFIX)}" for method, path in served} == set(BY_NAME)
    assert {example.route for example in EXAMPLES} == set(BY_NAME)


def test_every_row_of_the_policy_table_is_behind_a_route():
    assert {route.operation for route in BY_NAME.values()} == set(POLICY) - set(NOT_OVER_HTTP)


def test_every_exception_is_one():
    cells = [cell for example in EXAMPLES for cell in cells_of(example)]
    for rule in EXCEPTIONS:
        about = [cell for cell in cells if rule.is_about(cell)]
        assert any(cell.by_policy != rule.status for cell in about) or rule.empty, rule.reason
