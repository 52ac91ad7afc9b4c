"""The organisations of the demo: loaded with a progress bar, and what each shows of Holdfast."""

from dataclasses import dataclass
from itertools import zip_longest

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from holdfast.core.scope import LEVELS
from holdfast.faces.cli.output import console, table
from holdfast.samples import ORGANISATIONS, Organisation, load
from holdfast.store import Store

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
class Headline:
    """An organisation as it was loaded: what there is, the same question asked by two people, and its trail."""

    tenant: str
    name: str
    rows: dict[str, int]
    question: str
    found: tuple[Found, ...]
    trail_lines: int
    trail_sound: bool


def load_all(store: Store, *, quiet: bool) -> list[Headline]:
    """Make every organisation, and look at it."""
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

        made = [load_one(name) for name in ORGANISATIONS]
    return [_look_at(store, organisation) for organisation in made]


def _look_at(store: Store, organisation: Organisation) -> Headline:
    found = tuple(_ask(store, organisation, email) for email in organisation.readers)
    report = store.system().audit_of(organisation.tenant).verify()
    rows = store.system().counts(organisation.tenant)
    return Headline(
        tenant=organisation.tenant,
        name=organisation.name,
        rows={called: rows[name] for name, called in COUNTED.items()},
        question=organisation.question,
        found=found,
        trail_lines=report.rows,
        trail_sound=report.ok,
    )


def _ask(store: Store, organisation: Organisation, email: str) -> Found:
    me = store.tenant(organisation.tenant).user(email)
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
    console.print("\n[bold]Two organisations[/bold]")
    console.print(shown)
    for one in headlines:
        console.print(f'\n[bold]{one.name}[/bold]: "{one.question}"', soft_wrap=True)
        sides = table(*(f"{found.user} reads {' '.join(found.clearance)}" for found in one.found))
        for row in zip_longest(*([f"({one.clearance}) {one.title}" for one in found.documents] for found in one.found)):
            sides.add_row(*(cell or "" for cell in row))
        console.print(sides)
