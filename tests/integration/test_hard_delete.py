"""Hard delete: nothing of the tenant is left in any table but the trail, and nothing of another tenant is touched."""

from uuid import UUID

import pytest
from support.backdoor import Backdoor
from support.configurations import keep_configurations
from support.interop import keep_messages
from support.jobs import queue_one
from support.metering import keep_usage
from support.once import create_once
from support.records import grant_one
from support.refusals import refused
from support.runs import keep_runs
from support.vectors import embed_one, store_one

import holdfast
from holdfast.core.crypto.key_file import FileRing
from holdfast.core.crypto.running import write
from holdfast.core.database.schema import every_table
from holdfast.core.scope import OPERATOR

REASON = "the contract ended"
OUTLIVE = {table.name for table in every_table() if table.info["outlives"]}
WITH_TENANT = {table.name for table in every_table() if "tenant_id" in table.c} - {"purges"}
FILLED_BY_OTHERS = {"unindexed_conversations"}


@pytest.fixture
def root(store):
    return store.system().identity


def engine_of(store):
    return store._target._store.engine if hasattr(store, "_target") else store.engine


def fill(store, tenant, email):
    """Something in every table of a tenant."""
    root = store.system().identity
    workspace = root.create_workspace("Client", tenant=tenant)
    root.assign(workspace.id, email, tenant=tenant)
    root.set_password(email, "correct horse battery", tenant=tenant)
    root.log_in(tenant=tenant, email=email, password="correct horse battery")
    root.create_api_key(tenant=tenant, user=email)
    person = store.tenant(tenant).user(email)
    person.identity.set_preference("a", 1)
    person.identity.set_preference("a", 1, everywhere=True)
    visitor = store.authenticate(root.create_visitor(tenant=tenant).token)
    visitor.conversations.append(visitor.conversations.create().id, role="user", content="hello")
    c = person.conversations
    chat = c.create(workspace=workspace.id)
    c.append(chat.id, role="user", content="heliotrope")
    answer = c.append(chat.id, role="assistant", content="answer")
    c.rate(answer.id, 1)
    c.summarize(chat.id, "A summary.")
    c.attach(chat.id, b"bytes", name="a", media_type="text/plain")
    c.fork(chat.id, at=1)
    c.search("heliotrope")
    person.memory.remember("style", "concise", source=answer.id)
    person.memory.accept(chat.id, [], extractor="one", through=1)
    person.memory.remember("budget", 5, workspace=workspace.id)
    person.connections.put("google_ads", workspace=workspace.id, access_token="at")
    person.connections.snapshot("google_ads", workspace=workspace.id, metrics={"clicks": 1})
    person.connections.revoke("google_ads", workspace=workspace.id)
    keep_messages(engine_of(store), person.scope)
    root.set_clearance(email, ["D"], tenant=tenant)
    base = person.knowledge.create_base("base")
    person.knowledge.add(base.id, "heliotrope")
    person.knowledge.search("heliotrope")
    others = [one.email for one in root.list_members(tenant=tenant) if one.email != email and one.role != "auditor"]
    keep_configurations(person, *(store.tenant(tenant).user(one) for one in (others[0], "ada@acme.test")))
    person.records.define("codes", key="code", text=["title"], weight="weight", history=True)
    person.records.put("codes", {"code": "1", "title": "heliotrope", "weight": 2})
    grant_one(engine_of(store), person.scope, "codes")
    keep_usage(store.system(), person, tenant)
    create_once(engine_of(store), person.scope)
    store_one(engine_of(store), person.scope)
    queue_one(engine_of(store), person.scope)
    keep_runs(person)
    embed_one(engine_of(store), person.scope)
    return person


def rows_of(door, table, tenant_id):
    value = tenant_id.bytes if door.name == "sqlite" else tenant_id
    return door.run(f"SELECT count(*) FROM {table} WHERE tenant_id = ?", value)[0][0]


def counts(store, tenant_id):
    door = Backdoor(engine_of(store))
    return {table: rows_of(door, table, tenant_id) for table in WITH_TENANT}


def test_every_row_goes_and_the_trail_stays(store, root):
    acme = fill(store, "acme", "amina@acme.test").scope.tenant_id
    globex = fill(store, "globex", "gus@globex.test").scope.tenant_id
    before, other = counts(store, acme), counts(store, globex)
    empty = {table for table, count in before.items() if count == 0}
    assert empty <= FILLED_BY_OTHERS | OUTLIVE | UNUSED, "every table has something to delete"
    gone = root.delete_tenant("acme", reason=REASON)
    assert (gone.id, gone.slug) == (acme, "acme")
    assert gone.rows == {table: count for table, count in before.items() if count and table not in OUTLIVE}
    after = counts(store, acme)
    assert {table for table, count in after.items() if count} <= OUTLIVE
    assert after["audit_events"] > before["audit_events"]
    left = counts(store, globex)
    assert {table: left[table] for table in left if table not in OUTLIVE} == {
        table: other[table] for table in other if table not in OUTLIVE
    }
    refused("tenant_not_found", store.tenant, "acme")
    assert [tenant.slug for tenant in root.list_tenants()] == ["globex"]
    assert Backdoor(engine_of(store)).run("SELECT count(*) FROM purges") == [(0,)]


