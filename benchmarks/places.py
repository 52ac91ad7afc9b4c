"""Where it is measured: an encrypted file, a plain file, a PostgreSQL that keeps its durable defaults."""

import itertools
import shutil
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import holdfast
from benchmarks.raw import RawPostgres, RawSqlite
from holdfast.scopes import UserScope

if TYPE_CHECKING:
    from support.postgres import PostgresServer

KEY = "0123456789abcdef" * 4
ENGINES = ("sqlite", "sqlite-plain", "postgresql")
"""`sqlite` is the encrypted file."""
EMAIL = "amina@acme.test"
_numbers = itertools.count()


@dataclass(frozen=True)
class Place:
    """A new store with one person in it, and beside it the raw tables. Can be sent to other processes."""

    engine: str
    url: str
    key: str | None
    raw: RawSqlite | RawPostgres
    server: int | None = None
    """The server's process, where there is one."""

    def open(self) -> holdfast.Store:
        return holdfast.open(self.url, self.key)

    @property
    def file(self) -> Path | None:
        """The store's file, where it is one."""
        return Path(self.url.removeprefix("sqlite:///")) if self.url.startswith("sqlite") else None


def person(store: holdfast.Store) -> UserScope:
    return store.tenant("acme").user(EMAIL)


class Places:
    """Makes places on one engine, in a temporary folder; the server is started once."""

    def __init__(self, engine: str) -> None:
        self.engine = engine
        self.folder = Path(tempfile.mkdtemp(prefix="holdfast-bench-"))
        self._server = _server() if engine == "postgresql" else None

    def new(self) -> Place:
        place = self._postgres(self._server) if self._server else self._sqlite()
        with holdfast.create(place.url, place.key) as store:
            identity = store.system().identity
            identity.create_tenant("acme", name="Acme Bank")
            identity.create_user(EMAIL, tenant="acme", role="member")
        place.raw.make()
        return place

    def _sqlite(self) -> Place:
        number = next(_numbers)
        key = KEY if self.engine == "sqlite" else None
        raw = RawSqlite(str(self.folder / f"raw-{number}.db"), key)
        return Place(self.engine, f"sqlite:///{self.folder}/store-{number}.db", key, raw)

    def _postgres(self, server: "PostgresServer") -> Place:
        number = next(_numbers)
        for name in (f"ours_{number}", f"raw_{number}"):
            server.execute(f"CREATE DATABASE {name}")
        assert server.process is not None
        raw = RawPostgres(server.url(f"raw_{number}"))
        return Place(self.engine, server.url(f"ours_{number}"), None, raw, server.process.pid)

    def settle(self, place: Place) -> None:
        """After a load: what autovacuum does by itself, a little later; and an empty write-ahead log."""
        if self._server is not None:
            for url in (place.url, place.raw.place):
                database = url.partition("@/")[2].partition("?")[0]
                self._server.execute("VACUUM (ANALYZE)", database)
            self._server.execute("CHECKPOINT")

    def close(self) -> None:
        if self._server is not None:
            self._server.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


def _server() -> "PostgresServer":
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "XDG_RUNTIME_DIR is not set")
        from support.postgres import PostgresServer  # looks for its programs, so only when they are needed
    return PostgresServer({"shared_buffers": "256MB"})


@contextmanager
def places_on(engine: str) -> Iterator[Places]:
    places = Places(engine)
    try:
        yield places
    finally:
        places.close()
