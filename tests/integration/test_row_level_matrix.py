"""Every table × everybody × every verb, past Holdfast: PostgreSQL itself gives no more than the policy table.

For each table and verb, `TABLES` names the operation of the policy that needs it. Whoever asks has the reach that the
policy gives their role in that operation, as the engine sets it; where it gives none, the least there is.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from support.configurations import keep_configurations
from support.interop import keep_messages
from support.jobs import queue_one
from support.metering import keep_usage
from support.runs import keep_runs
from support.vectors import embed_one, store_one

import holdfast
from holdfast.core.database.schema import every_table
from holdfast.core.policy import POLICY
from holdfast.core.scope import NIL, Role
from holdfast.domains.audit.sealing import seal_all

VERBS = ("SELECT", "INSERT", "UPDATE", "DELETE")
PEOPLE = {"amina": "acme", "ben": "acme", "ada": "acme", "aud": "acme", "gus": "globex", "gia": "globex"}
WITH_THINGS = ("amina", "ben", "gus")
Key = tuple[Any, ...]
Label = tuple[UUID | None, UUID | None]
"""A row's tenant and owner."""


@dataclass(frozen=True)
class Caller:
    """Who asks. `forged`: a reach that no tenant's role has, set all the same."""

    name: str
    person: str | None
    role: Role | None
    forged: str | None = None


CALLERS = (
    Caller("owner", "amina", "member"),
    Caller("owner with a platform's reach", "amina", "member", "all"),
    Caller("colleague", "ben", "member"),
    Caller("administrator", "ada", "admin"),
    Caller("auditor", "aud", "auditor"),
    Caller("other tenant's member", "gus", "member"),
    Caller("other tenant's administrator", "gia", "admin"),
    Caller("no scope", None, None),
)

_CONVERSATION = "(SELECT c.owner_id FROM conversations c WHERE c.id = t.conversation_id)"
_CONNECTION = "(SELECT c.created_by FROM connections c WHERE c.id = t.connection_id)"
_BASE = "(SELECT b.created_by FROM knowledge_bases b WHERE b.id = t.base_id)"
_WORDS_OF = (
    "coalesce((SELECT b.created_by FROM knowledge_bases b WHERE b.id = t.about),"
    " (SELECT f.recorded_by FROM facts f WHERE f.about_id = t.about LIMIT 1),"
    " (SELECT c.owner_id FROM configurations c WHERE c.id = t.about))"
)
_CONFIGURATION = "(SELECT c.owner_id FROM configurations c WHERE c.id = t.configuration_id)"
_ANOTHER_MEMBER = (
    "SELECT m.user_id FROM memberships m JOIN memberships s USING (tenant_id) WHERE s.user_id = %s"
    " AND m.user_id NOT IN (SELECT user_id FROM configuration_shares) LIMIT 1"
)
_REQUEST = (
    "(SELECT c.owner_id FROM configurations c JOIN change_requests r ON r.configuration_id = c.id"
    " WHERE r.id = t.request_id)"
)
_ANOTHER_APPROVER = (
    "SELECT m.user_id FROM memberships m JOIN memberships s USING (tenant_id) WHERE s.user_id = %s"
    " AND m.user_id NOT IN (SELECT approver_id FROM change_approvals)"
    " AND m.user_id NOT IN (SELECT author_id FROM change_requests) LIMIT 1"
)
_RETRIEVAL = "(SELECT r.actor_id FROM retrievals r WHERE r.id = t.retrieval_id)"
_NOBODYS = f"'{NIL}'::uuid"
_DECISION = "(SELECT d.decided_by FROM decisions d WHERE d.id = t.decision_id)"
_UNRATED = (
    "SELECT m.id FROM messages m WHERE m.conversation_id = (SELECT conversation_id FROM messages WHERE id = %s)"
    " AND m.role = 'assistant' AND NOT EXISTS (SELECT FROM feedback f WHERE f.message_id = m.id)"
)
_OTHER_INDEX = (
    "SELECT i.id FROM vector_indexes i JOIN vector_indexes o ON o.tenant_id = i.tenant_id"
    " WHERE o.id = %s AND i.id <> o.id"
)
_BARE = (
    "SELECT s.id FROM record_sets s WHERE s.name LIKE 'bare%%' AND s.tenant_id ="
    " (SELECT o.tenant_id FROM record_sets o WHERE o.id = %s)"
)
_LIVE = (
    "SELECT c.id FROM connections c WHERE c.status <> 'revoked' AND c.created_by ="
    " (SELECT o.created_by FROM connections o WHERE o.id = %s)"
)


