"""What a process imports, and that what spans rooms does not depend on which of them it has imported."""

import subprocess
import sys
from pathlib import Path

import httpx
import pytest
import typer

import holdfast
import holdfast.domains
from holdfast.core import activity, context, followers, references, rooms
from holdfast.core.cache import codec
from holdfast.core.clock import now
from holdfast.core.database import schema
from holdfast.core.jobs import kinds
from holdfast.core.rooms import Registry
from holdfast.core.scope import NIL
from holdfast.faces.cli.app import app
from holdfast.faces.cli.rooms import ROOMS as ROOMS_OF_COMMANDS
from holdfast.remote.errors import error_from

RARE = (
    "alembic", "boto3", "fastapi", "hl7apy", "httpx", "ijson", "jsonschema_rs", "lxml", "numpy",
    "psycopg", "pyarrow", "pydantic", "rich", "stamina", "structlog", "typer",
)  # fmt: skip
"""Libraries that opening a store on SQLite does not need."""
ROOMS = (
    "configurations",
    "connections",
    "conversations",
    "interop",
    "knowledge",
    "memory",
    "metering",
    "records",
    "runs",
)


def loaded(statements, *wanted):
    """Which of `wanted`, or of what is inside them, a new process has imported after some statements."""
    shown = "import sys; print(*[name for name in sys.modules])"
    command = [sys.executable, "-c", f"{statements}\n{shown}"]
    told = subprocess.run(command, capture_output=True, text=True, check=False)
    assert told.returncode == 0, told.stderr
    return sorted(
        {name for name in told.stdout.split() for kind in wanted if name == kind or name.startswith(f"{kind}.")}
    )


def test_naming_holdfast_imports_nothing():
    assert loaded("import holdfast", "sqlalchemy", "holdfast.core.database", "holdfast.domains", *RARE) == []


def test_a_store_that_opens_imports_no_room_that_nobody_asked_for(tmp_path):
    with holdfast.create(f"sqlite:///{tmp_path / 'app.db'}", "key") as store:
        store.system().identity.create_tenant("acme", name="Acme")
        store.system().identity.create_user("a@acme.test", tenant="acme", role="member")
    opened = f"""
import holdfast
with holdfast.open("sqlite:///{tmp_path / "app.db"}", "key") as store:
    me = store.tenant("acme").user("a@acme.test")
"""
    rooms = [f"holdfast.domains.{name}" for name in ROOMS]
    assert loaded(opened, "holdfast.asynchronous", "holdfast.remote", "holdfast.faces", *rooms, *RARE) == []


SPANNING = {
    "kinds of jobs": kinds.registered,
    "a kind of job": lambda: kinds.named("not there"),
    "the schedule": kinds.lines,
    "sources of context": context.registered_sources,
    "tables": schema.every_table,
    "tables of tenants": schema.scoped_tables,
    "followers": lambda: followers.call_followers("not there", None, NIL, NIL, now()),
    "counts of use": lambda: activity.activity(None, now(), now()),
    "costs": lambda: activity.cost_of(None, "not there", NIL),
    "references": lambda: references.check_reference(None, "not there", NIL),
    "values of the cache": lambda: codec._registered(["not there"]),
    "errors of a server": lambda: error_from(httpx.Response(404, json={"code": "not_there", "detail": "gone"})),
}


@pytest.mark.parametrize("what", SPANNING)
def test_what_spans_rooms_brings_all_of_them_in_first(what, monkeypatch):
    monkeypatch.setattr(rooms, "_waiting", ["a_room_that_is_not_there"])
    with pytest.raises(ModuleNotFoundError, match="a_room_that_is_not_there"):
        SPANNING[what]()


def test_every_room_is_announced():
    told = "import holdfast.domains.identity.models, holdfast.core.rooms as r; print(*r._waiting)"
    command = [sys.executable, "-c", told]
    waiting = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    folders = {path.parent.name for path in Path(holdfast.domains.__path__[0]).glob("*/__init__.py")}
    assert {name.split(".")[2] for name in waiting if name.startswith("holdfast.domains.")} == folders


def test_what_an_application_tells_stays_and_has_the_rooms_turn_whichever_room_is_imported_later():
    told = Registry[str, int]()
    told.tell("runs", 1, by="holdfast.domains.runs.contexts")
    told.tell("facts", 2, by="shop.contexts")
    told.tell("facts", 3, by="holdfast.domains.memory.contexts")
    told.tell("own", 4, by=None)
    assert list(told.all().items()) == [("own", 4), ("facts", 2), ("runs", 1)]
    told.tell("facts", 5, by="shop.others")
    assert list(told.all().items()) == [("own", 4), ("facts", 5), ("runs", 1)]


def test_the_command_line_starts_without_a_store_or_a_room():
    rare = [name for name in RARE if name not in ("rich", "typer")]
    asked = """
import contextlib, sys
sys.argv = ["holdfast", "--help"]
from holdfast.faces.cli import main
with contextlib.suppress(SystemExit):
    main()
"""
    ours = ("holdfast.opening", "holdfast.store", "holdfast.scopes", "holdfast.domains")
    assert loaded(asked, "sqlalchemy", *ours, *rare) == []


def test_every_command_is_where_the_list_says():
    group = typer.main.get_command(app)
    for name in group.list_commands(None):
        command = group.get_command(None, name)
        assert (command.name, bool(command.help)) == (name, True)
        assert hasattr(command, "commands") == (name in ROOMS_OF_COMMANDS)
