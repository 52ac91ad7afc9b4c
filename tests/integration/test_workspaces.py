"""Workspaces: open to all until people are assigned; archived, restored, deleted."""

from uuid import UUID

import pytest
from support.refusals import refused

NOWHERE = UUID(int=1)


@pytest.fixture
def client(ada):
    return ada.identity.create_workspace("Client")


def create_in(scope, workspace):
    return scope.conversations.create(workspace=workspace.id)


def names(scope, **options):
    return [workspace.name for workspace in scope.identity.list_workspaces(**options)]


def test_a_workspace_with_nobody_assigned_is_open_to_every_member(amina, ben, gus, client):
    for scope in (amina, ben):
        assert names(scope) == ["Client"]
        assert create_in(scope, client).workspace_id == client.id
    assert names(gus) == []
    refused("workspace_not_found", create_in, gus, client)


def test_assigned_people_make_it_theirs(store, amina, ben, ada, client):
    made = ada.identity.assign(client.id, "amina@acme.test")
    assert (made.email, made.role, made.user_id) == ("amina@acme.test", "editor", amina.scope.actor_id)
    assert create_in(amina, client) and names(amina) == ["Client"]
    refused("workspace_not_found", create_in, ben, client)
    assert names(ben) == []
    for email in ("ada@acme.test", "oli@acme.test"):
        scope = store.tenant("acme").user(email)
        assert create_in(scope, client) and names(scope) == ["Client"]
    assert names(store.tenant("acme").user("aud@acme.test")) == ["Client"]
    ada.identity.unassign(client.id, "amina@acme.test")
    assert names(ben) == ["Client"] and create_in(ben, client)


def test_a_viewer_reads_and_does_not_write(ben, ada, client):
    ada.identity.assign(client.id, "ben@acme.test", "viewer")
    assert names(ben) == ["Client"]
    assert "viewer" in refused("workspace_read_only", create_in, ben, client)
    assert ada.identity.assign(client.id, "ben@acme.test", "editor").role == "editor"
    assert create_in(ben, client)
    assert [a.role for a in ada.identity.list_assignments(client.id)] == ["editor"]


def test_assigning_is_for_those_who_administer(store, amina, ada, gus, client):
    for call in (
        lambda who: who.assign(client.id, "amina@acme.test"),
        lambda who: who.unassign(client.id, "amina@acme.test"),
        lambda who: who.archive_workspace(client.id),
        lambda who: who.restore_workspace(client.id),
        lambda who: who.delete_workspace(client.id),
        lambda who: who.list_assignments(client.id),
    ):
        refused("permission_denied", call, amina.identity)
        refused("workspace_not_found", call, store.tenant("globex").user("ada@acme.test").identity)
    refused("user_not_found", ada.identity.assign, client.id, "gus@globex.test")
    refused("not_assigned", ada.identity.unassign, client.id, "ben@acme.test")
    refused("workspace_not_found", ada.identity.assign, NOWHERE, "amina@acme.test")
    refused("invalid_input", ada.identity.assign, client.id, "amina@acme.test", "owner")
    refused("invalid_input", ada.identity.assign, "x", "amina@acme.test")


def test_the_operator_names_the_tenant(store, client):
    root = store.system().identity
    root.assign(client.id, "amina@acme.test", tenant="acme")
    assert [a.email for a in root.list_assignments(client.id, tenant="acme")] == ["amina@acme.test"]
    refused("workspace_not_found", root.assign, client.id, "gus@globex.test", tenant="globex")
    refused("invalid_input", root.list_workspaces)
    assert [w.name for w in root.list_workspaces(tenant="acme")] == ["Client"]


def test_an_archived_workspace_takes_nothing_new_until_it_is_restored(amina, ada, client):
    archived = ada.identity.archive_workspace(client.id)
    assert archived.archived_at is not None and ada.identity.archive_workspace(client.id) == archived
    assert names(amina) == [] and names(amina, archived=True) == ["Client"]
    assert "restore_workspace" in refused("workspace_archived", create_in, amina, client)
    assert ada.identity.restore_workspace(client.id).archived_at is None
    assert ada.identity.restore_workspace(client.id) == client
    assert create_in(amina, client) and names(amina) == ["Client"] and names(amina, archived=True) == []


def test_a_workspace_is_deleted_only_after_archiving_and_its_name_is_free_again(amina, ada, client):
    refused("workspace_not_archived", ada.identity.delete_workspace, client.id)
    ada.identity.archive_workspace(client.id)
    refused("workspace_exists", ada.identity.create_workspace, "Client")
    ada.identity.delete_workspace(client.id)
    assert names(ada) == names(ada, archived=True) == []
    for call in (ada.identity.restore_workspace, ada.identity.delete_workspace, ada.identity.list_assignments):
        refused("workspace_not_found", call, client.id)
    refused("workspace_not_found", create_in, amina, client)
    assert ada.identity.create_workspace("Client").id != client.id
