"""The commands about tenants, people and their credentials, run as people run them."""

import json
from pathlib import Path
from typing import Any

import pytest
from support.commands import run, run_process

ROOT = ("--store", "sqlite:///me.db", "--tenant", "home")
ME = (*ROOT, "--user", "me@home.test")
PASSWORD = "correct horse battery"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    holdfast(tmp_path, "init", "sqlite:///me.db")
    return tmp_path


def holdfast(folder: Path, *arguments: str, code: int = 0, given: str = "", by: Any = run) -> Any:
    """Run a command with --json; what it printed, parsed."""
    ran = by(folder, *arguments, "--json", code=code, given=given)
    return json.loads(ran.stdout or ran.stderr)


def test_tenants_are_made_suspended_restored_and_deleted(folder: Path) -> None:
    assert holdfast(folder, *ROOT, "tenants", "create", "acme", "--name", "Acme", by=run_process)["name"] == "Acme"
    assert [tenant["slug"] for tenant in holdfast(folder, *ROOT, "tenants", "list")] == ["acme", "home"]
    assert holdfast(folder, *ROOT, "tenants", "profile", "acme")["branding"] == {}
    assert holdfast(folder, *ROOT, "tenants", "suspend", "home", "--reason", "unpaid")["status"] == "suspended"
    assert holdfast(folder, *ME, "conversations", "list", code=1)["error"]["code"] == "tenant_suspended"
    assert holdfast(folder, *ROOT, "tenants", "restore", "home")["status"] == "active"
    delete = (*ROOT, "tenants", "delete", "acme", "--reason", "test")
    run(folder, *delete, "--confirm", "home", code=2)
    assert holdfast(folder, *delete, "--confirm", "acme")["slug"] == "acme"
    assert [tenant["slug"] for tenant in holdfast(folder, *ROOT, "tenants", "list")] == ["home"]


def test_people_are_added_changed_and_given_passwords(folder: Path) -> None:
    assert holdfast(folder, *ROOT, "users", "add", "amina@home.test", "--role", "admin")["role"] == "admin"
    assert holdfast(folder, *ME, "users", "role", "amina@home.test", "member")["role"] == "member"
    assert holdfast(folder, *ME, "users", "suspend", "amina@home.test")["status"] == "suspended"
    assert holdfast(folder, *ME, "users", "restore", "amina@home.test")["status"] == "active"
    assert len(holdfast(folder, *ROOT, "users", "list")) == 2
    holdfast(folder, *ME, "users", "password", "amina@home.test", given=PASSWORD + "\n", by=run_process)
    refused = holdfast(folder, *ME, "users", "password", "amina@home.test", given="short\n", code=2)
    assert refused["error"]["code"] == "invalid_input"
    assert holdfast(folder, *ROOT, "users", "platform", "sue@home.test", "admin")["platform_role"] == "admin"
    amina = (*ROOT, "--user", "amina@home.test")
    assert holdfast(folder, *amina, "users", "add", "x@home.test", code=5)["error"]["code"] == "permission_denied"


def test_keys_and_sessions_are_listed_and_revoked(folder: Path) -> None:
    made = holdfast(folder, *ME, "api-keys", "create", "--scope", "conversations:read", "--name", "laptop")
    assert made["secret"].startswith("hf_") and made["scopes"] == ["conversations:read"]
    (listed,) = holdfast(folder, *ROOT, "api-keys", "list")
    assert (listed["id"], listed["secret"]) == (made["id"], None)
    assert holdfast(folder, *ME, "api-keys", "revoke", made["id"])["revoked_at"] is not None
    assert holdfast(folder, *ROOT, "api-keys", "create", code=2)["error"]["code"] == "invalid_input"
    assert holdfast(folder, *ROOT, "sessions", "list") == []
    assert holdfast(folder, *ME, "sessions", "revoke-all") == {"revoked": 0}
    unknown = holdfast(folder, *ME, "sessions", "revoke", made["id"], code=3)
    assert unknown["error"]["code"] == "session_not_found"
