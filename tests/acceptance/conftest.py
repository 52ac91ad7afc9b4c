"""Stores that hold the organisations of the example applications, on each engine."""

import itertools
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import KEY, Place
from support.postgres import PostgresServer

import holdfast
from holdfast.samples import ORGANISATIONS, load

_numbers = itertools.count()


def _fill(store: holdfast.Store) -> None:
    for name in ORGANISATIONS:
        load(store, name)


@pytest.fixture(scope="session")
def organisations_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An encrypted file to copy."""
    path = tmp_path_factory.mktemp("organisations") / "store.db"
    with holdfast.create(f"sqlite:///{path}", KEY) as store:
        _fill(store)
    return path


@pytest.fixture(scope="session")
def organisations_database(postgres: PostgresServer) -> str:
    """A database to copy."""
    postgres.execute("CREATE DATABASE organisations")
    with holdfast.create(postgres.url("organisations")) as store:
        _fill(store)
    return "organisations"


@pytest.fixture(params=["sqlite", "postgresql"])
def organisations(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    """Where a new store with both organisations is."""
    if request.param == "sqlite":
        path = tmp_path / "organisations.db"
        shutil.copy(request.getfixturevalue("organisations_file"), path)
        yield Place("sqlite", f"sqlite:///{path}", KEY)
    else:
        server: PostgresServer = request.getfixturevalue("postgres")
        name = f"organisations_{next(_numbers)}"
        yield Place("postgresql", server.copy(request.getfixturevalue("organisations_database"), name), None)
        server.drop(name)


@pytest.fixture
def organised(organisations: Place) -> Iterator[holdfast.Store]:
    """That store, open."""
    with holdfast.open(organisations.url, organisations.key) as store:
        yield store


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """On PostgreSQL with `--thorough`: what the examples are made of runs there in the tests of the rooms. One worker
    makes the organisations, which takes seconds.
    """
    for item in items:
        if "organisations" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.thorough(on="postgresql"))
            item.add_marker(pytest.mark.xdist_group("organisations"))
