"""Health pages: cheap to ask, and they tell a stranger nothing of the store's place."""

import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from support.server import serving

import holdfast
from holdfast.core.database.errors import SchemaTooOld
from holdfast.faces.http.health import KEPT_SECONDS


@pytest.fixture
def looks(place, monkeypatch):
    """A server, and each look at its store's schema."""
    with serving(holdfast.open(place.url, place.key)) as server:
        engine = server.app.serving.store.engine
        looked, revision = [], engine.revision
        monkeypatch.setattr(engine, "revision", lambda: looked.append(1) or revision())
        yield server, looked


def test_readiness_is_looked_up_once_for_all_who_ask_within_a_second(looks):
    server, looked = looks
    began = time.monotonic()
    with ThreadPoolExecutor(20) as many, httpx.Client(timeout=30) as client:
        answers = list(many.map(lambda _: client.get(f"{server.url}/readyz").status_code, range(60)))
    assert set(answers) == {200}
    assert 1 <= len(looked) <= 1 + (time.monotonic() - began) / KEPT_SECONDS


def test_who_asks_for_readiness_is_told_the_code_and_not_where_the_store_is(place, monkeypatch):
    with serving(holdfast.open(place.url, place.key)) as server:
        engine = server.app.serving.store.engine
        monkeypatch.setattr(engine, "revision", lambda: "0001")
        answer = httpx.get(f"{server.url}/readyz")
        assert answer.status_code == 503 and answer.json()["code"] == "not_ready"
        assert SchemaTooOld.code in answer.json()["detail"]
        assert engine.url not in answer.text and "0001" not in answer.text