@dataclass(frozen=True)
class Protected:
    """A table. `owner`: an SQL expression for whose a row is (`t` is the row), None where it is the whole tenant's.

    `verbs`: the operation behind each that is granted; a reach, where it is the same for everybody. `new`: what a copy
    of a row needs to be another row: a value, or a query that is given the column's old one.
    """

    owner: str | None
    verbs: dict[str, str]
    new: dict[str, Any] = field(default_factory=dict)
    refer: tuple[str, ...] = ()
    """Tables that refer to it: their rows go first when its own do."""
    shared: bool = False
    """Everybody in the tenant reads it, whoever may change it."""


def _new_id() -> str:
    return str(uuid4())


def _preference() -> Protected:
    changed = dict.fromkeys(("INSERT", "UPDATE", "DELETE"), "identity.set_preference")
    return Protected("t.user_id", {"SELECT": "identity.read_preferences", **changed}, {"name": "other"})


def _knowledge(owner: str, *refer: str, **new: Any) -> Protected:
    changed = dict.fromkeys(("INSERT", "UPDATE", "DELETE"), "knowledge.edit")
    return Protected(owner, {"SELECT": "knowledge.read", **changed}, new, refer)


def _asked(owner: str, **new: Any) -> Protected:
    verbs = {"SELECT": "knowledge.read", "INSERT": "knowledge.search", "UPDATE": "knowledge.cite"}
    return Protected(owner, verbs, new)


def _tenants(*verbs: str, **new: Any) -> Protected:
    return Protected(None, dict.fromkeys(verbs, "tenant"), new)


def _words(**new: Any) -> Protected:
    """The text index, filled here with facts about people, and with chunks, which are nobody's own."""
    """The text index, of facts about people and of documents: those are whose the base is."""
    changed = {"INSERT": "memory.remember", "UPDATE": "memory.remember", "DELETE": "memory.forget"}
    return Protected(_WORDS_OF, {"SELECT": "memory.read", **changed}, new)


def _usage(owner: str, *verbs: str, **new: Any) -> Protected:
    operations = dict.fromkeys(verbs, "metering.record")
    return Protected(owner, {"SELECT": "metering.record", **operations}, new)


