"""Stores to harm: one tenant, one person, on either engine, described by what a child process can be given."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import holdfast

if TYPE_CHECKING:
    from support.postgres import PostgresServer  # which the processes that are started on a place do not need

KEY = "0123456789abcdef" * 4
TENANT = "acme"
EMAIL = "amina@acme.test"
DURABLE = ("fsync", "synchronous_commit", "full_page_writes")
"""PostgreSQL's settings that, all on, make a commit survive a crash and a power cut."""


@dataclass(frozen=True)
class Place:
    """Where a store is and how it is opened; can be sent to another process."""

    engine: str
    url: str
    key: str | None

    def open(self) -> holdfast.Store:
        """The store, which must be there."""
        return holdfast.open(self.url, self.key)

    @property
    def path(self) -> Path:
        """The file of a SQLite store."""
        return Path(self.url.removeprefix("sqlite:///"))


def conversations_of(store: holdfast.Store) -> Any:
    """The conversations of the one person there is."""
    return store.tenant(TENANT).user(EMAIL).conversations


def new_place(engine: str, where: "Path | PostgresServer", name: str, *, key: str | None = KEY) -> Place:
    """A new store with its tenant and person: a file in the folder `where`, or a database on the server."""
    place = _new_file(where, name, key) if isinstance(where, Path) else _new_database(where, name)
    with holdfast.create(place.url, place.key) as store:
        settle(store)
    assert place.engine == engine
    return place


def settle(store: holdfast.Store) -> None:
    """One tenant and one person."""
    identity = store.system().identity
    identity.create_tenant(TENANT, name="Acme Bank")
    identity.create_user(EMAIL, tenant=TENANT, role="member")


def _new_file(folder: Path, name: str, key: str | None) -> Place:
    return Place("sqlite", f"sqlite:///{folder / name}.db", key)


def _new_database(server: "PostgresServer", name: str) -> Place:
    server.execute(f"CREATE DATABASE {name}")
    return Place("postgresql", server.url(name), None)


@contextmanager
def durable_server() -> "Iterator[PostgresServer]":
    """A server with PostgreSQL's default settings, which are the durable ones: proved, not assumed."""
    from support.postgres import PostgresServer

    server = PostgresServer()
    try:
        check_durable(server)
        yield server
    finally:
        server.stop()


def check_durable(server: "PostgresServer") -> None:
    """Raise unless a commit on this server survives a crash."""
    import psycopg

    with psycopg.connect(server.url("postgres")) as connection:
        for name in DURABLE:
            found = connection.execute(f"SHOW {name}").fetchone()
            if found != ("on",):
                raise RuntimeError(f"{name} is {found!r}: this server loses commits, so nothing can be shown on it")


@contextmanager
def grounds(engine: str, folder: Path) -> "Iterator[Path | PostgresServer]":
    """Where stores of an engine are made: the folder, or a server for the time being."""
    if engine == "sqlite":
        yield folder
        return
    with durable_server() as server:
        yield server
