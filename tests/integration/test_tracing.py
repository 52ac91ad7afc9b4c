"""Traces through OpenTelemetry: a span for each operation, on both engines, through both faces, and over HTTP."""

import asyncio
from dataclasses import replace
from types import SimpleNamespace

import httpx
import pytest
from opentelemetry import trace
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from support.faces import open_face
from support.jobs import queue_one
from support.server import serving
from support.told import refused

import holdfast

SECRET = "what nobody may read in a trace"


@pytest.fixture
def seen():
    """What a program's own SDK is given: `spans` that ended, by name; `settings` that give it."""
    exporter, reader = InMemorySpanExporter(), InMemoryMetricReader()
    tracers = TracerProvider()
    tracers.add_span_processor(SimpleSpanProcessor(exporter))
    settings = holdfast.Settings(
        telemetry=True, tracer_provider=tracers, meter_provider=MeterProvider(metric_readers=[reader])
    )

    def spans(name=None):
        return [one for one in exporter.get_finished_spans() if name is None or one.name == name]

    return SimpleNamespace(
        spans=spans, settings=settings, reader=reader, clear=exporter.clear, tracer=tracers.get_tracer("program")
    )


@pytest.fixture(params=["sync", "async"])
def traced(request, place, seen):
    """A traced store on each engine, through each face."""
    with asyncio.Runner() as runner:
        opened = open_face(request.param, place.url, runner, place.key, settings=seen.settings)
        yield opened
        opened.close()


@pytest.fixture
def traced_amina(traced):
    return traced.tenant("acme").user("amina@acme.test", request_id="r-7")


def test_each_operation_has_a_span_that_says_whose_it_was_and_how_it_ended(traced_amina, place, seen):
    chat = traced_amina.conversations.create(title=SECRET)
    (span,) = seen.spans("conversations.create")
    engine = "postgresql" if place.url.startswith("postgresql") else "sqlite"
    assert dict(span.attributes) == {
        "db.system.name": engine,
        "holdfast.permission": "conversations.create",
        "holdfast.tenant": str(traced_amina.scope.tenant_id),
        "holdfast.role": "member",
        "holdfast.face": "library",
        "holdfast.request_id": "r-7",
        "holdfast.outcome": "done",
    }
    (inside,) = seen.spans("transaction.write")
    assert inside.parent.span_id == span.context.span_id and inside.context.trace_id == span.context.trace_id
    traced_amina.conversations.append(chat.id, role="user", content=SECRET, request_id="r-1")
    assert traced_amina.conversations.context(chat.id).messages
    context = seen.spans("conversations.context")[0]
    assert [one.parent.span_id for one in seen.spans("conversations._context")] == [context.context.span_id]


def test_a_refused_operation_says_the_code_and_nothing_of_what_was_given(traced_amina, traced, seen):
    chat = traced_amina.conversations.create()
    ben = traced.tenant("acme").user("ben@acme.test")
    seen.clear()
    refused("conversation_not_found", "", lambda: ben.conversations.edit(chat.id, title=SECRET))
    refused("invalid_input", "", lambda: traced_amina.conversations.edit(chat.id, title=SECRET + "\0"))
    ended = [
        (one.attributes["holdfast.outcome"], one.attributes["error.type"])
        for one in seen.spans()
        if one.attributes.get("holdfast.outcome")
    ]
    assert ended == [("denied", "conversation_not_found"), ("refused", "invalid_input")]
    for span in seen.spans():
        assert span.status.is_unset and span.events == ()
    assert SECRET not in "".join(span.to_json() for span in seen.spans())


def test_what_is_not_the_callers_fault_is_an_error_without_its_text(traced_amina, seen, monkeypatch):
    room = traced_amina.conversations
    room = getattr(room, "_target", room)
    room = getattr(room, "_room", room)

    def broken(*given, **named):
        raise RuntimeError(SECRET)

    monkeypatch.setattr(type(room.engine), "write", broken)
    with pytest.raises(RuntimeError):
        traced_amina.conversations.create()
    (span,) = seen.spans("conversations.create")
    assert (span.attributes["holdfast.outcome"], span.attributes["error.type"]) == ("failed", "RuntimeError")
    assert not span.status.is_ok and span.status.description == "RuntimeError"
    assert SECRET not in "".join(one.to_json() for one in seen.spans())


def test_an_operation_is_part_of_what_the_program_is_doing(place, seen):
    with holdfast.open(place.url, place.key, settings=seen.settings) as store:
        amina = store.tenant("acme").user("amina@acme.test")
        with seen.tracer.start_as_current_span("answer") as outer:
            amina.conversations.create()
    (span,) = seen.spans("conversations.create")
    assert span.parent.span_id == outer.get_span_context().span_id


def test_so_it_is_in_a_task_while_others_run(place, seen):
    async def answer(amina, number):
        with seen.tracer.start_as_current_span(f"answer {number}") as outer:
            await amina.conversations.create()
        return outer.get_span_context().span_id

    async def answers():
        store = await holdfast.open_async(place.url, place.key, settings=seen.settings)
        amina = await (await store.tenant("acme")).user("amina@acme.test")
        outer = await asyncio.gather(*(answer(amina, number) for number in range(4)))
        await store.close()
        return outer

    outer = asyncio.run(answers())
    assert sorted(one.parent.span_id for one in seen.spans("conversations.create")) == sorted(outer)


