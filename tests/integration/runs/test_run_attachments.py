"""A run's input and output: small ones in its row, large ones as attachments, all read back the same."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from support.refusals import refused

import holdfast

BEGAN = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
SETTINGS = holdfast.Settings(run_bytes=100, run_attachment_bytes=2_000)
SMALL, LARGE = {"a": 1}, {"text": "ä\n" * 200, "numbers": [0.1, 7, None]}


@pytest.fixture
def runs(place):
    with holdfast.open(place.url, place.key, settings=SETTINGS) as store:
        yield store.tenant("acme").user("amina@acme.test").runs


@pytest.fixture
def workflow(runs):
    return runs.create_workflow("Lead intake", external_id="n8n")


def size(value):
    return len(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode())


@pytest.mark.parametrize("given", [SMALL, LARGE, "x" * 98, "x" * 99])
def test_what_goes_in_and_comes_out_is_read_back_whatever_its_size(runs, workflow, given):
    begun = runs.start(workflow.id, input=given)
    assert (begun.input, begun.input_bytes) == (given, size(given)) and runs.get(begun.id) == begun
    ended = runs.finish(begun.id, output=given)
    found = runs.get(begun.id)
    assert (found.input, found.output, found.output_bytes) == (given, given, size(given))
    assert (ended.output, ended.output_bytes) == (given, size(given))
    (listed,) = runs.list().items
    assert (listed.input, listed.input_bytes) == (given if size(given) <= 100 else None, size(given))


def test_what_is_larger_than_the_limit_is_refused_and_nothing_is_kept(runs, workflow):
    assert "2,001 bytes" in refused("invalid_input", runs.start, workflow.id, input="x" * 1_999)
    assert runs.list().items == ()
    run = runs.start(workflow.id, input="x" * 1_998)
    refused("invalid_input", runs.finish, run.id, output="x" * 1_999)
    refused("invalid_input", runs.tell, "n8n", "e-1", status="running", at=BEGAN, input="x" * 1_999)
    assert runs.get(run.id).status == "running"


def test_what_is_told_later_takes_the_place_of_what_was_told_before(runs, workflow):
    def tell(second, output, **given):
        at = BEGAN + timedelta(seconds=second)
        return runs.tell("n8n", "e-1", status="success", at=at, output=output, **given)

    first = tell(1, LARGE, input=LARGE)
    assert (first.input, first.output) == (LARGE, LARGE)
    for second, output in ((2, {**LARGE, "more": 1}), (3, SMALL), (4, LARGE), (5, None)):
        told = tell(second, output, input="another")
        assert (told.input, told.output) == (LARGE, output) and runs.get(told.id) == told
    assert tell(2, LARGE).output is None  # late


def test_another_sees_no_attachment_of_a_run_that_they_do_not_see(place, runs, workflow):
    with holdfast.open(place.url, place.key, settings=SETTINGS) as store:
        amina, ben = (store.tenant("acme").user(f"{name}@acme.test") for name in ("amina", "ben"))
        hidden = amina.runs.start(workflow.id, input=LARGE, conversation=amina.conversations.create().id)
        refused("run_not_found", ben.runs.get, hidden.id)
        assert ben.runs.get(runs.start(workflow.id, input=LARGE).id).input == LARGE
