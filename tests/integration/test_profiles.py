"""Profiles: what a tenant shows before anybody has logged in, and only that."""

import pytest
from support.refusals import refused

BRANDING = {"colour": "#102030", "logo": "https://acme.test/logo.png"}


def test_what_is_published_is_read_by_slug(store, ada):
    shown = ada.identity.publish_profile(branding=BRANDING, routing={"chat": "https://chat.acme.test"})
    assert store.profile("acme") == shown
    assert (shown.slug, shown.name, shown.branding, shown.settings) == ("acme", "Acme Bank", BRANDING, {})
    assert shown.routing == {"chat": "https://chat.acme.test"}


def test_a_part_is_replaced_alone_and_taken_away_by_an_empty_one(store, ada):
    ada.identity.publish_profile(branding=BRANDING, settings={"languages": ["de"]})
    ada.identity.publish_profile(settings={"languages": ["en"]})
    assert store.profile("acme").branding == BRANDING
    assert store.profile("acme").settings == {"languages": ["en"]}
    ada.identity.publish_profile(branding={})
    assert store.profile("acme").branding == {}


def test_nothing_else_of_a_tenant_is_shown(store, ada):
    ada.identity.configure_tenant({"secret": "settings of the inside"})
    profile = store.profile("acme")
    assert set(vars(profile)) == {"slug", "name", "branding", "settings", "routing"}
    assert profile.settings == {} and "inside" not in repr(profile)
    assert store.profile("globex").branding == {}


@pytest.mark.parametrize("slug", ["nobody", "", "ACME", "a\0b", None, "' OR 1=1 --"])
def test_an_unknown_slug_shows_nothing(store, slug):
    with pytest.raises(Exception, match="tenant") as caught:
        store.profile(slug)
    assert caught.value.code in ("tenant_not_found", "invalid_input")


def test_a_suspended_tenant_shows_nothing(store, ada):
    ada.identity.publish_profile(branding=BRANDING)
    root = store.system().identity
    root.suspend_tenant("acme", reason="unpaid")
    refused("tenant_suspended", store.profile, "acme")
    root.restore_tenant("acme")
    assert store.profile("acme").branding == BRANDING


def test_those_who_administer_publish_for_their_own_tenant(store, amina, ada):
    refused("permission_denied", amina.identity.publish_profile, branding=BRANDING)
    refused("tenant_not_found", ada.identity.publish_profile, branding=BRANDING, tenant="globex")
    store.system().identity.publish_profile(branding=BRANDING, tenant="globex")
    assert store.profile("globex").branding == BRANDING


@pytest.mark.parametrize("branding", [[], "x", {"a": object()}, {"a": "x" * 70_000}, {1: 2}])
def test_what_is_no_json_object_is_refused(ada, branding):
    refused("invalid_input", ada.identity.publish_profile, branding=branding)
