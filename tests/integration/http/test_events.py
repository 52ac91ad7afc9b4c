"""The event stream: what was missed comes first, then what happens; nothing twice, nothing of others."""

import json
import threading
import time

import httpx
import pytest
from support.server import serving

import holdfast


def events_of(lines):
    """The events of a stream, without its heartbeats and without its greeting."""
    event = {}
    for line in lines:
        name, _, value = line.partition(": ")
        if line == "":
            if "data" in event:
                yield event
            event = {}
        elif name in ("id", "event", "data"):
            event[name] = value


def first_id(client, **headers):
    """Where a stream that begins now begins."""
    with client.stream("GET", "/events", headers=headers) as stream:
        return next(line.partition(": ")[2] for line in stream.iter_lines() if line.startswith("id: "))


def read_events(client, count, cursor):
    with client.stream("GET", "/events", headers={"Last-Event-ID": cursor}, timeout=20) as stream:
        assert stream.status_code == 200, stream.read()
        assert stream.headers["content-type"].startswith("text/event-stream")
        found = []
        for event in events_of(stream.iter_lines()):
            found.append(event)
            if len(found) == count:
                return found
    raise AssertionError(f"{len(found)} of {count}")


def test_a_stream_replays_from_a_cursor_and_goes_on_live(amina):
    cursor = first_id(amina)
    before = amina.post("/conversations", json={}).json()["id"]
    later = threading.Timer(0.5, lambda: amina.post("/conversations", json={"title": "Later"}))
    later.start()
    found = read_events(amina, 2, cursor)
    later.join()
    assert [event["event"] for event in found] == ["conversations.create"] * 2
    assert json.loads(found[0]["data"])["target_id"] == before
    assert read_events(amina, 1, found[0]["id"])[0]["id"] == found[1]["id"]


def test_reconnecting_again_and_again_misses_nothing_and_sees_nothing_twice(amina, as_person):
    cursor, seen, total = first_id(amina), [], 60
    chat = {}

    def write(client, number):
        chat[number] = client.post("/conversations", json={}).json()["id"]
        for n in range(total // 3 - 1):
            client.post(f"/conversations/{chat[number]}/messages", json={"role": "user", "content": str(n)})

    writers = [threading.Thread(target=write, args=(as_person(), n)) for n in range(3)]
    for writer in writers:
        writer.start()
    while len(seen) < total:
        found = read_events(amina, min(7, total - len(seen)), cursor)
        seen += found
        cursor = found[-1]["id"]
    for writer in writers:
        writer.join()
    assert len({event["id"] for event in seen}) == total
    positions = [(json.loads(e["data"])["position"], json.loads(e["data"])["id"]) for e in seen]
    assert positions == sorted(positions)


def test_a_member_sees_their_own_changes_and_an_administrator_everybodys(amina, as_person):
    ben, ada = as_person("ben"), as_person("ada")
    bens, adas = first_id(ben), first_id(ada)
    amina.post("/conversations", json={"title": "Amina's"})
    own = ben.post("/conversations", json={"title": "Ben's"}).json()["id"]
    assert json.loads(read_events(ben, 1, bens)[0]["data"])["target_id"] == own
    assert len(read_events(ada, 2, adas)) == 2


def test_a_stream_ends_when_its_caller_is_suspended(server, root, key_of):
    key = key_of()
    client = httpx.Client(base_url=f"{server.url}/v1", headers={"Authorization": f"Bearer {key}"}, timeout=20)
    with client, client.stream("GET", "/events") as stream:
        lines = stream.iter_lines()
        assert next(lines).startswith("retry")
        root.identity.suspend_tenant("acme", reason="unpaid")
        told = [line for line in lines if line.startswith("data: ")]
    assert json.loads(told[-1].removeprefix("data: "))["code"] == "tenant_suspended"
    assert client.get("/events").status_code == 403 if not client.is_closed else True


def test_a_silent_stream_says_that_it_lives_and_streams_are_counted(place):
    options = {"heartbeat_seconds": 0.2, "poll_seconds": 0.1, "streams_per_key": 1}
    with serving(holdfast.open(place.url, place.key), **options) as server:
        key = server.app.serving.store.system().identity.create_api_key(tenant="acme", user="amina@acme.test").secret
        client = httpx.Client(base_url=f"{server.url}/v1", headers={"Authorization": f"Bearer {key}"}, timeout=20)
        with client, client.stream("GET", "/events") as stream:
            assert client.get("/events").status_code == 429
            assert "holdfast_event_streams 1.0" in httpx.get(f"{server.url}/metrics").text
            assert next(line for line in stream.iter_lines() if line.startswith(":")) == ":"


def test_a_wrong_cursor_is_refused_before_the_stream_begins(amina):
    answer = amina.get("/events", params={"cursor": "bm8"})
    assert answer.status_code == 422 and answer.json()["code"] == "invalid_cursor"


def test_a_stopping_server_ends_streams_and_finishes_requests(place):
    store = holdfast.open(place.url, place.key)
    found = {}
    with serving(store) as server:
        key = store.system().identity.create_api_key(tenant="acme", user="amina@acme.test").secret
        client = httpx.Client(base_url=f"{server.url}/v1", headers={"Authorization": f"Bearer {key}"}, timeout=30)
        chat = client.post("/conversations", json={}).json()["id"]
        messages = [{"role": "user", "content": "word " * 50}] * 5_000

        def follow():
            with client.stream("GET", "/events") as stream:
                found["stream"] = list(stream.iter_lines())

        def write():
            found["batch"] = client.post(f"/conversations/{chat}/messages/batch", json={"messages": messages})

        threads = [threading.Thread(target=follow), threading.Thread(target=write)]
        for thread in threads:
            thread.start()
        time.sleep(0.3)
        server.stop()
        for thread in threads:
            thread.join()
        client.close()
    assert found["batch"].status_code == 201 and len(found["batch"].json()["items"]) == 5_000
    assert found["stream"]
    with holdfast.open(place.url, place.key) as again:
        assert again.tenant("acme").user("amina@acme.test").conversations.get(chat).message_count == 5_000
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{server.url}/healthz")