TABLES = {
    "conversations": Protected(
        "t.owner_id",
        {"SELECT": "conversations.read", "INSERT": "conversations.create", "UPDATE": "conversations.edit"},
        {"id": _new_id},
    ),
    "messages": Protected(
        "t.owner_id",
        {"SELECT": "conversations.read", "INSERT": "conversations.append"},
        {"seq": 1_000, "id": _new_id},
    ),
    "summaries": Protected(
        _CONVERSATION, {"SELECT": "conversations.read", "INSERT": "conversations.summarize"}, {"version": 1_000}
    ),
    "attachments": Protected(
        _CONVERSATION, {"SELECT": "conversations.read", "INSERT": "conversations.append"}, {"digest": r"\x" + "0" * 64}
    ),
    "feedback": Protected(
        "t.user_id",
        {"SELECT": "conversations.read", "INSERT": "conversations.rate", "UPDATE": "conversations.rate"},
        {"message_id": _UNRATED},
    ),
    "preferences": _preference(),
    "user_preferences": _preference(),
    "connections": Protected(
        "t.created_by",
        {"SELECT": "connections.list", "INSERT": "connections.put", "UPDATE": "connections.put"},
        {"id": _new_id, "platform": "meta_ads"},
    ),
    "facts": Protected(
        "coalesce(t.owner_id, t.recorded_by)",
        {
            "SELECT": "memory.read",
            "INSERT": "memory.remember",
            "UPDATE": "memory.remember",
            "DELETE": "memory.forget",
        },
        {"id": _new_id, "key": "other"},
    ),
    "fact_sources": Protected(
        "t.recorded_by",
        {"SELECT": "memory.read", "INSERT": "memory.remember", "DELETE": "memory.forget"},
        {"number": 1_000, "request_id": None},
    ),
    "fact_cursors": Protected(
        _CONVERSATION,
        {"SELECT": "memory.remember", "INSERT": "memory.remember", "UPDATE": "memory.remember"},
        {"extractor": "other"},
    ),
    "embedded_conversations": Protected(
        _CONVERSATION,
        {"SELECT": "conversations.embed", "INSERT": "conversations.embed", "UPDATE": "conversations.embed"},
        {"index_id": _OTHER_INDEX},
    ),
    "lexical_index": _words(item_id=_new_id),
    "lexical_counts": _words(word=_new_id),
    "metric_snapshots": Protected(
        "t.created_by",
        {
            "SELECT": "connections.read_snapshots",
            "INSERT": "connections.snapshot",
            "UPDATE": "connections.snapshot",
        },
        {"id": _new_id, "platform": "meta_ads"},
    ),
    "revocations": Protected(
        _CONNECTION,
        {"SELECT": "connections.list", "INSERT": "connections.revoke", "UPDATE": "connections.revoke"},
        {"connection_id": _LIVE},
    ),
    "knowledge_bases": _knowledge("t.created_by", "chunks", "documents", id=_new_id, name="other"),
    "documents": _knowledge(_BASE, "chunks", id=_new_id, digest=r"\x" + "0" * 64),
    "chunks": _knowledge(_BASE, id=_new_id),
    "configurations": Protected(
        "t.owner_id",
        {
            "SELECT": "configurations.read",
            "INSERT": "configurations.edit",
            "UPDATE": "configurations.edit",
        },
        {"id": _new_id, "name": "other"},
    ),
    "configuration_versions": Protected(
        _CONFIGURATION, {"SELECT": "configurations.read", "INSERT": "configurations.edit"}, {"version": 1_000}
    ),
    "configuration_branches": Protected(
        _CONFIGURATION,
        {"SELECT": "configurations.read", "INSERT": "configurations.edit", "UPDATE": "configurations.edit"},
        {"name": "other"},
    ),
    "change_requests": Protected(
        _CONFIGURATION,
        {"SELECT": "configurations.read", "INSERT": "configurations.review", "UPDATE": "configurations.review"},
        {"id": _new_id},
    ),
    "change_approvals": Protected(
        _REQUEST,
        {"SELECT": "configurations.read", "INSERT": "configurations.review"},
        {"approver_id": _ANOTHER_APPROVER},
    ),
    "change_comments": Protected(
        _REQUEST, {"SELECT": "configurations.read", "INSERT": "configurations.review"}, {"id": _new_id}
    ),
    "configuration_uses": Protected(
        _CONFIGURATION,
        {"SELECT": "configurations.read", "INSERT": "configurations.rate", "UPDATE": "configurations.rate"},
        {"version": 1_000},
    ),
    "configuration_feedback": Protected(
        _CONFIGURATION, {"SELECT": "configurations.read", "INSERT": "configurations.rate"}, {"id": _new_id}
    ),
    "configuration_rules": Protected(None, {"SELECT": "tenant", "INSERT": "configurations.govern"}, {"number": 1_000}),
    "notifications": Protected(
        "t.user_id",
        {"SELECT": "configurations.inbox", "INSERT": "tenant", "UPDATE": "configurations.inbox"},
        {"id": _new_id},
    ),
    "configuration_shares": Protected(
        "t.owner_id",
        {"SELECT": "configurations.read", **dict.fromkeys(("INSERT", "UPDATE", "DELETE"), "configurations.share")},
        {"user_id": _ANOTHER_MEMBER},
    ),
    "interop_profiles": Protected(
        "t.owner_id", dict.fromkeys(("SELECT", "INSERT", "UPDATE"), "interop.analyse"), {"vendor": "other"}
    ),
    "interop_lots": Protected(
        "t.owner_id", dict.fromkeys(("SELECT", "INSERT", "DELETE"), "interop.analyse"), {"batch_id": _new_id}
    ),
    "interop_samples": Protected(
        "t.owner_id",
        {"SELECT": "interop.samples", "INSERT": "interop.analyse", "DELETE": "interop.delete_samples"},
        {"digest": "other"},
    ),
    "retrievals": _asked("t.actor_id", id=_new_id),
    "retrieval_hits": _asked(_RETRIEVAL, rank=1_000),
    "workflows": _tenants("SELECT", "INSERT", "UPDATE", id=_new_id, external_id=_new_id),
    "run_executions": _tenants("SELECT", "INSERT", execution_id=_new_id),
    "runs": Protected(
        f"CASE WHEN t.conversation_id IS NULL THEN {_NOBODYS} ELSE t.started_by END",
        {"SELECT": "runs.read", "INSERT": "runs.execute", "UPDATE": "runs.execute"},
        {"id": _new_id},
    ),
    "run_attachments": Protected(
        "(SELECT CASE WHEN r.conversation_id IS NULL THEN " + _NOBODYS + " ELSE r.started_by END FROM runs r"
        " WHERE r.tenant_id = t.tenant_id AND r.id = t.run_id)",
        {"SELECT": "runs.read", "INSERT": "runs.execute", "DELETE": "runs.execute"},
        {"part": "output"},
    ),
    "run_rollups": Protected(
        f"CASE WHEN t.starter_id = {_NOBODYS} THEN {_NOBODYS} ELSE t.starter_id END",
        {"SELECT": "runs.read", "INSERT": "runs.execute", "UPDATE": "runs.execute"},
        {"bucket": 7},
    ),
    "decisions": Protected("t.decided_by", {"SELECT": "runs.read", "INSERT": "runs.decide"}, {"id": _new_id}),
    "decision_subjects": Protected(
        _DECISION, {"SELECT": "runs.read", "INSERT": "runs.decide"}, {"subject": r"\x" + "0" * 64}
    ),
    "decision_reasons": Protected(_DECISION, {"SELECT": "runs.read", "INSERT": "runs.decide"}, {"reason": "other"}),
    "jobs": Protected(
        "t.requested_by",
        {"SELECT": "jobs.read", "INSERT": "jobs.submit", "UPDATE": "jobs.control"},
        {"id": _new_id, "key": None},
    ),
    "record_sets": Protected(
        "t.created_by",
        {"SELECT": "records.read", **dict.fromkeys(("INSERT", "UPDATE", "DELETE"), "records.define")},
        {"id": _new_id, "name": "other"},
        shared=True,
        refer=("records", "record_changes", "record_versions", "record_grants"),
    ),
    "record_changes": _tenants(*VERBS, set_id=_BARE),
    "record_grants": Protected(
        "(SELECT s.created_by FROM record_sets s WHERE s.id = t.set_id)",
        {"SELECT": "records.read", **dict.fromkeys(("INSERT", "UPDATE", "DELETE"), "records.share")},
        {"reader_id": _new_id},
        shared=True,
    ),
    "records": _tenants(*VERBS, key="other", id=_new_id),
    "usage_events": _usage("t.user_id", "INSERT", id=_new_id),
    "usage_requests": Protected("t.recorded_by", {"SELECT": "own", "INSERT": "own"}, {"request_id": "other"}),
    "usage_rollups": _usage("t.user_id", "INSERT", "UPDATE", operation="other"),
    "usage_conversations": _usage("t.user_id", "INSERT", "UPDATE", conversation_id=_new_id),
    "usage_prices": _tenants("SELECT"),
    "limits": _tenants("SELECT"),
    "limit_counters": _tenants("SELECT", "INSERT", "UPDATE", period="2020-01-01T00:00:00Z"),
    "limit_slots": _tenants(*VERBS, slot="2020-01-01T00:00:00Z"),
    "limit_holds": _tenants("SELECT", "INSERT", "UPDATE", id=_new_id),
    "record_versions": _tenants("SELECT", "INSERT", "DELETE", version=1_000),
    "idempotent_requests": Protected("t.actor_id", {"SELECT": "own", "INSERT": "own"}, {"key": "other"}),
    "audit_events": Protected(
        "unnest(ARRAY[t.owner_id, t.actor_id])", {"SELECT": "audit.events", "INSERT": "tenant"}, {"id": _new_id}
    ),  # a line names whoever it is about; nobody but the key ring's holder makes its code
    "tenants": _tenants("SELECT"),
    "users": _tenants("SELECT"),
    "memberships": _tenants("SELECT"),
    "workspaces": _tenants("SELECT"),
    "workspace_members": _tenants("SELECT"),
    "data_keys": _tenants("SELECT"),
    "audit_seals": _tenants("SELECT"),
    "unindexed_conversations": _tenants("SELECT", "INSERT", "DELETE", conversation_id=_new_id),
    "message_index": _tenants("INSERT", message_id=_new_id),
    "outside_vectors": _tenants("SELECT", "INSERT", "UPDATE", item_id=_new_id),
    "vector_indexes": _tenants(*VERBS, id=_new_id),
    "vectors": Protected(
        "t.owner_id",
        {"SELECT": "conversations.read", **dict.fromkeys(("INSERT", "UPDATE", "DELETE"), "conversations.edit")},
        {"item_id": _new_id},
    ),
    **{name: _tenants() for name in ("passwords", "sessions", "api_keys", "oidc_identities", "oidc_logins", "purges")},
    "job_schedules": _tenants(),
}
TOLD = {"audit_events", "notifications"}
"""Rows that are also of people who have nothing of their own here."""
MAY_BE_EMPTY = {"passwords", "sessions", "api_keys", "oidc_identities", "oidc_logins", "purges", "job_schedules"}
"""The application role touches these in no way."""
OF_THE_TENANT = {
    "tenants": "t.id",
    "user_preferences": "NULL::uuid",
    "oidc_logins": "t.tenant_id",
    "job_schedules": "NULL",
}
"""Where a row's tenant is not in `tenant_id`."""


