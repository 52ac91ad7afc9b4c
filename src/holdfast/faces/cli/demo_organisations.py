"""The organisations of the demo: loaded with a progress bar, and what each shows of Holdfast."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from itertools import zip_longest

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from holdfast.core.clock import now
from holdfast.core.scope import LEVELS
from holdfast.faces.cli.demo_interop import Drifted, Sender, drifted, is_installed, senders, show_senders
from holdfast.faces.cli.output import console, table
from holdfast.samples import DAYS, ORGANISATIONS, Organisation, load
from holdfast.scopes import UserScope
from holdfast.store import Store

INTEROP = "interface_engine"
PASSAGES = 8
COUNTED = {"documents": "documents", "chunks": "passages", "facts": "facts", "conversations": "chats"}
"""What a tenant has is counted by these tables, and called so; of facts every version counts."""


@dataclass(frozen=True, kw_only=True)
class FoundDocument:
    """A document with passages that answer."""

    title: str
    clearance: str


@dataclass(frozen=True, kw_only=True)
class Found:
    """What somebody found, best first. `clearance`: the levels that they hold."""

    user: str
    clearance: str
    documents: tuple[FoundDocument, ...]


@dataclass(frozen=True, kw_only=True)
class Client:
    """A client of an agency: its platforms, and how old the newest that they said is."""

    name: str
    team: tuple[str, ...]
    platforms: tuple[str, ...]
    newest_hours: int | None


@dataclass(frozen=True, kw_only=True)
class Ran:
    """A workflow's last week. `success_rate` is from 0 to 1."""

    name: str
    runs: int
    success_rate: float | None
    p95_seconds: float | None
    waiting: int


@dataclass(frozen=True, kw_only=True)
class Headline:
    """An organisation as it was loaded: what there is, and its trail; where it has knowledge, the same question asked
    by two people; where it has clients, workflows or senders of messages, those.
    """

    tenant: str
    name: str
    owner: str
    rows: dict[str, int]
    question: str | None
    found: tuple[Found, ...]
    clients: tuple[Client, ...]
    workflows: tuple[Ran, ...]
    senders: tuple[Sender, ...]
    drifted: tuple[Drifted, ...]
    trail_lines: int
    trail_sound: bool


def load_all(store: Store, *, quiet: bool) -> list[Headline]:
    """Make every organisation, and look at it; the one with senders only where `holdfast[interop]` is installed."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[what]}"))
    with Progress(*columns, console=console, transient=True, disable=quiet) as progress:

        def load_one(name: str) -> Organisation:
            task = progress.add_task(name, total=None, what="")
            return load(
                store,
                name,
                on_progress=lambda what, done, total: progress.update(
                    task, completed=done, total=total, what=what[:40]
                ),
            )

        made = [load_one(name) for name in ORGANISATIONS if name != INTEROP or is_installed()]
    return [_look_at(store, organisation) for organisation in made]


def _look_at(store: Store, organisation: Organisation) -> Headline:
    found = tuple(_ask(store, organisation, email) for email in organisation.readers)
    report = store.system().audit_of(organisation.tenant).verify()
    rows = store.system().counts(organisation.tenant)
    owner = store.tenant(organisation.tenant).user(organisation.owner)
    known = tuple(senders(owner))
    return Headline(
        tenant=organisation.tenant,
        name=organisation.name,
        owner=organisation.owner,
        rows={called: rows[name] for name, called in COUNTED.items()},
        question=organisation.question,
        found=found,
        clients=tuple(_clients(owner)),
        workflows=tuple(_workflows(owner)),
        senders=known,
        drifted=tuple(drifted(owner)) if known else (),
        trail_lines=report.rows,
        trail_sound=report.ok,
    )


def _clients(owner: UserScope) -> Iterator[Client]:
    for one in owner.identity.list_workspaces():
        snapshots = owner.connections.snapshots(workspace=one.id)
        yield Client(
            name=one.name,
            team=tuple(person.email for person in owner.identity.list_assignments(one.id)),
            platforms=tuple(found.platform for found in owner.connections.list(workspace=one.id).items),
            newest_hours=min((snapshot.age_seconds // 3600 for snapshot in snapshots), default=None),
        )


def _workflows(owner: UserScope) -> Iterator[Ran]:
    told = owner.runs.statistics(since=now() - timedelta(days=DAYS + 1), until=now())
    for one in told.workflows:
        p95 = one.tally.p95_ms
        yield Ran(
            name=one.name,
            runs=one.tally.runs,
            success_rate=one.tally.success_rate,
            p95_seconds=None if p95 is None else round(p95 / 1000, 1),
            waiting=len(owner.runs.list(workflow=one.workflow_id, status="waiting").items),
        )


def _ask(store: Store, organisation: Organisation, email: str) -> Found:
    me = store.tenant(organisation.tenant).user(email)
    assert organisation.question is not None, "whoever has readers has a question"
    hits = me.knowledge.search(organisation.question, base=organisation.bases[0], k=PASSAGES).hits
    held = "".join(level for level in LEVELS if level in me.scope.levels)
    best = {hit.document.id: FoundDocument(title=hit.document.title, clearance=hit.document.clearance) for hit in hits}
    return Found(user=email, clearance=held, documents=tuple(best.values()))


def show_all(headlines: list[Headline]) -> None:
    """What there is in each, and the same question answered for two people side by side."""
    shown = table("tenant", *COUNTED.values(), "trail")
    for one in headlines:
        trail = f"{one.trail_lines} lines, {'sound' if one.trail_sound else 'NOT SOUND'}"
        shown.add_row(one.tenant, *(str(count) for count in one.rows.values()), trail)
    console.print("\n[bold]Organisations[/bold]")
    console.print(shown)
    for one in headlines:
        if one.found:
            _show_found(one)
        if one.clients:
            _show_clients(one)
        if one.workflows:
            _show_workflows(one)
        if one.senders:
            show_senders(one.name, one.senders, one.drifted)


def _show_found(one: Headline) -> None:
    console.print(f'\n[bold]{one.name}[/bold]: "{one.question}"', soft_wrap=True)
    sides = table(*(f"{found.user} reads {' '.join(found.clearance)}" for found in one.found))
    for row in zip_longest(*([f"({one.clearance}) {one.title}" for one in found.documents] for found in one.found)):
        sides.add_row(*(cell or "" for cell in row))
    console.print(sides)


def _show_clients(one: Headline) -> None:
    console.print(f"\n[bold]{one.name}[/bold]: each client seen by who works for it", soft_wrap=True)
    shown = table("client", "open to", "platforms", "newest metrics")
    for client in one.clients:
        age = "–" if client.newest_hours is None else f"{client.newest_hours} h old"
        shown.add_row(client.name, ", ".join(client.team), ", ".join(client.platforms) or "–", age)
    console.print(shown)


def _show_workflows(one: Headline) -> None:
    console.print(f"\n[bold]{one.name}[/bold]: its workflows in the last week", soft_wrap=True)
    shown = table("workflow", "runs", "succeeded", "95 % within", "wait for a person")
    for ran in one.workflows:
        rate = "–" if ran.success_rate is None else f"{ran.success_rate:.0%}"
        within = "–" if ran.p95_seconds is None else f"{ran.p95_seconds} s"
        shown.add_row(ran.name, str(ran.runs), rate, within, str(ran.waiting or "–"))
    console.print(shown)