UNUSED = {"oidc_identities", "oidc_logins"}
"""Filled in the tests of OpenID Connect."""


def test_what_was_done_can_still_be_read_and_verified(store, root):
    acme = fill(store, "acme", "amina@acme.test").scope.tenant_id
    root.delete_tenant("acme", reason=REASON)
    trail = store.system().audit_of(acme)
    last = [event for event in trail.list().items if event.operation == "identity.delete_tenant"]
    assert any(event.details.get("reason") == REASON for event in last)
    assert trail.verify().ok


def test_people_of_no_other_tenant_go_and_the_others_stay(store, root):
    fill(store, "acme", "amina@acme.test")
    root.set_platform_role("oli@acme.test", "admin")
    door = Backdoor(engine_of(store))
    root.delete_tenant("acme", reason=REASON)
    emails = {email for (email,) in door.run("SELECT email FROM users")}
    assert emails == {"ada@acme.test", "gus@globex.test", "oli@acme.test"}
    assert store.tenant("globex").user("ada@acme.test").scope.role == "admin"
    assert door.run("SELECT count(*) FROM user_preferences") == [(0,)]


def test_who_is_inside_is_out(store, root):
    amina = fill(store, "acme", "amina@acme.test")
    key = root.create_api_key(tenant="acme", user="amina@acme.test")
    held = store.authenticate(key.secret)
    root.delete_tenant("acme", reason=REASON)
    refused("not_authenticated", store.authenticate, key.secret)
    refused("not_authenticated", held.conversations.list)
    refused("user_not_found", amina.conversations.list)


def test_the_slug_is_free_again_for_a_tenant_that_knows_nothing(store, root):
    old = fill(store, "acme", "amina@acme.test").scope.tenant_id
    root.delete_tenant("acme", reason=REASON)
    made = root.create_tenant("acme")
    assert made.id != old
    assert root.list_members(tenant="acme") == []
    assert isinstance(made.id, UUID)


def test_it_takes_a_reason_and_a_tenant(store, root, ada):
    for reason in ("", "  ", None, 5, "x" * 1_000):
        refused("invalid_input", root.delete_tenant, "acme", reason=reason)
    refused("tenant_not_found", root.delete_tenant, "nobody", reason=REASON)
    for scope in (ada, store.tenant("acme").user("oli@acme.test")):
        refused("permission_denied", scope.identity.delete_tenant, "acme", reason=REASON)
    assert store.tenant("acme").tenant.status == "active"


def test_afterwards_messages_are_append_only_as_before(store, root, place):
    fill(store, "globex", "gus@globex.test")
    root.delete_tenant("acme", reason=REASON)
    with pytest.raises(Exception, match="append-only"):
        Backdoor(engine_of(store)).run("DELETE FROM messages")


def test_its_keys_are_destroyed_so_that_no_copy_of_the_database_shows_its_secrets(tmp_path):
    ring = FileRing(tmp_path / "ring.json")
    with holdfast.create(f"sqlite:///{tmp_path}/new.db", keys=ring) as store:
        root = store.system()
        acme, globex = (root.identity.create_tenant(slug).id for slug in ("acme", "globex"))
        for tenant_id in (acme, globex):
            write(store.engine, OPERATOR, "all", lambda tx, of=tenant_id: store.engine.vault.current(tx, of, "fields"))
        assert root.identity.delete_tenant("acme", reason=REASON).backups_too
        states = {key.tenant_id: key.state for key in root.keys.list_keys() if key.tenant_id in (acme, globex)}
        assert states == {acme: "destroyed", globex: "current"}


def test_nothing_of_it_stays_in_the_file(tmp_path):
    """Of an unencrypted file, while another process has it open, so that closing does not remove the log."""
    path = tmp_path / "new.db"
    with holdfast.create(f"sqlite:///{path}") as store:
        root = store.system().identity
        for slug in ("acme", "globex"):
            root.create_tenant(slug)
            root.create_user("amina@acme.test", tenant=slug)
            c = store.tenant(slug).user("amina@acme.test").conversations
            chat = c.create(title=f"titled{slug}")
            for n in range(50):
                c.append(chat.id, role="user", content=f"planted{slug}word{n} " * 200)
            assert c.search(f"planted{slug}word7")
        other = store.engine.connect()
        other.execute("SELECT count(*) FROM tenants").fetchall()
        root.delete_tenant("acme", reason=REASON)
    found = b"".join(file.read_bytes() for file in tmp_path.glob("new.db*"))
    other.close()
    assert b"plantedglobexword7" in found
    assert b"titledacme" not in found and b"plantedacmeword7 " not in found
    assert b"plantedacmeword" not in found, "in the search index"