class Database:
    """A store in which everybody has everything, seen past Holdfast."""

    def __init__(self, url: str) -> None:
        self.ids: dict[str, UUID] = {}
        self.tenants: dict[str, UUID] = {}
        self._fill(url)
        self.superuser = psycopg.connect(url, autocommit=True)
        self.app = psycopg.connect(url)
        self.superuser.execute("SET search_path = holdfast, public")
        self.app.execute("SET ROLE holdfast_app; SET search_path = holdfast, public")
        self.app.commit()
        self._beside()
        self.labels = {name: self._labels(name) for name in TABLES}
        self.copies = {name: self._copies(name) for name in TABLES if "INSERT" in TABLES[name].verbs}

    def _fill(self, url: str) -> None:
        with holdfast.open(url) as store:
            root = store.system()
            root.identity.create_user("gia@globex.test", tenant="globex", role="admin")
            for name, tenant in PEOPLE.items():
                person = store.tenant(tenant).user(f"{name}@{tenant}.test")
                assert person.scope.actor_id is not None and person.scope.tenant_id is not None
                root.identity.set_clearance(f"{name}@{tenant}.test", ["D"], tenant=tenant)
                person = store.tenant(tenant).user(f"{name}@{tenant}.test")
                self.ids[name], self.tenants[tenant] = person.scope.actor_id, person.scope.tenant_id
                if name in WITH_THINGS:
                    client = root.identity.create_workspace(f"Client of {name}", tenant=tenant)
                    root.identity.assign(client.id, f"{name}@{tenant}.test", tenant=tenant)
                    _make_things(person, client.id)
                    keep_configurations(person, *_colleagues(store, tenant))
                    keep_usage(root, person, tenant)
                    store_one(store.engine, person.scope)
                    queue_one(store.engine, person.scope)
                    made = keep_runs(person)
                    chat = person.conversations.list().items[0].id
                    person.runs.finish(person.runs.start(made.id, conversation=chat, input="x" * 300_000).id)
                    keep_messages(store.engine, person.scope)
                    embed_one(store.engine, person.scope)
            for tenant_id in self.tenants.values():
                root.keys._replace_key(store.engine.vault.new_row(tenant_id, "hashes"), set())
            seal_all(store.engine, set(self.tenants.values()))

    def _beside(self) -> None:
        """What Holdfast makes in passing: the queue of the search index, answers of requests."""
        for name in WITH_THINGS:
            place = (self.tenants[PEOPLE[name]], self.ids[name])
            row = "INSERT INTO idempotent_requests VALUES (%s, %s, 'k', %s, '{}', now())"
            self.superuser.execute(row, (*place, b"0" * 32))
            cursor = (
                "INSERT INTO fact_cursors SELECT tenant_id, id, 'one', 1, now() FROM conversations WHERE owner_id = %s"
            )
            self.superuser.execute(cursor, (place[1],))
            bare = (
                "INSERT INTO record_sets SELECT tenant_id, gen_random_uuid(), 'bare ' || id, NULL, key, schema,"
                " indexed, text, NULL, NULL, NULL, false, false, created_by, now(), now() FROM record_sets"
                " WHERE created_by = %s"
            )
            self.superuser.execute(bare, (place[1],))
            grant = (
                "INSERT INTO record_grants SELECT tenant_id, id, gen_random_uuid(), 'a', 'b', '', created_by, now()"
                " FROM record_sets WHERE created_by = %s AND name LIKE 'set of %%'"
            )
            self.superuser.execute(grant, (place[1],))
            queue = "INSERT INTO unindexed_conversations SELECT tenant_id, id FROM conversations WHERE owner_id = %s"
            self.superuser.execute(queue + " ON CONFLICT DO NOTHING", (place[1],))

    def _labels(self, name: str) -> dict[Key, set[Label]]:
        """Whose each row is, by its key. A person can be of two tenants."""
        keys = ", ".join(f"t.{column}" for column in _key(name))
        tenant, source = OF_THE_TENANT.get(name, "t.tenant_id"), f"{name} t"
        if name == "users":
            tenant, source = "m.tenant_id", "users t JOIN memberships m ON m.user_id = t.id"
        found = self.superuser.execute(f"SELECT {tenant}, {TABLES[name].owner or 'NULL::uuid'}, {keys} FROM {source}")
        labels: dict[Key, set[Label]] = {}
        for tenant_id, owner, *key in found:
            labels.setdefault(tuple(key), set()).add((tenant_id, owner))
        return labels

    def _copies(self, name: str) -> list[tuple[Label, dict[str, Any]]]:
        """For each owner, a row that is like one of theirs, and is not there yet."""
        table, made = TABLES[name], {}
        tenant = OF_THE_TENANT.get(name, "t.tenant_id")
        rows = self.superuser.execute(f"SELECT {tenant}, {table.owner or 'NULL::uuid'}, to_jsonb(t) FROM {name} t")
        for tenant_id, owner, row in rows.fetchall():
            if (table.owner is None or owner in self.ids.values()) and (tenant_id, owner) not in made:
                made[tenant_id, owner] = {column: self._another(column, value, table) for column, value in row.items()}
        return list(made.items())

    def _another(self, column: str, value: Any, table: Protected) -> Any:
        wanted = table.new.get(column, value)
        if callable(wanted):
            return wanted()
        if column in table.new and str(wanted).startswith("SELECT"):
            found = self.superuser.execute(wanted, (value,)).fetchone()
            assert found is not None, f"nothing to copy {column} with"
            return str(found[0])
        return wanted

    def become(self, caller: Caller, reach: str) -> None:
        """What the engine sets at the beginning of a transaction."""
        if caller.person is None:
            return
        scope = {"tenant_id": self.tenants[PEOPLE[caller.person]], "actor_id": self.ids[caller.person], "reach": reach}
        scope["levels"] = "D"  # which everybody has been given
        for name, value in scope.items():
            self.app.execute("SELECT set_config(%s, %s, true)", (f"holdfast.{name}", str(value)))

    def touched(self, caller: Caller, reach: str, name: str, verb: str) -> set[Key] | None:
        """The keys of the rows that a statement over the whole table sees or changes; None when it is refused."""
        keys = ", ".join(_key(name))
        statement = {
            "SELECT": f"SELECT {keys} FROM {name}",
            "UPDATE": f"UPDATE {name} SET {_key(name)[0]} = {_key(name)[0]} RETURNING {keys}",
            "DELETE": f"DELETE FROM {name} RETURNING {keys}",
        }[verb]
        with self.app.transaction(force_rollback=True):
            self.become(caller, reach)
            try:
                for table in TABLES[name].refer if verb == "DELETE" else ():
                    self.app.execute(f"DELETE FROM {table}")
                return set(self.app.execute(statement).fetchall())
            except psycopg.errors.InsufficientPrivilege:
                raise psycopg.Rollback from None  # leaves the block, which then gives nothing
        return None

    def inserts(self, caller: Caller, reach: str, name: str, row: dict[str, Any]) -> bool:
        """Whether a row can be added."""
        with self.app.transaction(force_rollback=True):
            self.become(caller, reach)
            values = f"INSERT INTO {name} SELECT * FROM jsonb_populate_record(NULL::{name}, %s::jsonb)"
            try:
                self.app.execute(values, (json.dumps(row),))
            except psycopg.errors.InsufficientPrivilege:
                raise psycopg.Rollback from None
            return True
        return False

    def belongs(self, label: Label, caller: Caller, reach: str) -> bool:
        """Whether a row of this label is within the caller's reach."""
        if caller.person is None:
            return False
        tenant_id, owner = label
        if tenant_id not in (None, self.tenants[PEOPLE[caller.person]]):
            return False
        if owner == NIL:  # nobody's own: whoever is cleared for its level, as all are here
            return True
        return owner == self.ids[caller.person] or (reach == "tenant" and tenant_id is not None)

    def close(self) -> None:
        """Both connections."""
        self.app.close()
        self.superuser.close()


