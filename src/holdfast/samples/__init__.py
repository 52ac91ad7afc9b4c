"""Organisations to look around in: their people, documents, records, facts, clients and conversations.

The files beside this one are data; this is the loading of them, as an application would do it.
"""

import csv
import json
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from importlib.resources import files
from io import StringIO
from typing import Any
from uuid import UUID

from holdfast.core.clock import now
from holdfast.core.jobs.errors import JobFailed
from holdfast.domains.conversations import NewMessage
from holdfast.samples.hl7 import messages
from holdfast.scopes import UserScope
from holdfast.store import Store

ORGANISATIONS = ("staff_assistant", "tiered_knowledge", "agency_assistant", "workflow_automation", "interface_engine")
"""What `load` knows, each named like the application in `examples` that works on it."""

DAYS = 7
"""Of what workflows did."""

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, kw_only=True)
class Organisation:
    """What was loaded. `question`: one worth asking its knowledge as each of `readers`, who see different things."""

    tenant: str
    name: str
    owner: str
    bases: tuple[str, ...] = ()
    question: str | None = None
    readers: tuple[str, ...] = ()


def load(store: Store, name: str, *, on_progress: Progress | None = None, only_documents: bool = False) -> Organisation:
    """Make an organisation in a store: a tenant that was not there before. Some 100 transactions.

    `only_documents` leaves out facts and conversations, for an application that makes its own.
    `on_progress(what, done, in all)` is called after each step. Raises `TenantExists`;
    `JobFailed` for "interface_engine" without `holdfast[interop]`.
    """
    sample = json.loads(read(name, "sample.json"))
    people = {person["email"]: person for person in sample["people"]}
    owner = next(email for email, person in people.items() if person["role"] == "owner")
    _make_people(store, sample)
    scopes = {email: store.tenant(sample["tenant"]).user(email) for email in people}
    steps = [*_documents(scopes[owner], name, sample), *_records(scopes[owner], name, sample)]
    if not only_documents:
        workspaces = _workspaces(store, scopes[owner], sample)
        steps += [*_clients(scopes[owner], sample, workspaces), *_workflows(scopes[owner], sample)]
        steps += _senders(store, scopes[owner], sample)
        steps += _facts(scopes, sample)
        steps += _conversations(scopes, sample, workspaces)
    for done, (what, step) in enumerate(steps, 1):
        step()
        if on_progress is not None:
            on_progress(what, done, len(steps))
    return Organisation(
        tenant=sample["tenant"],
        name=sample["name"],
        owner=owner,
        bases=tuple(base["name"] for base in sample["bases"]),
        question=sample.get("question"),
        readers=tuple(sample.get("readers", ())),
    )


def read(name: str, *path: str) -> str:
    """The text of a file of an organisation."""
    return files("holdfast").joinpath("samples", name, *path).read_text(encoding="utf-8")


Step = tuple[str, Callable[[], object]]


def _make_people(store: Store, sample: dict[str, Any]) -> None:
    root, tenant = store.system().identity, sample["tenant"]
    root.create_tenant(tenant, name=sample["name"], settings=sample["settings"])
    for person in sample["people"]:
        root.create_user(person["email"], tenant=tenant, role=person["role"], name=person["name"])
        root.set_clearance(person["email"], [*person["clearance"]], tenant=tenant)


def _documents(owner: UserScope, name: str, sample: dict[str, Any]) -> Iterator[Step]:
    bases = {}
    for base in sample["bases"]:
        made = owner.knowledge.create_base(base["name"], description=base["description"], clearance=base["clearance"])
        bases[base["name"]] = made.id
    for entry in sample["documents"]:
        base_id = bases[entry.get("base", sample["bases"][0]["name"])]
        text = read(name, "documents", entry["file"])
        new = _whole(entry, text)
        yield new["title"] or entry["file"], partial(owner.knowledge.add_text, base_id, **new)


def _whole(entry: dict[str, Any], text: str) -> dict[str, Any]:
    kind = "text/csv" if entry["file"].endswith(".csv") else "text/markdown"
    about = {key: entry.get(key) for key in ("title", "clearance", "metadata")}
    return {"text": text, "source": entry["file"], "media_type": kind, **about}


def _records(owner: UserScope, name: str, sample: dict[str, Any]) -> Iterator[Step]:
    """Tables as sets of records."""
    for entry in sample.get("records", ()):
        rows = [
            _record(row, entry["numbers"]) for row in csv.DictReader(StringIO(read(name, "documents", entry["file"])))
        ]
        kinds = {
            column: {"type": "number" if column in entry["numbers"] else "string"} for row in rows for column in row
        }
        schema = {"type": "object", "properties": kinds, "required": [entry["key"]]}
        given = {key: entry[key] for key in ("key", "indexed", "text", "clearance", "description")}
        yield entry["set"], partial(_fill, owner, entry["set"], {"schema": schema, **given}, rows)


def _record(row: dict[str, str], numbers: list[str]) -> dict[str, object]:
    values = {column.replace(" ", "_"): value for column, value in row.items() if value}
    return {column: float(value) if column in numbers else value for column, value in values.items()}


