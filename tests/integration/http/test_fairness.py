"""What one sender takes is not taken from the others: rates, uploads, bodies, log-ins, streams."""

import httpx
from support.server import serving

import holdfast
from holdfast.faces.http.limits import Rate


def bearer(secret):
    return {"Authorization": f"Bearer {secret}"}


def told(answer):
    """The status and the code of a refusal."""
    return answer.status_code, answer.json()["code"]


def new_key(server, name="amina", **narrowed):
    identity = server.app.serving.store.system().identity
    return identity.create_api_key(tenant="acme", user=f"{name}@acme.test", **narrowed).secret


def test_a_person_who_is_throttled_costs_their_tenant_nothing_and_has_one_rate_for_all_keys(place):
    limits = {"rate_per_key": Rate(0.01, 3), "rate_per_tenant": Rate(0.01, 5)}
    with serving(holdfast.open(place.url, place.key), **limits) as server:

        def ask(key):
            return httpx.get(f"{server.url}/v1/visible", headers=bearer(key)).status_code

        first, second, bens = new_key(server), new_key(server), new_key(server, "ben")
        assert [ask(first), ask(second), ask(first)] == [200, 200, 200]
        assert {ask(key) for key in (first, second) * 4} == {429}
        assert [ask(bens) for _ in range(3)] == [200, 200, 429]  # the tenant's five are used up now, and not before
