"""Schemathesis over the OpenAPI document: every route, all checks, the same cases on every run."""

import shutil
from functools import cache

import hypothesis
import pytest
import schemathesis
from schemathesis import GenerationMode
from schemathesis.config import SchemathesisConfig
from support.server import UNLIMITED, RunningServer

import holdfast
from holdfast.core.policy import POLICY
from holdfast.faces.http.app import EVERY_OPERATION, PREFIX, ROUTES, document
from holdfast.faces.http.options import Options

pytestmark = pytest.mark.xdist_group("schema")
KEY = "0123456789abcdef" * 4
REFUSED_BY_RULE = ["2xx", "400", "401", "403", "404", "409", "412", "415", "422"]
"""A document cannot say everything: that a text holds no NUL, that a cursor was given out, that a thing is there."""


@pytest.fixture(scope="module")
def served(sqlite_template, tmp_path_factory):
    path = tmp_path_factory.mktemp("schema") / "store.db"
    shutil.copy(sqlite_template, path)
    store = holdfast.open(f"sqlite:///{path}", KEY)
    running = RunningServer(store, Options(**UNLIMITED))
    key = store.system().identity.create_api_key(tenant="acme", user="oli@acme.test").secret
    me = store.tenant("acme").user("oli@acme.test")
    yield running, key, me.conversations.create(title="Known").id
    running.stop()


def api_schema():
    config = SchemathesisConfig.from_dict(
        {"checks": {"positive_data_acceptance": {"expected-statuses": REFUSED_BY_RULE}}}
    )
    described = document()
    del described["paths"]["/v1/events"]  # a stream has no end; test_events.py reads it
    return schemathesis.openapi.from_dict(described, config=config)


@cache
def operations():
    """By method and path. Describing every route takes seconds, and is not for every process that collects."""
    return {found.ok().label: found.ok() for found in api_schema().get_all_operations()}


LABELS = sorted(f"{route.method} {PREFIX}{route.path}" for route in ROUTES)


@pytest.mark.parametrize("examples", [2, pytest.param(8, marks=pytest.mark.thorough)])
@pytest.mark.parametrize("label", LABELS)
def test_no_request_gets_an_answer_that_is_not_documented(label, examples, served):
    """What the document allows, and what it does not."""
    for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
        ask(label, mode, examples, served)


def test_every_operation_of_the_document_is_asked():
    assert sorted(operations()) == LABELS


def ask(label, mode, examples, served):
    running, key, chat = served

    @hypothesis.given(operations()[label].as_strategy(generation_mode=mode))
    @hypothesis.settings(
        max_examples=examples,
        derandomize=True,
        deadline=None,
        database=None,
        phases=[hypothesis.Phase.generate],
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    def check(case):
        if "conversation" in case.path_parameters and mode is GenerationMode.POSITIVE:
            case.path_parameters["conversation"] = str(chat)
        case.call_and_validate(base_url=running.url, headers={"Authorization": f"Bearer {key}"})

    try:
        check()
    except hypothesis.errors.Unsatisfiable:
        assert mode is GenerationMode.NEGATIVE  # it takes nothing that could be wrong
    except Exception as error:
        error.add_note(f"{label}, {mode.value} data")
        raise


CLIENT_ONLY = {("memory", "propose"), ("interop", "validator"), ("interop", "drain")}
"""One calls code of the program's own, between two operations that have routes; the other gives some."""


def test_every_operation_has_a_route_and_every_route_a_row_in_the_policy():
    for room, kind in {
        "conversations": "Conversations",
        "identity": "Identity",
        "audit": "Audit",
        "connections": "Connections",
        "memory": "Memory",
        "interop": "Interop",
    }.items():
        module = __import__(f"holdfast.domains.{room}", fromlist=[kind])
        operations = {
            name
            for name in dir(getattr(module, kind))
            if not name.startswith("_") and callable(getattr(getattr(module, kind), name))
        }
        by_hand = {name for of, name in CLIENT_ONLY if of == room}
        assert operations - {route.name for route in EVERY_OPERATION if route.room == room} == by_hand
    assert all(route.operation in POLICY for route in ROUTES)


def test_the_document_says_how_to_authenticate_and_which_problems_there_are():
    described = document()
    assert described["components"]["securitySchemes"]["HTTPBearer"]["scheme"] == "bearer"
    for path, methods in described["paths"].items():
        for method, operation in methods.items():
            answers = operation["responses"]
            anonymous = operation.get("security") == []
            assert anonymous or {"401", "403"} <= answers.keys(), (path, method)
            for status, answer in answers.items():
                if status[0] in "45":
                    assert "application/problem+json" in answer["content"], (path, method, status)