def _colleagues(store: Any, tenant: str) -> tuple[Any, Any]:
    """Of everybody with things: one with whom they are shared, and an administrator."""
    emails = {"acme": ("oli@acme.test", "ada@acme.test"), "globex": ("gia@globex.test", "gia@globex.test")}
    one, other = (store.tenant(tenant).user(email) for email in emails[tenant])
    return one, other


def _make_things(person: Any, workspace: UUID) -> None:
    c, k = person.conversations, person.connections
    chat = c.create(title="chat")
    c.append(chat.id, role="user", content="question")
    c.rate(c.append(chat.id, role="assistant", content="answer").id, 1)
    c.append(chat.id, role="assistant", content="another answer")
    c.summarize(chat.id, "Summary.")
    c.attach(chat.id, b"bytes", name="a", media_type="text/plain")
    c.search("question")  # what waits for the index is indexed
    person.memory.remember("style", "concise")
    person.memory.remember("budget", 5, workspace=workspace)
    person.identity.set_preference("a", 1)
    person.identity.set_preference("a", 1, everywhere=True)
    k.put("google_ads", workspace=workspace, access_token="at")
    k.revoke("google_ads", workspace=workspace)
    k.put("google_ads", workspace=workspace, access_token="at")
    k.snapshot("google_ads", workspace=workspace, metrics={"clicks": 1})
    base = person.knowledge.create_base(f"base of {person.scope.actor_id}", workspace=workspace)
    person.knowledge.add(base.id, "something to read")
    person.knowledge.search("read", base=base.id)
    person.records.define(f"set of {person.scope.actor_id}", key="id", history=True)
    person.records.put(f"set of {person.scope.actor_id}", {"id": "1"})


