"""What a client can send that it should not: each gets a clear answer, and the next one is served."""

import json
import resource
import socket
import ssl
import time

import httpx
import pytest
from support.server import serving

import holdfast
from holdfast.faces.http.limits import Rate
from holdfast.faces.http.options import Options

POST = b"POST /v1/conversations HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"


def is_problem(answer, status, code=None):
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    document = answer.json()
    assert document["status"] == status and {"type", "title", "detail", "code", "instance"} <= document.keys()
    assert document["instance"] == f"urn:holdfast:request:{answer.headers['x-request-id']}"
    assert "Traceback" not in answer.text
    return code is None or document["code"] == code


def raw(server, data, *, seconds=5.0, then=b""):
    """Send bytes on a connection of their own: all that comes back until it ends."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=seconds) as line:
        line.sendall(data)
        if then:
            line.sendall(then)
        found = b""
        try:
            while part := line.recv(65536):
                found += part
        except (TimeoutError, ConnectionResetError):
            pass
        return found


def test_every_refusal_is_a_problem_document(server, amina):
    post = amina.post
    assert is_problem(amina.get("/nowhere"), 404, "path_not_found")
    wrong = amina.put("/conversations", json={})
    assert is_problem(wrong, 405, "method_not_allowed") and wrong.headers["allow"] == "GET, POST"
    assert is_problem(httpx.get(f"{server.url}/v1/conversations"), 401, "not_authenticated")
    stranger = httpx.get(f"{server.url}/v1/conversations", headers={"Authorization": "Bearer hf_wrong"})
    assert is_problem(stranger, 401) and stranger.headers["www-authenticate"] == "Bearer"
    assert is_problem(amina.get("/audit"), 403, "permission_denied")
    assert is_problem(amina.get(f"/conversations/{'0' * 8}-0000-7000-8000-{'0' * 12}"), 404, "conversation_not_found")
    assert is_problem(amina.get("/conversations/one"), 422)
    assert is_problem(amina.get("/conversations?limit=many"), 422)
    assert is_problem(amina.get("/conversations?limit=1&limit=2"), 422)
    assert is_problem(amina.get("/conversations?colour=red"), 422)
    assert is_problem(amina.get("/conversations?cursor=bm8"), 422, "invalid_cursor")
    assert is_problem(amina.get("/search?q=%ff"), 422)
    assert is_problem(amina.get("/search?q=a%00b"), 422)
    typed = {"Content-Type": "application/json"}
    for body in (b"{", b"\xff", b"[" * 100_000, b'{"a":' * 5_000 + b"1" + b"}" * 5_000, b'{"title": "\\ud800"}'):
        assert is_problem(post("/conversations", content=body, headers=typed), 400, "malformed_body"), body[:20]
    for body in ({"title": 1}, {"titel": "x"}, {"title": "a\0b"}, {"metadata": {"a": float("nan")}}, [1]):
        assert is_problem(post("/conversations", content=json.dumps(body), headers=typed), 422), body
    assert is_problem(post("/conversations", content=b"{}", headers={"Content-Type": "text/plain"}), 415)
    assert is_problem(
        post("/conversations", content=b"{}", headers={"Content-Type": "application/json; charset=latin1"}), 415
    )
    assert is_problem(post("/conversations", content=b"x" * (9 * 1024 * 1024), headers=typed), 413, "body_too_large")
    assert amina.get("/conversations").status_code == 200


def test_texts_that_look_like_sql_are_texts(amina):
    for text in ("'; DROP TABLE messages; --", "1 OR 1=1", "' UNION SELECT secret FROM api_keys --", "%_\\", "$1", "?"):
        chat = amina.post("/conversations", json={"title": text, "metadata": {text: text}, "tags": [text]}).json()
        assert chat["title"] == text
        path = f"/conversations/{chat['id']}/messages"
        assert amina.post(path, json={"role": "user", "content": text, "request_id": text}).status_code == 201
        assert amina.get(path, params={"last": 1}).json()["items"][0]["content"] == text
        assert amina.get("/conversations", params={"tag": text}).json()["items"][0]["id"] == chat["id"]
        assert amina.get("/search", params={"q": text}).status_code in (200, 422)
        assert amina.get(f"/conversations/{chat['id']}' OR 1=1").status_code == 422


def test_no_header_is_injected_and_a_request_id_is_taken_only_when_well_formed(server, amina):
    assert amina.get("/visible", headers={"X-Request-Id": "mine-1"}).headers["x-request-id"] == "mine-1"
    for odd in ("a b", "x" * 65, "é".encode(), 'a"b'):
        given = amina.get("/visible", headers={"X-Request-Id": odd}).headers["x-request-id"]
        assert given != odd and len(given) == 36
    head = b"GET /v1/conversations?cursor=a%0d%0aSet-Cookie:%20x=1 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    assert b"set-cookie" not in raw(server, head).lower().partition(b"\r\n\r\n")[0]
    shown = amina.get("/visible").headers
    assert shown["x-content-type-options"] == "nosniff" and shown["cache-control"] == "no-store"
    assert "server" not in shown and "access-control-allow-origin" not in shown


@pytest.mark.parametrize(
    "message",
    [
        b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /admin",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef",
        b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked, identity\r\n\r\n5\r\nabcde\r\n0\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: xchunked\r\n\r\n5\r\nabcde\r\n0\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length : 5\r\n\r\nabcde",
        b"GET / HTTP/1.1\r\nHost: x\r\n folded: y\r\nX: a\x00b\r\n\r\n",
        b"GET /\x01 HTTP/1.1\r\nHost: x\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"HELLO\r\n\r\n",
    ],
)
def test_what_two_servers_could_read_in_two_ways_is_refused(server, message):
    found = raw(server, message)
    assert found.startswith(b"HTTP/1.1 400 ") and b"application/problem+json" in found
    assert found.count(b"HTTP/1.1") == 1


def test_a_head_without_end_is_cut_off(server):
    endless = b"GET / HTTP/1.1\r\nHost: x\r\nX-Long: " + b"a" * 200_000
    assert raw(server, endless).startswith((b"HTTP/1.1 431", b""))
    many = b"GET / HTTP/1.1\r\nHost: x\r\n" + b"X-A: b\r\n" * 20_000
    assert raw(server, many) is not None
    trailers = (
        b"POST /v1/conversations HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n" + b"A: b\r\n" * 50_000
    )
    started = time.monotonic()
    raw(server, trailers)
    assert time.monotonic() - started < 4


def test_who_sends_slowly_is_let_go(place):
    with serving(holdfast.open(place.url, place.key), header_seconds=0.3, body_seconds=0.3, idle_seconds=1) as slow:
        head = raw(slow, b"GET /healthz HTTP/1.1\r\nHost:")
        assert head.startswith(b"HTTP/1.1 408") and b"request_too_slow" in head
        begun = POST + b"Content-Length: 9\r\n\r\n{"
        assert raw(slow, begun).startswith(b"HTTP/1.1 408")
        started = time.monotonic()
        assert raw(slow, b"") == b""
        assert time.monotonic() - started < 3
        assert httpx.get(f"{slow.url}/healthz").json() == {"status": "ok"}


def test_memory_stays_flat_under_bodies_that_are_too_large(server, amina):
    known = f"Authorization: {amina.headers['authorization']}\r\n".encode()  # a stranger's are not read at all

    def flood():
        head = POST + known + b"Transfer-Encoding: chunked\r\n\r\n"
        with socket.create_connection(("127.0.0.1", server.port), timeout=5) as line:
            line.sendall(head)
            try:
                for _ in range(200):
                    line.sendall(b"100000\r\n" + b"x" * 0x100000 + b"\r\n")
            except OSError:
                pass

    flood()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for _ in range(3):
        flood()
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 48 * 1024
    assert amina.get("/visible").status_code == 200


def test_rates_are_limited_for_each_key_and_each_tenant_and_told(place):
    limits = {"rate_per_key": Rate(0.01, 3), "rate_per_tenant": Rate(0.01, 5), "failures_per_address": Rate(0.01, 2)}
    with serving(holdfast.open(place.url, place.key), **limits) as server:
        identity = server.app.serving.store.system().identity

        def ask(key):
            return httpx.get(f"{server.url}/v1/visible", headers={"Authorization": f"Bearer {key}"})

        key = identity.create_api_key(tenant="acme", user="amina@acme.test").secret
        found = [ask(key) for _ in range(4)]
        assert [answer.status_code for answer in found] == [200, 200, 200, 429]
        assert [answer.headers["ratelimit-remaining"] for answer in found[:3]] == ["2", "1", "0"]
        assert found[0].headers["ratelimit-limit"] == "3" and "ratelimit-reset" in found[0].headers
        assert is_problem(found[3], 429, "too_many_requests") and int(found[3].headers["retry-after"]) >= 1
        other = identity.create_api_key(tenant="acme", user="ben@acme.test").secret
        assert [ask(other).status_code for _ in range(3)].count(429) >= 1  # the tenant's
        gus = identity.create_api_key(tenant="globex", user="gus@globex.test").secret
        assert ask(gus).status_code == 200
        assert [ask("hf_no").status_code for _ in range(3)] == [401, 401, 429]


def test_other_machines_are_served_with_tls_or_when_told_so():
    with pytest.raises(holdfast.HoldfastError, match="there is no TLS") as refused:
        Options(host="0.0.0.0").check()
    assert refused.value.code == "invalid_input"
    assert Options(host="0.0.0.0", plain_http=True).check()
    assert Options(host="::1").check() and Options(host="localhost").check()


def test_tls_is_spoken_when_there_is_a_certificate(place, tmp_path):
    files = certificate(tmp_path)
    with serving(holdfast.open(place.url, place.key), certificate=files[0], private_key=files[1]) as server:
        context = ssl.create_default_context(cafile=str(files[0]))
        answer = httpx.get(f"{server.url}/healthz", verify=context)
        assert answer.status_code == 200 and "max-age" in answer.headers["strict-transport-security"]
        key = server.app.serving.store.system().identity.create_api_key(tenant="acme", user="amina@acme.test").secret
        with holdfast.connect(server.url, api_key=key, certificates=files[0]) as me:
            assert me.conversations.create(title="Private").title == "Private"
        with pytest.raises(holdfast.HoldfastError):
            holdfast.connect("http://example.test", api_key=key)


def certificate(folder):
    """A certificate for this machine, signed by itself."""
    import datetime
    import ipaddress

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "holdfast test")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    paths = folder / "certificate.pem", folder / "key.pem"
    paths[0].write_bytes(made.public_bytes(serialization.Encoding.PEM))
    plain = serialization.NoEncryption()
    paths[1].write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain))
    return paths
