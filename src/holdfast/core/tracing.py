"""Traces and durations through OpenTelemetry, where the settings ask for them: its API alone, the SDK is the program's.

A span says which operation, in which tenant, how it ended, and the caller's request id: neither content nor a person,
so no text of an error either. It is a child of whatever span is current where the operation is called; a worker thread
of the async face has its caller's.
"""

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from time import perf_counter
from typing import TYPE_CHECKING, Any, TypeVar

from holdfast.core.errors import HoldfastError, InvalidInput, NotFound, PermissionDenied
from holdfast.core.scope import Scope
from holdfast.core.settings import Settings

if TYPE_CHECKING:  # the extra `telemetry`
    from opentelemetry.trace import Span

T = TypeVar("T")

NAME = "holdfast"
_CARRIED = "traceparent"
SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""The bounds of the histogram, for who does not give others."""


class Tracing:
    """The spans of one store. Safe to use from any number of threads."""

    def __init__(self, settings: Settings, system: str) -> None:
        """`system`: the engine, as OpenTelemetry spells it. Raises `InvalidInput` where the API is not installed."""
        try:
            from opentelemetry import metrics, propagate, trace
            from opentelemetry.context import Context
            from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
        except ImportError as error:
            text = f"telemetry: {error.name} is not installed; install holdfast[telemetry]"
            raise InvalidInput(text, field="telemetry") from error
        self._system = system
        self._trace = trace
        self._extract = propagate.extract
        self._carried = partial(TraceContextTextMapPropagator().extract, context=Context())
        self._tracer = trace.get_tracer(NAME, tracer_provider=settings.tracer_provider)
        meter = metrics.get_meter(NAME, meter_provider=settings.meter_provider)
        self._seconds = meter.create_histogram(
            "holdfast.operation.duration",
            unit="s",
            description="How long operations take, by name and outcome.",
            explicit_bucket_boundaries_advisory=SECONDS,
        )

    def operation(self, name: str, permission: str | None, scope: Scope, call: Callable[[], T]) -> T:
        """`call` in a span of an operation. `permission`: its row in the policy, if it has one of its own."""
        began, outcome, code = perf_counter(), "done", None
        about = {"db.system.name": self._system, **_of(scope)}
        if permission is not None:
            about["holdfast.permission"] = permission
        with self._span(name, about) as span:
            try:
                return call()
            except BaseException as error:
                outcome, code = told(error)
                raise
            finally:
                self._end(span, outcome, code)
                measured = {"holdfast.operation": name, "holdfast.outcome": outcome, "db.system.name": self._system}
                self._seconds.record(perf_counter() - began, measured)

    def transaction(self, kind: str, call: Callable[[], T]) -> T:
        """`call` in a span of one transaction with its retries, where it is part of something that is recorded."""
        if not self._trace.get_current_span().is_recording():
            return call()
        about = {"db.system.name": self._system}
        with self._span(f"transaction.{kind}", about, kind=self._trace.SpanKind.CLIENT):
            return call()

    def job(
        self, kind: str, about: Mapping[str, str | int], call: Callable[[], str], *, traceparent: str | None
    ) -> str:
        """`call`, which gives the outcome, in a span of one attempt at a job: a child of the span that queued the job,
        whichever process that was in; the root of a trace where none did, as for the schedule's own.
        """
        named = {f"holdfast.job.{name}": value for name, value in about.items()}
        parent = self._carried({} if traceparent is None else {_CARRIED: traceparent})
        with self._span(f"job {kind}", named, kind=self._trace.SpanKind.CONSUMER, context=parent) as span:
            outcome = call()
            span.set_attribute("holdfast.outcome", outcome)
            if outcome == "failed":
                span.set_status(self._trace.StatusCode.ERROR)
            return outcome

    @contextmanager
    def request(self, method: str, request_id: str, headers: Mapping[bytes, bytes]) -> Iterator["Request"]:
        """The span of a request over HTTP: a child of the one that its headers name, or of one that is current."""
        parent = None
        if not self._trace.get_current_span().get_span_context().is_valid:
            parent = self._extract({name.decode("latin-1"): value.decode("latin-1") for name, value in headers.items()})
        about = {"http.request.method": method, "holdfast.request_id": request_id}
        with self._span(method, about, kind=self._trace.SpanKind.SERVER, context=parent) as span:
            yield Request(span, self._trace.StatusCode.ERROR)

    def _span(self, name: str, about: Mapping[str, Any], **given: Any) -> Any:
        # Errors are told by their code: their text can hold what a caller gave.
        return self._tracer.start_as_current_span(
            name, attributes=about, record_exception=False, set_status_on_exception=False, **given
        )

    def _end(self, span: "Span", outcome: str, code: str | None) -> None:
        span.set_attribute("holdfast.outcome", outcome)
        if code is not None:
            span.set_attribute("error.type", code)
        if outcome == "failed":
            span.set_status(self._trace.StatusCode.ERROR, code)


class Request:
    """The span of a request, until it is known how it was answered."""

    def __init__(self, span: "Span", failed: Any) -> None:
        self._span = span
        self._failed = failed

    def answered(self, method: str, route: str, status: int) -> None:
        """Name it by its route: paths hold ids."""
        self._span.update_name(f"{method} {route}")
        self._span.set_attributes({"http.route": route, "http.response.status_code": status})
        if status >= 500:
            self._span.set_status(self._failed)


def tracing_of(settings: Settings, system: str) -> Tracing | None:
    """What a store's settings ask for; None where they ask for nothing, which then costs a look at an attribute."""
    return Tracing(settings, system) if settings.telemetry else None


def current_traceparent() -> str | None:
    """The span that is current, as W3C's `traceparent` spells it; None where there is none, or no OpenTelemetry."""
    if "opentelemetry.trace" not in sys.modules:  # then nobody has made a span, and none of it is imported for this
        return None
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    carrier: dict[str, str] = {}
    TraceContextTextMapPropagator().inject(carrier)
    return carrier.get(_CARRIED)


def told(error: BaseException) -> tuple[str, str]:
    """How an operation ended that raised, and the error's code: denied, refused (the caller can mend it), failed."""
    if isinstance(error, (PermissionDenied, NotFound)):
        return "denied", error.code
    if isinstance(error, HoldfastError):
        return ("refused" if error.status < 500 else "failed"), error.code
    return "failed", type(error).__name__


def _of(scope: Scope) -> dict[str, str]:
    about = {"holdfast.role": scope.role, "holdfast.face": scope.face}
    if scope.tenant_id is not None:
        about["holdfast.tenant"] = str(scope.tenant_id)
    if scope.request_id is not None:
        about["holdfast.request_id"] = scope.request_id
    return about
