"""Stores to test on: every engine, each through both faces, with two tenants and their people."""

import asyncio
import gc
import itertools
import os
import shutil
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from argon2 import PasswordHasher
from support.faces import open_face
from support.folders import quick_folder
from support.postgres import QUICK, PostgresServer

import holdfast
from holdfast.domains.identity import passwords

if os.environ.pop("PYTHONDONTWRITEBYTECODE", None):  # tests start processes, each of which would compile everything
    os.environ["PYTHONPYCACHEPREFIX"] = str(Path(__file__).parent.parent / ".pytest_cache" / "bytecode")
if (_in_memory := quick_folder()) is not None:
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(_in_memory))  # where `tmp_path` is

KEY = "0123456789abcdef" * 4
os.environ["HOLDFAST_KEYRING"] = "test-1:" + "5ec2e7" * 10 + "abcd"
"""The key ring of every store that a test does not give another."""
PEOPLE = (
    ("acme", "amina@acme.test", "member"),
    ("acme", "ben@acme.test", "member"),
    ("acme", "ada@acme.test", "admin"),
    ("acme", "oli@acme.test", "owner"),
    ("acme", "aud@acme.test", "auditor"),
    ("globex", "gus@globex.test", "member"),
    ("globex", "ada@acme.test", "admin"),
)
_numbers = itertools.count()

hypothesis.settings.register_profile("ci", derandomize=True)
if os.environ.get("CI"):
    hypothesis.settings.load_profile("ci")  # a change lands or not for its own sake; new cases are looked for elsewhere


@pytest.fixture(scope="session", autouse=True)
def hasher_of_users() -> Iterator[PasswordHasher]:
    """Argon2id at its real cost, 100 ms a log-in, is for the tests of passwords; others get the least it can cost."""
    real = passwords._hasher
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "_hasher", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
        yield real


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A PostgreSQL server of this test process."""
    server = PostgresServer(QUICK, inside=quick_folder())
    yield server
    server.stop()


def fill(store: holdfast.Store) -> None:
    """Two tenants and their people."""
    identity = store.system().identity
    identity.create_tenant("acme", name="Acme Bank")
    identity.create_tenant("globex", name="Globex")
    for tenant, email, role in PEOPLE:
        identity.create_user(email, tenant=tenant, role=role)


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An encrypted file to copy: making one takes longer."""
    path = tmp_path_factory.mktemp("template") / "store.db"
    with holdfast.create(f"sqlite:///{path}", KEY) as store:
        fill(store)
    return path


@pytest.fixture(scope="session")
def postgres_template(postgres: PostgresServer) -> str:
    """A database to copy."""
    postgres.execute("CREATE DATABASE template_store")
    with holdfast.create(postgres.url("template_store")) as store:
        fill(store)
    return "template_store"


@dataclass(frozen=True)
class Place:
    """Where a store is, and how it is opened."""

    engine: str
    url: str
    key: str | None


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    """A new store with two tenants, on each engine."""
    if request.param == "sqlite":
        path = tmp_path / "store.db"
        shutil.copy(request.getfixturevalue("sqlite_template"), path)
        yield Place("sqlite", f"sqlite:///{path}", KEY)
    else:
        server: PostgresServer = request.getfixturevalue("postgres")
        name = f"test_{next(_numbers)}"
        yield Place("postgresql", server.copy(request.getfixturevalue("postgres_template"), name), None)
        server.drop(name)


@pytest.fixture(params=["sync", "async"])
def store(request: pytest.FixtureRequest, place: Place) -> Iterator[Any]:
    """A new store on each engine, through each face."""
    with asyncio.Runner() as runner:
        opened = open_face(request.param, place.url, runner, place.key)
        yield opened
        opened.close()


@pytest.fixture
def sync_store(place: Place) -> Iterator[holdfast.Store]:
    """A new store on each engine, for what has nothing to do with the face."""
    with holdfast.open(place.url, place.key) as opened:
        yield opened


@pytest.fixture
def amina(store: Any) -> Any:
    """A member of acme."""
    return store.tenant("acme").user("amina@acme.test")


@pytest.fixture
def ben(store: Any) -> Any:
    """Her colleague."""
    return store.tenant("acme").user("ben@acme.test")


@pytest.fixture
def ada(store: Any) -> Any:
    """An administrator of acme."""
    return store.tenant("acme").user("ada@acme.test")


@pytest.fixture
def gus(store: Any) -> Any:
    """A member of another tenant."""
    return store.tenant("globex").user("gus@globex.test")


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--thorough` runs what takes long, and that alone."""
    parser.addoption("--thorough", action="store_true", help="run the tests that take long, which are left out else")


PLAIN = [("sqlite", "async"), ("postgresql", "sync")]
"""Where a test is run, and through which face: the async one is the sync one in a thread, the same on both engines."""
OTHERS = [("sqlite", "sync"), ("postgresql", "async")]
"""Run with `--thorough`."""


@pytest.hookimpl(tryfirst=True)
def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Only the combinations of engine and face that will be run: each takes time in every worker, run or not."""
    if {"place", "store"} <= set(metafunc.fixturenames) and _has_faces(metafunc):
        pairs = OTHERS if metafunc.config.getoption("--thorough") else PLAIN
        if any(metafunc.definition.iter_markers("thorough")):
            pairs = PLAIN + OTHERS
        metafunc.definition.add_marker(pytest.mark.parametrize(("place", "store"), pairs, indirect=True))


def _has_faces(metafunc: pytest.Metafunc) -> bool:
    """Whether its store and its place are to be chosen: some tests and modules have their own."""
    fixtures = metafunc._arg2fixturedefs
    both = all(name in fixtures and fixtures[name][-1].params is not None for name in ("place", "store"))
    return both and not _has_its_own(metafunc.definition)


def _has_its_own(test: pytest.Item) -> bool:
    """Whether a test says itself through which face, or on which engine it is to run."""
    named = [mark.args[0] for mark in test.iter_markers("parametrize")]
    return any({"place", "store"} & {*(one.split(",") if isinstance(one, str) else one)} for one in named)


def is_long(item: pytest.Item) -> bool:
    """Whether a test is for `--thorough`: marked so, or a combination that shows little that the others do not."""
    chosen = getattr(item, "callspec", None)
    params = {} if chosen is None else chosen.params
    if (params.get("place"), params.get("store")) in OTHERS and not _has_its_own(item):
        return True
    marks = [mark.kwargs.get("on") for mark in item.iter_markers("thorough")]
    return any(on is None or on in params.values() for on in marks)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """What is collected stays to the end: it need not be looked through for garbage again and again."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.set_threshold(20_000, 20, 20)
        gc.enable()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Tests of real samples are left out, not skipped, where there are none; those that take long unless asked for."""
    thorough = config.getoption("--thorough")
    out = [item for item in items if is_long(item) is not thorough]
    if "HOLDFAST_TEST_DATA" not in os.environ:
        out += [item for item in items if item.get_closest_marker("realdata") and item not in out]
    config.hook.pytest_deselected(items=out)
    left_out = set(out)
    items[:] = [item for item in items if item not in left_out]
