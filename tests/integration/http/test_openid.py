"""Logging in with OpenID Connect over HTTP: an application, a browser and a provider that really signs."""

import secrets
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from support.oidc import CLIENT_ID, CLIENT_SECRET, Provider
from support.server import serving
from support.waiting import until

import holdfast
from holdfast.core.settings import OpenIdProvider

BACK = "https://app.acme.test/back"


@pytest.fixture
def provider() -> Iterator[Provider]:
    made = Provider()
    yield made
    made.stop()


@pytest.fixture
def server(place, provider):
    ours = OpenIdProvider(name="corporate", issuer=provider.issuer, client_id=CLIENT_ID, client_secret=CLIENT_SECRET)
    settings = holdfast.Settings(openid=(ours,), pool=2)
    with serving(holdfast.open(place.url, place.key, settings=settings)) as running:
        yield running


class Application:
    """What an application does between a browser and the server: it keeps `state` in a cookie of that browser."""

    def __init__(self, server) -> None:
        self._client = httpx.Client(base_url=f"{server.url}/v1", timeout=30)
        self.cookie = ""

    def begin(self, tenant: str = "acme") -> str:
        """Where it sends the browser."""
        asked = {"provider": "corporate", "redirect_uri": BACK, "tenant": tenant}
        answer = self._client.post("/openid/begin", json=asked)
        assert answer.status_code == 200, answer.text
        self.cookie = answer.json()["state"]
        return answer.json()["url"]

    def finish(self, brought: dict[str, str]) -> httpx.Response:
        """The browser comes back. One without the cookie goes no further."""
        assert secrets.compare_digest(brought["state"], self.cookie)
        return self._client.post("/openid/finish", json=brought)

    def ask(self, path: str, token: str, method: str = "GET") -> httpx.Response:
        return self._client.request(method, path, headers={"Authorization": f"Bearer {token}"})

    def close(self) -> None:
        self._client.close()


@pytest.fixture
def application(server) -> Iterator[Application]:
    made = Application(server)
    yield made
    made.close()


def told(answer: httpx.Response) -> tuple[int, str]:
    """Status and code of a refusal, which says nothing of a session."""
    assert "token" not in answer.json()
    return answer.status_code, answer.json()["code"]


def test_a_browser_goes_to_the_provider_and_comes_back_into_a_session(application, provider):
    url = httpx.URL(application.begin())
    asked = dict(url.params)
    assert str(url.copy_with(query=None)) == f"{provider.issuer}/authorize"
    assert asked["redirect_uri"] == BACK and asked["code_challenge_method"] == "S256"
    assert len({asked["state"], asked["nonce"], asked["code_challenge"]}) == 3
    brought = provider.visit(str(url))
    opened = application.finish(brought)
    assert opened.status_code == 201
    token = opened.json()["token"]
    assert application.ask("/conversations", token).json()["items"] == []
    (session,) = application.ask("/sessions", token).json()["items"]
    assert session["address"] == "127.0.0.1" and token not in str(session)
    assert application.ask("/sessions", token, "DELETE").status_code == 204
    assert told(application.ask("/conversations", token)) == (401, "not_authenticated")


def test_a_login_that_is_replayed_opens_nothing(application, provider):
    brought = provider.visit(application.begin())
    with ThreadPoolExecutor(8) as crowd:
        answers = list(crowd.map(application.finish, [brought] * 8))
    assert sorted(answer.status_code for answer in answers) == [201] + [401] * 7
    assert {told(answer) for answer in answers if answer.status_code == 401} == {(401, "sign_in_refused")}
    assert provider.asked.count("/token") == 1


def test_a_forged_state_opens_nothing_and_asks_the_provider_nothing(application, provider):
    brought = provider.visit(application.begin())
    for forged in (secrets.token_urlsafe(32), brought["state"][:-1], brought["state"].swapcase()):
        application.cookie = forged
        assert told(application.finish({**brought, "state": forged})) == (401, "sign_in_refused")
    assert "/token" not in provider.asked
    application.cookie = brought["state"]
    assert application.finish(brought).status_code == 201  # the true one is still good


def test_a_code_that_was_given_to_another_browser_opens_nothing(application, provider):
    stolen = provider.visit(application.begin())["code"]
    brought = provider.visit(application.begin())  # the thief's own
    assert told(application.finish({**brought, "code": stolen})) == (401, "sign_in_refused")  # its verifier is another


def test_an_id_token_of_another_login_opens_nothing(application, provider):
    provider.claims = {"nonce": dict(httpx.URL(application.begin()).params)["nonce"]}
    assert told(application.finish(provider.visit(application.begin()))) == (401, "sign_in_refused")


def test_who_is_no_member_of_the_tenant_gets_no_session(application, provider):
    provider.person = {"sub": "p-2", "email": "gus@globex.test", "email_verified": True}
    assert told(application.finish(provider.visit(application.begin()))) == (401, "not_authenticated")
    assert application.finish(provider.visit(application.begin("globex"))).status_code == 201


def test_a_provider_that_does_not_answer_holds_up_nobody_else(server, application, provider):
    key = server.app.serving.store.system().identity.create_api_key(tenant="acme", user="amina@acme.test").secret
    provider.answering.clear()
    with ThreadPoolExecutor(4) as browsers:
        waiting = [browsers.submit(application.begin) for _ in range(4)]
        until(lambda: len(provider.asked) == 4)  # more than there are threads for everything else
        assert application.ask("/conversations", key).status_code == 200
        provider.answering.set()
        assert all(begun.result().startswith(provider.issuer) for begun in waiting)
