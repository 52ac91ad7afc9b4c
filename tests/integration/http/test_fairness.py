"""What one sender takes is not taken from the others: rates, uploads, bodies, log-ins, streams."""

import socket
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager

import httpx
from support.server import serving

import holdfast
from holdfast.domains.identity import passwords
from holdfast.faces.http.limits import Rate, network_of

PASSWORD = "correct horse battery staple"


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


@contextmanager
def begun(server, key, path="/v1/imports", *, length="Content-Length: 100000", body="["):
    """A request that has begun, and brings no more."""
    kind = "octet-stream" if path.endswith(("imports", "attachments")) else "json"
    head = (
        f"POST {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\n"
        f"Content-Type: application/{kind}\r\n{length}\r\n\r\n{body}"
    )
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as line:
        line.sendall(head.encode())
        yield line


def status(line):
    return int(line.recv(65536).split(b" ", 2)[1])


def test_who_may_not_upload_is_told_before_the_body_is_taken_and_it_is_in_the_trail(place):
    with serving(holdfast.open(place.url, place.key)) as server:
        store = server.app.serving.store
        narrow = new_key(server, scopes=["conversations:read"])
        auditor = new_key(server, "aud")
        chat = store.tenant("acme").user("amina@acme.test").conversations.create(title="x").id
        for key, path in ((narrow, "/v1/imports"), (auditor, f"/v1/conversations/{chat}/attachments")):
            with begun(server, key, path) as line:
                assert status(line) == 403
        lines = store.tenant("acme").user("oli@acme.test").audit.list().items
        denied = [line for line in lines if line.outcome == "denied"]
        assert {(line.operation, line.reason) for line in denied} == {
            ("conversations.import", "not_granted"),
            ("conversations.append", "permission_denied"),
        }
        assert chat in {line.target_id for line in denied}


def test_a_platform_person_refused_a_tenants_room_is_in_the_trail(place):
    with serving(holdfast.open(place.url, place.key)) as server:
        root = server.app.serving.store.system()
        root.identity.set_platform_role("pat@platform.test", "admin")
        key = root.identity.create_api_key(user="pat@platform.test").secret
        chat = server.app.serving.store.tenant("acme").user("amina@acme.test").conversations.create(title="x").id
        answer = httpx.get(f"{server.url}/v1/conversations/{chat}", headers=bearer(key))
        assert told(answer) == (403, "permission_denied")
        line = root.audit.list().items[0]
        assert (line.operation, line.outcome, line.reason) == ("conversations.read", "denied", "permission_denied")
        assert line.actor_role == "platform_admin" and line.target_id == chat


def test_one_person_does_not_hold_every_upload_and_nobody_waits_for_long(place):
    limits = {"uploads": 3, "uploads_per_person": 2, "upload_wait_seconds": 0.3}
    with serving(holdfast.open(place.url, place.key), **limits) as server, ExitStack() as open_:
        keys = [new_key(server), new_key(server)]
        for key in keys:
            open_.enter_context(begun(server, key))
        time.sleep(0.3)
        url = f"{server.url}/v1/imports"
        third = httpx.post(url, content=b"[]", headers=bearer(keys[1]))
        assert told(third) == (503, "overloaded") and third.headers["retry-after"] == "1"
        bens = new_key(server, "ben")
        assert httpx.post(url, content=b"[]", headers=bearer(bens)).status_code != 503
        open_.enter_context(begun(server, bens))
        time.sleep(0.3)
        assert told(httpx.post(url, content=b"[]", headers=bearer(new_key(server, "oli")))) == (503, "overloaded")
    assert not server.app.serving._uploads._of


def test_much_is_read_only_of_those_who_are_known(place):
    with serving(holdfast.open(place.url, place.key)) as server:
        for length, body in (("Content-Length: 65537", "{"), ("Transfer-Encoding: chunked", "1\r\n{\r\n")):
            with begun(server, "hf_nobodys", "/v1/conversations", length=length, body=body) as line:
                assert status(line) == 401
        for length, body in (("Content-Length: 16385", ""), ("Transfer-Encoding: chunked", f"4001\r\n{' ' * 0x4001}")):
            with begun(server, "hf_nobodys", "/v1/sessions", length=length, body=body) as line:
                assert status(line) == 413
        large = {"messages": [{"role": "user", "content": "x" * 70_000}]}
        me = bearer(new_key(server))
        chat = httpx.post(f"{server.url}/v1/conversations", json={}, headers=me).json()["id"]
        answer = httpx.post(f"{server.url}/v1/conversations/{chat}/messages/batch", json=large, headers=me)
        assert answer.status_code == 201, answer.text