DECLARED = {table.name: table for table in every_table()}


def _key(name: str) -> list[str]:
    return [column.name for column in DECLARED[name].primary_key.columns]


def reach_of(caller: Caller, operation: str) -> str:
    """How far the caller reaches, and the least there is where the policy has no cell for them."""
    if caller.forged is not None:
        return caller.forged
    if operation in ("own", "tenant"):
        return operation
    return "own" if caller.role is None else POLICY[operation].get(caller.role, "own")


@pytest.fixture(scope="module")
def database(postgres, postgres_template) -> Iterator[Database]:
    made = Database(postgres.copy(postgres_template, "row_level_matrix"))
    yield made
    made.close()
    postgres.drop("row_level_matrix")


pytestmark = pytest.mark.xdist_group("row-level-matrix")


def test_every_table_is_in_the_matrix(database):
    assert set(TABLES) == {table.name for table in every_table()}
    for name, labels in database.labels.items():
        tenants = {tenant for label in labels.values() for tenant, _ in label} - {None}
        assert name in MAY_BE_EMPTY or name == "user_preferences" or tenants >= set(database.tenants.values()), name
    for name, copies in database.copies.items():
        assert len(copies) == (2 if TABLES[name].owner is None else 3) or name in TOLD, name


CHANGES = [verb for verb in VERBS if verb != "INSERT"]


