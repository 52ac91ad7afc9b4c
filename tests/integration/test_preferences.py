"""Preferences: typed, one at a time, everywhere or within a tenant, and nobody else's."""

import pytest
from support.refusals import refused

VALUES = ["concise", "", 0, 1.5, True, False, [], [1, None, "a"], {}, {"a": {"b": [1, 2]}}, "ä✓", 2**62]


@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_a_value_comes_back_as_it_was(amina, value):
    made = amina.identity.set_preference("answer_style", value)
    assert (made.name, made.value) == ("answer_style", value)
    found = amina.identity.preference("answer_style")
    assert found == value and type(found) is type(value)


def test_each_is_set_changed_and_removed_alone(amina):
    identity = amina.identity
    identity.set_preference("a", 1)
    identity.set_preference("b", 2)
    identity.set_preference("a", 3)
    assert identity.preferences() == {"a": 3, "b": 2}
    identity.remove_preference("a")
    assert identity.preferences() == {"b": 2}
    assert "no preference 'a'" in refused("preference_not_found", identity.preference, "a")
    refused("preference_not_found", identity.remove_preference, "a")


def test_what_holds_here_goes_before_what_holds_everywhere(store):
    here = store.tenant("acme").user("ada@acme.test").identity
    there = store.tenant("globex").user("ada@acme.test").identity
    here.set_preference("language", "en", everywhere=True)
    here.set_preference("language", "de")
    assert (here.preference("language"), there.preference("language")) == ("de", "en")
    assert (here.preferences(), there.preferences()) == ({"language": "de"}, {"language": "en"})
    here.remove_preference("language")
    assert here.preference("language") == "en"
    there.remove_preference("language", everywhere=True)
    assert here.preferences() == {}


def test_nobody_sees_or_changes_anothers(amina, ben, ada, gus):
    amina.identity.set_preference("style", "hers", everywhere=True)
    amina.identity.set_preference("tone", "hers")
    for other in (ben, ada, gus):
        assert other.identity.preferences() == {}
        refused("preference_not_found", other.identity.preference, "style")
        refused("preference_not_found", other.identity.remove_preference, "tone")
        other.identity.set_preference("style", "mine", everywhere=True)
    assert amina.identity.preferences() == {"style": "hers", "tone": "hers"}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("", 1),
        (None, 1),
        ("a\0", 1),
        ("x" * 501, 1),
        ("a", None),
        ("a", object()),
        ("a", float("nan")),
        ("a", "x" * 70_000),
        ("a", "\0"),
        ("a", 2**63),
        ("a", {1: 2}),
    ],
)
def test_what_is_no_preference_is_refused(amina, name, value):
    refused("invalid_input", amina.identity.set_preference, name, value)
    assert amina.identity.preferences() == {}


def test_the_operator_has_none(store):
    refused("permission_denied", store.system().identity.preferences)
    refused("permission_denied", store.system().identity.set_preference, "a", 1)


def test_what_holds_everywhere_is_out_of_reach_for_who_administers_one_tenant(store, amina):
    """An administrator of another tenant makes her a member there, sets her a password, and logs in as her."""
    amina.identity.set_preference("language", "en", everywhere=True)
    amina.identity.set_preference("tone", "dry")
    gia = store.tenant("globex").user("ada@acme.test").identity
    gia.create_user("amina@acme.test")
    gia.set_password("amina@acme.test", "a long enough password")
    token = (
        store.system()
        .identity.log_in(tenant="globex", email="amina@acme.test", password="a long enough password")
        .token
    )
    taken = store.authenticate(token).identity
    keyed = store.authenticate(taken.create_api_key().secret).identity
    for identity in (taken, keyed):
        assert identity.preferences() == {}
        refused("preference_not_found", identity.preference, "language")
        refused("credential_refused", identity.set_preference, "language", "de", everywhere=True)
        refused("credential_refused", identity.remove_preference, "language", everywhere=True)
    taken.set_preference("language", "fr")
    assert keyed.preferences() == {"language": "fr"}
    assert amina.identity.preferences() == {"language": "en", "tone": "dry"}
