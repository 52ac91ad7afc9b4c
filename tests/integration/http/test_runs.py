"""Runs over HTTP and through the client: large inputs and outputs whole, an end that is sent twice there once."""

from datetime import UTC, datetime

import pytest
from support.refusals import refused

import holdfast

LARGE = {"text": "ä\n" * 100_000, "numbers": [0.1, 7, None]}
SIZE = 400_034
SMALL = {"score": 0.5}


@pytest.fixture
def me(server, key_of):
    with holdfast.connect(server.url, api_key=key_of("amina")) as scope:
        yield scope


@pytest.fixture
def workflow(me):
    return me.runs.create_workflow("Lead intake", external_id="n8n").id


def test_what_is_too_large_for_a_row_goes_through_the_client_whole(me, workflow):
    begun = me.runs.start(workflow, input=LARGE)
    assert (begun.input, begun.input_bytes) == (LARGE, SIZE)
    ended = me.runs.finish(begun.id, output=[LARGE])
    assert (ended.output, ended.output_bytes) == ([LARGE], SIZE + 2)
    found = me.runs.get(begun.id)
    assert (found.input, found.output, found.input_bytes) == (LARGE, [LARGE], SIZE)
    (listed,) = me.runs.list().items
    assert (listed.input, listed.input_bytes, listed.output, listed.output_bytes) == (None, SIZE, None, SIZE + 2)
    told = me.runs.tell("n8n", "e-1", status="success", at=datetime.now(UTC), input=SMALL, output=LARGE)
    assert (told.input, told.output) == (SMALL, LARGE) and me.runs.get(told.id) == told


def test_what_is_too_large_for_a_request_is_refused_and_keeps_nothing(me, workflow):
    assert "8,388,608" in refused("body_too_large", me.runs.start, workflow, input="x" * 8 * 1024 * 1024)
    assert "262,144" in refused("invalid_input", me.runs.wait, me.runs.start(workflow).id, asked=LARGE)
    assert [run.status for run in me.runs.list().items] == ["running"]


def test_a_start_and_an_end_that_are_sent_twice_are_there_once(amina, as_person, workflow):
    def twice(person, path, body, key):
        headers = {"Idempotency-Key": key}
        first, second = (person.post(path, json=body, headers=headers) for _ in range(2))
        assert first.is_success and second.headers["idempotency-replayed"] == "true"
        assert first.json() == second.json()
        return first.json()

    begun = twice(amina, "/runs", {"workflow": str(workflow), "input": LARGE}, "start")
    assert begun["input"] == LARGE and len(amina.get("/runs").json()["items"]) == 1
    for number, (person, output) in enumerate(((amina, SMALL), (amina, LARGE), (as_person("ben"), SMALL))):
        run = amina.post("/runs", json={"workflow": str(workflow)}).json()["id"]
        path = f"/runs/{run}/finish"
        ended = twice(person, path, {"output": output}, f"finish-{number}")
        assert (ended["status"], ended["output"]) == ("success", output)
        assert amina.get(f"/runs/{run}").json() == ended
        again = person.post(path, json={"output": output}, headers={"Idempotency-Key": "another"})
        assert (again.status_code, again.json()["code"]) == (409, "run_finished")