def test_who_is_suspended_while_their_body_arrives_is_out(place):
    with serving(holdfast.open(place.url, place.key)) as server:
        key, text = new_key(server), "{" + " " * 70_000
        head = f"Idempotency-Key: one\r\nContent-Length: {len(text) + 1}"
        with begun(server, key, "/v1/conversations", length=head, body=text) as line:
            time.sleep(0.3)
            server.app.serving.store.system().identity.suspend_tenant("acme", reason="unpaid")
            line.sendall(b"}")
            assert status(line) == 403


def test_log_ins_hold_up_nobody_else_and_too_many_are_told_to_come_again(place):
    with serving(holdfast.open(place.url, place.key)) as server, ThreadPoolExecutor(24) as people:
        me = bearer(new_key(server))

        def log_in(number):
            who = {"tenant": "acme", "email": f"nobody-{number}@acme.test", "password": "a long password"}
            return httpx.post(f"{server.url}/v1/sessions", json=who, timeout=30).status_code

        with ExitStack() as hashing:
            for _ in range(4):
                hashing.enter_context(passwords._AT_ONCE)
            answers = [people.submit(log_in, number) for number in range(24)]
            end = time.monotonic() + 30
            while sum(answer.done() for answer in answers) < 4:  # the others wait for their turn
                assert time.monotonic() < end
                time.sleep(0.02)
            assert httpx.get(f"{server.url}/v1/visible", headers=me, timeout=5).status_code == 200
        assert Counter(answer.result() for answer in answers) == {401: 20, 503: 4}


def test_wrong_passwords_are_counted_for_whom_they_are_tried_on_and_right_ones_are_not(place):
    with serving(holdfast.open(place.url, place.key), failures_per_account=Rate(0.001, 3)) as server:
        identity = server.app.serving.store.system().identity
        for name in ("amina", "ben"):
            identity.set_password(f"{name}@acme.test", PASSWORD, tenant="acme")

        def log_in(name, password):
            who = {"tenant": "acme", "email": f"{name}@acme.test", "password": password}
            return httpx.post(f"{server.url}/v1/sessions", json=who, timeout=30)

        assert [log_in("amina", PASSWORD).status_code for _ in range(5)] == [201] * 5
        assert [log_in(name, "a wrong password").status_code for name in ("amina", "Amina", "AMINA")] == [401] * 3
        waits = log_in("amina", PASSWORD)
        assert told(waits) == (429, "too_many_requests") and int(waits.headers["retry-after"]) > 1
        token = log_in("ben", PASSWORD).json()["token"]
        change = {"email": "ben@acme.test", "password": PASSWORD, "current": "a wrong password"}
        tried = [httpx.put(f"{server.url}/v1/users/password", json=change, headers=bearer(token)) for _ in range(4)]
        assert [answer.status_code for answer in tried] == [401, 401, 401, 429]


def test_addresses_that_one_sender_chooses_from_share_a_bucket():
    assert network_of("2001:db8::1") == network_of("2001:db8::ffff:1:2:3") != network_of("2001:db8:0:1::1")
    assert network_of("::ffff:192.0.2.1") == network_of("192.0.2.1") != network_of("192.0.2.2")
    assert network_of(None) is None and network_of("unix") == "unix"


def test_event_streams_are_counted_for_each_person_and_each_tenant(place):
    with serving(holdfast.open(place.url, place.key), streams=6, streams_per_key=2) as server, ExitStack() as open_:
        identity = server.app.serving.store.system().identity

        def follow(key):
            client = open_.enter_context(httpx.Client(timeout=10))
            answer = open_.enter_context(client.stream("GET", f"{server.url}/v1/events", headers=bearer(key)))
            return answer.status_code if answer.status_code == 200 else (answer.read(), *told(answer))[1:]

        too_many = (429, "too_many_requests")
        assert [follow(new_key(server)) for _ in range(3)] == [200, 200, too_many]
        assert [follow(new_key(server, name)) for name in ("ben", "oli")] == [
            200,
            too_many,
        ]  # half of six: the tenant's
        gus = identity.create_api_key(tenant="globex", user="gus@globex.test").secret
        assert follow(gus) == 200
