"""Which documents a person may read is said by identity alone, and counts from the next call on."""

import pytest
from support.refusals import refused


@pytest.fixture
def root(store):
    return store.system().identity


@pytest.fixture
def oli(store):
    return store.tenant("acme").user("oli@acme.test")


def test_nobody_has_any_level_until_they_are_given_some(root, amina, oli):
    assert {member.clearance for member in amina.identity.list_members()} == {""}
    assert amina.scope.levels == oli.scope.levels == frozenset()


def test_levels_are_kept_highest_first_and_count_from_the_next_call(store, root, amina):
    assert root.set_clearance("amina@acme.test", ["D", "C", "D"], tenant="acme").clearance == "CD"
    amina.conversations.list()
    assert amina.scope.levels == {"C", "D"}
    assert root.set_clearance("amina@acme.test", [], tenant="acme").clearance == ""
    amina.conversations.list()
    assert amina.scope.levels == frozenset()


def test_a_level_is_one_tenants(store, root):
    root.set_clearance("ada@acme.test", ["S"], tenant="acme")
    assert store.tenant("acme").user("ada@acme.test").scope.levels == {"S"}
    assert store.tenant("globex").user("ada@acme.test").scope.levels == frozenset()


def test_what_is_no_level_is_refused(root):
    for levels in (["E"], ["c"], [""], ["CD"], "CD", [None]):
        refused("invalid_input", root.set_clearance, "amina@acme.test", levels, tenant="acme")
    refused("user_not_found", root.set_clearance, "gus@globex.test", ["C"], tenant="acme")


def test_an_owner_gives_levels_and_an_administrator_does_not(root, oli, ada, amina):
    for scope in (ada, amina):
        refused("permission_denied", scope.identity.set_clearance, "amina@acme.test", ["S"])
    assert oli.identity.set_clearance("amina@acme.test", ["S"]).clearance == "S"
    lines = [line for line in oli.audit.list(action="identity.set_clearance").items if line.outcome == "done"]
    assert [line.details for line in lines] == [{"clearance": "S", "before": ""}]


def test_a_credential_has_the_levels_of_its_holder_now(store, root):
    key = root.create_api_key(tenant="acme", user="amina@acme.test")
    assert store.authenticate(key.secret).scope.levels == frozenset()
    root.set_clearance("amina@acme.test", ["B"], tenant="acme")
    assert store.authenticate(key.secret).scope.levels == {"B"}
