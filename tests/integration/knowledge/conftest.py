"""People with a clearance, and a base of Amina's."""

from typing import Any

import pytest


def give(store: Any, email: str, levels: str, tenant: str = "acme") -> None:
    store.system().identity.set_clearance(email, list(levels), tenant=tenant)


@pytest.fixture
def cleared(store: Any) -> Any:
    """Amina, an administrator and Ben with the levels that most tests need."""
    give(store, "amina@acme.test", "SABCD")
    give(store, "ada@acme.test", "CD")
    give(store, "ben@acme.test", "D")
    give(store, "gus@globex.test", "SABCD", tenant="globex")
    return store


@pytest.fixture
def me(cleared: Any) -> Any:
    """Amina, who may read everything."""
    return cleared.tenant("acme").user("amina@acme.test")


@pytest.fixture
def low(cleared: Any) -> Any:
    """Ben, who may read D."""
    return cleared.tenant("acme").user("ben@acme.test")


@pytest.fixture
def admin(cleared: Any) -> Any:
    """Ada, an administrator who may read C and D."""
    return cleared.tenant("acme").user("ada@acme.test")


@pytest.fixture
def base(me: Any) -> Any:
    return me.knowledge.create_base("products", description="What the bank sells")
