"""A hundred secrets go in; none is found in the database, the logs, the errors, the models or the exports."""

import io
import logging
from datetime import timedelta

import pytest
from support.backdoor import Backdoor

import holdfast
from holdfast import HoldfastError
from holdfast.core.clock import now
from holdfast.core.database.schema import every_table

PLATFORMS = ("google_analytics", "google_ads", "meta_ads", "linkedin_ads")
PROVIDERS = ("openai", "anthropic")
PASSWORD = "PLANTED-password-0123456789"


@pytest.fixture
def opened(place, tmp_path):
    """A store whose file is not encrypted as a whole: what hides the secrets must be their own seals."""
    if place.engine == "sqlite":
        with holdfast.create(f"sqlite:///{tmp_path}/plain.db") as store:
            _people(store)
            yield store
    else:
        with holdfast.open(place.url) as store:
            yield store


def _people(store):
    root = store.system().identity
    root.create_tenant("acme")
    for email, role in (("amina@acme.test", "member"), ("ada@acme.test", "admin")):
        root.create_user(email, tenant="acme", role=role)


def plant(store):
    """At least a hundred: tokens, keys of providers, API keys, sessions, a password."""
    root, amina = store.system().identity, store.tenant("acme").user("amina@acme.test")
    secrets = [PASSWORD]
    root.set_password("amina@acme.test", PASSWORD, tenant="acme")
    for number in range(9):
        workspace = root.create_workspace(f"Client {number}", tenant="acme").id
        for platform in PLATFORMS:
            tokens = {name: f"PLANTED-{name}-{platform}-{number}-x" for name in ("access_token", "refresh_token")}
            ends = now() + timedelta(days=1)
            amina.connections.put(platform, workspace=workspace, expires_at=ends, **tokens)
            secrets += tokens.values()
        for provider in PROVIDERS:
            secrets.append(f"PLANTED-key-{provider}-{number}-x")
            amina.connections.put(provider, workspace=workspace, api_key=secrets[-1])
        if number % 3 == 0:
            amina.connections.revoke("google_ads", workspace=workspace)
    for _ in range(10):
        secrets.append(root.create_api_key(tenant="acme", user="amina@acme.test").secret)
        secrets.append(root.log_in(tenant="acme", email="amina@acme.test", password=PASSWORD).token)
    return secrets


def provoke(store, secrets):
    """Errors of every kind that a secret could get into."""
    root, amina = store.system().identity, store.tenant("acme").user("amina@acme.test")
    workspace = amina.identity.list_workspaces()[0].id
    calls = [
        lambda: root.log_in(tenant="acme", email="amina@acme.test", password=PASSWORD + "x"),
        lambda: store.authenticate(secrets[-1][:-1]),
        lambda: store.authenticate(secrets[-2] + "x"),
        lambda: amina.connections.put("google_ads", workspace=workspace, access_token=secrets[1] + "\0"),
        lambda: amina.connections.put("nowhere", workspace=workspace, access_token=secrets[1]),
        lambda: amina.connections.put("openai", workspace=workspace, api_key=secrets[1], base_url="http://far.test"),
        lambda: amina.connections.token("google_ads", workspace=workspace),
        lambda: root.set_password("amina@acme.test", PASSWORD, tenant="nowhere"),
    ]
    texts = []
    for call in calls:
        with pytest.raises(HoldfastError) as caught:
            call()
        error = caught.value
        while error is not None:
            texts += [str(error), repr(error), repr(vars(error))]
            error = error.__cause__ or error.__context__
    return texts


def shown(store):
    """What a person is shown, and what is exported."""
    amina, ada = (store.tenant("acme").user(f"{name}@acme.test") for name in ("amina", "ada"))
    export = io.StringIO()
    ada.audit.export(export)
    texts = [export.getvalue(), repr(ada.audit.list(limit=200)), repr(ada.audit.verify())]
    for workspace in amina.identity.list_workspaces():
        page = amina.connections.list(workspace=workspace.id)
        texts += [repr(page), *[repr(item) for item in page.items]]
    texts += [repr(amina.identity.list_api_keys()), repr(amina.identity.list_sessions())]
    return texts


def stored(store):
    """Every byte of the file and its log, or every value of every table."""
    engine = store.engine
    if engine.dialect.name == "sqlite":
        store.close()
        return [path.read_bytes() for path in engine.path.parent.glob("plain.db*")]
    door = Backdoor(engine)
    return [repr(door.run(f"SELECT * FROM {t.name}")).encode() for t in every_table() if _is_there(door, t)]


def _is_there(door, table):
    return door.run(f"SELECT to_regclass('holdfast.{table.name}') IS NOT NULL")[0][0]


def test_none_of_a_hundred_planted_secrets_is_found(opened, caplog):
    logging.getLogger("holdfast").setLevel(logging.DEBUG)
    with caplog.at_level(logging.DEBUG):
        secrets = plant(opened)
        assert len(set(secrets)) >= 100
        places = {"errors": provoke(opened, secrets), "shown": shown(opened)}
    places["logs"] = [caplog.text, *[repr(vars(record)) for record in caplog.records]]
    places["stored"] = stored(opened)
    assert any(b"amina@acme.test" in data for data in places["stored"]), "what is not secret is found"
    for place, texts in places.items():
        assert texts
        for text in texts:
            data = text if isinstance(text, bytes) else text.encode()
            found = [secret for secret in secrets if secret.encode() in data]
            assert found == [], f"in {place}: {found[0][:12]}…"