@pytest.mark.parametrize("name", TABLES)
def test_rows_are_seen_and_changed_as_far_as_the_policy_reaches(database, name):
    """Every caller, every verb: a cell that differs is named."""
    cells = {(caller.name, verb): cell(database, name, caller, verb) for caller in CALLERS for verb in CHANGES}
    assert len(cells) == len(CALLERS) * len(CHANGES)
    assert {where: got for where, (got, expected) in cells.items() if got != expected} == {}


def cell(database, name, caller, verb):
    """The keys of the rows that a caller's verb touches, and of those that it may; None where it is refused."""
    operation = TABLES[name].verbs.get(verb)
    reach = reach_of(caller, operation or "tenant")
    touched = database.touched(caller, reach, name, verb)
    if operation is None:
        return touched, None
    everybodys = TABLES[name].owner is None or (verb == "SELECT" and TABLES[name].shared)
    within = "tenant" if everybodys else reach
    labels = database.labels[name].items()
    return touched, {key for key, label in labels if any(database.belongs(one, caller, within) for one in label)}


@pytest.mark.parametrize("name", [name for name, table in TABLES.items() if "INSERT" in table.verbs])
def test_rows_are_added_as_far_as_the_policy_reaches(database, name):
    operation = TABLES[name].verbs["INSERT"]
    wrong = []
    for caller in CALLERS:
        reach = reach_of(caller, operation)
        within = "tenant" if operation == "tenant" else reach
        for label, row in database.copies[name]:
            if database.inserts(caller, reach, name, row) != database.belongs(label, caller, within):
                wrong.append((caller.name, label))
    assert wrong == []