def _fill(owner: UserScope, name: str, definition: dict[str, Any], rows: list[dict[str, object]]) -> None:
    owner.records.define(name, **definition)
    owner.records.put_many(name, rows)


def _workspaces(store: Store, owner: UserScope, sample: dict[str, Any]) -> dict[str, UUID]:
    """An agency's clients, and who works for them."""
    made = {}
    for one in sample.get("workspaces", ()):
        made[one["name"]] = owner.identity.create_workspace(one["name"]).id
        for email, role in one["people"].items():
            owner.identity.assign(made[one["name"]], email, role)
    return made


def _clients(owner: UserScope, sample: dict[str, Any], workspaces: dict[str, UUID]) -> Iterator[Step]:
    """Their platforms, with tokens that open nothing, and what those last said."""
    room, moment = owner.connections, now()
    for one in sample.get("workspaces", ()):
        workspace = workspaces[one["name"]]
        for platform in one["connections"]:
            yield platform, partial(room.put, platform, workspace=workspace, access_token="sample")
        for said in one["snapshots"]:
            taken = moment - timedelta(hours=said["hours_old"])
            told = {"metrics": said["metrics"], "taken_at": taken}
            yield said["platform"], partial(room.snapshot, said["platform"], workspace=workspace, **told)


def _workflows(owner: UserScope, sample: dict[str, Any]) -> Iterator[Step]:
    """What an outside engine did in the last week, told as it would tell it, and what waits for a person."""
    if "profile" in sample:
        yield "profile", partial(owner.identity.publish_profile, **sample["profile"])
    chance, moment = random.Random(sample["tenant"]), now()
    for one in sample.get("workflows", ()):
        engine_id = one["engine_id"]
        given = {"external_id": engine_id, "category": one["category"]}
        yield one["name"], partial(owner.runs.create_workflow, one["name"], **given)
        for number in range(one["a_day"] * DAYS):
            began = moment - timedelta(days=DAYS * chance.random(), minutes=5)
            failed = chance.random() * 100 < one["failing_percent"]
            took = timedelta(seconds=one["seconds"] * chance.lognormvariate(0, 0.4))
            told: dict[str, Any] = {"status": "success", "started_at": began, "at": began + took}
            told |= {"status": "error", "error": "the other side answered 503"} if failed else {}
            yield one["name"], partial(owner.runs.tell, engine_id, f"{engine_id}-{number}", **told)
        for number in range(one.get("waiting", 0)):
            asked: dict[str, Any] = {"status": "waiting", "at": moment, "input": {"amount": 1000 * (number + 3)}}
            yield one["name"], partial(owner.runs.tell, engine_id, f"{engine_id}-waiting-{number}", **asked)


def _senders(store: Store, owner: UserScope, sample: dict[str, Any]) -> Iterator[Step]:
    """Messages of health systems, analysed as soon as they are there."""
    for one in sample.get("senders", ()):
        yield one["vendor"], partial(_analyse, store, owner, one["vendor"], one["messages"])


def _analyse(store: Store, owner: UserScope, vendor: str, count: int) -> None:
    job = owner.interop.analyse("".join(messages(vendor, count)), vendor=vendor)
    store.worker().run_due()
    found = owner.jobs.get(job.id)
    if found.status == "failed":
        raise JobFailed(f"{vendor}: {found.reason}")


def _facts(scopes: dict[str, UserScope], sample: dict[str, Any]) -> Iterator[Step]:
    for fact in sample["facts"]:
        remember = scopes[fact["user"]].memory.remember
        yield fact["key"], partial(remember, fact["key"], fact["value"], confidence=fact["confidence"])


def _conversations(scopes: dict[str, UserScope], sample: dict[str, Any], workspaces: dict[str, UUID]) -> Iterator[Step]:
    for number, chat in enumerate(sample["conversations"], 1):
        workspace = workspaces.get(chat.get("workspace", ""))
        yield chat["title"], partial(_conversation, scopes[chat["owner"]].conversations, chat, number, workspace)


def _conversation(room: Any, chat: dict[str, Any], number: int, workspace: UUID | None) -> None:
    made = room.create(title=chat["title"], workspace=workspace)
    began = datetime.fromisoformat(chat["began"])
    room.append_many(made.id, [_message(at, said, began, number) for at, said in enumerate(chat["messages"])])
    if "summary" in chat:
        room.summarize(made.id, chat["summary"])


def _message(at: int, said: dict[str, Any], began: datetime, number: int) -> NewMessage:
    """Questions and answers take turns; both of a pair carry the id of the request."""
    known: dict[str, object] = {key: said[key] for key in ("intent", "latency_ms") if key in said}
    answer = at % 2 == 1
    return NewMessage(
        role="assistant" if answer else "user",
        content=said["text"],
        metadata={"model": "sample", "attempts": said.get("attempts", 1), **known} if answer else None,
        request_id=f"sample-{number}-{at // 2 + 1}",
        created_at=began + timedelta(seconds=25 * at),
    )