def test_durations_are_measured_by_operation_and_outcome(traced_amina, seen):
    traced_amina.conversations.create()
    traced_amina.conversations.create()
    (metric,) = seen.reader.get_metrics_data().resource_metrics[0].scope_metrics[0].metrics
    assert (metric.name, metric.unit) == ("holdfast.operation.duration", "s")
    (point,) = [
        one for one in metric.data.data_points if one.attributes["holdfast.operation"] == "conversations.create"
    ]
    assert point.count == 2 and point.sum > 0 and point.attributes["holdfast.outcome"] == "done"
    assert set(point.attributes) == {"holdfast.operation", "holdfast.outcome", "db.system.name"}


def test_an_attempt_at_a_job_is_a_span_with_the_transactions_of_its_body_in_it(place, seen):
    with holdfast.open(place.url, place.key, settings=seen.settings) as store:
        amina = store.tenant("acme").user("ada@acme.test", request_id="r-9")
        queued = queue_one(store.engine, amina.scope)
        seen.clear()
        assert store.worker().run_due(most=1) == 1
    (span,) = seen.spans("job connections.run_revocations")
    assert {name.removeprefix("holdfast."): value for name, value in span.attributes.items()} == {
        "job.id": str(queued.id),
        "job.attempt": 1,
        "job.tenant": str(amina.scope.tenant_id),
        "job.request_id": "r-9",
        "outcome": "done",
    }
    assert span.kind is trace.SpanKind.CONSUMER
    inside = [one for one in seen.spans() if one is not span and one.context.trace_id == span.context.trace_id]
    assert any(one.name == "transaction.write" for one in inside)


def test_a_job_is_part_of_the_trace_that_queued_it_and_the_schedules_own_is_not(place, seen):
    """Two stores, as two processes have them."""
    with holdfast.open(place.url, place.key, settings=seen.settings) as store:
        amina = store.tenant("acme").user("ada@acme.test")
        with seen.tracer.start_as_current_span("answer"):
            queue_one(store.engine, amina.scope)
    with holdfast.open(place.url, place.key, settings=seen.settings) as store:
        assert store.worker().run_due(most=1) == 1
        queue_one(store.engine, amina.scope)  # nobody's span
        with seen.tracer.start_as_current_span("elsewhere"):
            assert store.worker().run_due(most=1) == 1
    (answer,) = seen.spans("answer")
    first, second = seen.spans("job connections.run_revocations")
    assert (first.context.trace_id, first.parent.span_id) == (answer.context.trace_id, answer.context.span_id)
    assert first.parent.is_remote and second.parent is None


# -- over HTTP ---------------------------------------------------------------------------------------------------------

TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"


def test_over_http_a_traceparent_reaches_the_operation(place, seen):
    with holdfast.open(place.url, place.key, settings=seen.settings) as store:
        key = store.system().identity.create_api_key(tenant="acme", user="amina@acme.test").secret
        seen.clear()
        with serving(store) as server:
            headers = {
                "Authorization": f"Bearer {key}",
                "traceparent": f"00-{TRACE}-{PARENT}-01",
                "X-Request-Id": "r-http",
            }
            made = httpx.post(f"{server.url}/v1/conversations", json={"title": SECRET}, headers=headers)
            missing = httpx.get(f"{server.url}/v1/conversations/{SECRET}", headers=headers)
    assert (made.status_code, missing.status_code) == (201, 422)
    request, other = seen.spans("POST /conversations"), seen.spans("GET /conversations/{conversation}")
    assert f"{request[0].context.trace_id:032x}" == TRACE and f"{request[0].parent.span_id:016x}" == PARENT
    assert dict(request[0].attributes) == {
        "http.request.method": "POST",
        "http.route": "/conversations",
        "http.response.status_code": 201,
        "holdfast.request_id": "r-http",
    }
    assert request[0].kind is trace.SpanKind.SERVER and other[0].attributes["http.response.status_code"] == 422
    (span,) = seen.spans("conversations.create")
    assert span.parent.span_id == request[0].context.span_id
    assert (span.attributes["holdfast.request_id"], span.attributes["holdfast.face"]) == ("r-http", "http")
    everything = "".join(one.to_json() for one in seen.spans())
    for unwanted in (SECRET, key, "127.0.0.1", "amina"):
        assert unwanted not in everything


def test_a_bad_traceparent_begins_a_new_trace(place, seen):
    with holdfast.open(place.url, place.key, settings=seen.settings) as store, serving(store) as server:
        assert httpx.get(f"{server.url}/healthz", headers={"traceparent": b"00-zz-\xff-01"}).status_code == 200
    (span,) = [one for one in seen.spans() if one.name.startswith("GET")]
    assert span.parent is None


def test_nothing_is_traced_unless_it_is_asked_for(place, seen):
    quiet = replace(seen.settings, telemetry=False)
    with holdfast.open(place.url, place.key, settings=quiet) as store:
        store.tenant("acme").user("amina@acme.test").conversations.create()
        assert store.engine.tracing is None
    assert seen.spans() == []
