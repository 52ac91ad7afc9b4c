"""Decisions over HTTP: what is kept for a repeated request does not tell whom it was about."""

import hashlib
import json

from support.backdoor import Backdoor

SUBJECT = "6718949405"


def test_a_repeated_request_records_one_decision_and_leaves_no_digest_to_guess_from(server, amina):
    body = json.dumps({"kind": "check", "subjects": [SUBJECT], "status": "refused"}).encode()
    headers = {"Idempotency-Key": "k-1", "Content-Type": "application/json"}
    made = [amina.post("/decisions", content=body, headers=headers) for _ in range(2)]
    assert [answer.status_code for answer in made] == [201, 201] and made[0].json() == made[1].json()
    found = amina.post("/decisions/search", json={"subject": SUBJECT}).json()["items"]
    assert [one["id"] for one in found] == [made[0].json()["id"]] and SUBJECT not in made[0].text
    door = Backdoor(server.app.serving.store.engine)
    ((digest, answer),) = door.run("SELECT digest, answer FROM idempotent_requests")
    assert SUBJECT not in repr(answer)
    plain = hashlib.sha256(b"POST /v1/decisions?")
    for part in (b"", b"application/json", body):
        plain.update(len(part).to_bytes(8, "big") + part)
    assert bytes(digest) != plain.digest()


def test_a_run_is_started_finished_and_told_of(amina):
    workflow = amina.post("/workflows", json={"name": "Leads", "external_id": "n8n-12"}).json()["id"]
    run = amina.post("/runs", json={"workflow": workflow, "input": {"lead": 7}}).json()
    ended = amina.post(f"/runs/{run['id']}/finish", json={"output": [1]})
    assert (ended.status_code, ended.json()["status"]) == (200, "success")
    again = amina.post(f"/runs/{run['id']}/finish", json={})
    assert (again.status_code, again.json()["code"]) == (409, "run_finished")
    event = {"workflow": "n8n-12", "execution": "7", "status": "error", "at": "2026-03-01T12:00:08Z", "error": "gone"}
    told = [amina.post("/runs/events", json=event).json() for _ in range(2)]
    assert told[0] == told[1] and told[0]["status"] == "error"
    period = {"since": "2026-01-01T00:00:00Z", "until": "2099-01-01T00:00:00Z"}
    found = amina.get("/runs/statistics", params=period).json()
    assert (found["total"]["success_rate"], found["total"]["runs"]) == (0.5, 2)
    assert "2026-03-01" in [day["day"] for day in found["days"]]