@pytest.mark.parametrize("name", [name for name, table in TABLES.items() if "INSERT" not in table.verbs])
def test_no_row_of_other_tables_is_added(database, name):
    for caller in CALLERS:
        assert not database.inserts(caller, "tenant", name, {})


LEFT_TO_HOLDFAST = {
    ("feedback", "user_id"): "the policy asks whose the message is",
    ("summaries", "created_by"): "the policy asks whose the conversation is",
    ("connections", "created_by"): "the policy asks who may work in the workspace",
    ("metric_snapshots", "created_by"): "the policy asks who may work in the workspace",
    ("documents", "created_by"): "the policy asks whose the base is",
    ("configuration_uses", "user_id"): "the policy asks who reads the configuration",
    ("configuration_feedback", "user_id"): "the policy asks who reads the configuration",
    ("notifications", "user_id"): "it names who is told, not who tells",
    ("configuration_shares", "user_id"): "it names with whom it is shared, not who shares it",
    ("audit_events", "actor_id"): "the line's code is keyed, so that a line that Holdfast did not write is found out",
}
"""Columns that name a person and that row-level security does not hold to the actor. Holdfast's own statements do."""
NAMES = {(name, column.name) for name in TABLES for column in DECLARED[name].columns} & {
    (name, column)
    for name, table in TABLES.items()
    if table.owner is not None and "INSERT" in table.verbs
    for column in ("owner_id", "user_id", "created_by", "actor_id")
    if (name, column) != ("audit_events", "owner_id")  # whose the thing is, not who did it
}


@pytest.mark.parametrize(("name", "column"), sorted(NAMES))
def test_rows_are_not_added_in_anothers_name(database, name, column):
    (row,) = (row for (_, owner), row in database.copies[name] if owner == database.ids["amina"])
    added = database.inserts(CALLERS[0], "own", name, {**row, column: str(database.ids["ben"])})
    assert added == ((name, column) in LEFT_TO_HOLDFAST)


@pytest.mark.parametrize("name", ["connections", "metric_snapshots", "revocations"])
def test_a_viewer_of_a_workspace_sees_what_is_in_it_and_changes_nothing(database, name):
    viewer = Caller("viewer", "aud", None)
    (row,) = (row for (_, owner), row in database.copies[name] if owner == database.ids["amina"])
    place = "workspace_id = %s AND user_id = %s"
    add = "INSERT INTO workspace_members VALUES (%s, %s, %s, 'viewer', now())"
    kept = database.copies["connections"] if name == "revocations" else database.copies[name]
    (there,) = (row for (_, owner), row in kept if owner == database.ids["amina"])
    who = (there["workspace_id"], database.ids["aud"])
    database.superuser.execute(add, (row["tenant_id"], *who))
    try:
        labels = database.labels[name].items()
        assert database.touched(viewer, "own", name, "SELECT") == {
            key for key, label in labels if label == {(database.tenants["acme"], database.ids["amina"])}
        }
        # who works off the queue passes over what they may not change
        assert database.touched(viewer, "own", name, "UPDATE") == (set() if name == "revocations" else None)
        assert not database.inserts(viewer, "own", name, row)
    finally:
        database.superuser.execute(f"DELETE FROM workspace_members WHERE {place}", who)
