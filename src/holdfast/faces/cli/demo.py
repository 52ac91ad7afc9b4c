"""`holdfast demo`: a new encrypted file with chats and organisations in it, ready to look around."""

from importlib.resources import as_file, files
from pathlib import Path
from typing import Annotated

import typer

import holdfast
from holdfast.domains.conversations.models import ImportReport
from holdfast.faces.cli.conversations import highlighted
from holdfast.faces.cli.demo_interop import DRIFTING
from holdfast.faces.cli.demo_organisations import Headline, load_all, show_all
from holdfast.faces.cli.imports import import_one, show_reports
from holdfast.faces.cli.output import AsJson, console, show_json, table, what_now
from holdfast.faces.cli.stores import write_key
from holdfast.faces.cli.target import Target
from holdfast.scopes import UserScope

SAMPLES = ("chatgpt-export.zip", "claude-conversations.json")


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(demo)


def demo(
    folder: Annotated[Path | None, typer.Option(help="Where to put it; by default ./holdfast-demo")] = None,
    as_json: AsJson = False,
) -> None:
    """Make a new encrypted file with chats and the organisations of the examples in it, and show what is there."""
    place = folder or _unused(Path("holdfast-demo"))
    place.mkdir(parents=True, exist_ok=True)
    key_file, profile = place / "demo.key", place / "profile.json"
    write_key(key_file)
    target = Target(store=f"sqlite:///{place}/demo.db", key_file=str(key_file), tenant="demo", user="you@demo.test")
    target.save(profile)
    with holdfast.create(target.url(), target.key()) as store:
        identity = store.system().identity
        identity.create_tenant("demo", name="Demo")
        identity.create_user("you@demo.test", tenant="demo", role="owner")
        me = store.tenant("demo").user("you@demo.test")
        reports = {name: _import(me, name, quiet=as_json) for name in SAMPLES}
        headlines = load_all(store, quiet=as_json)
        if as_json:
            made = {"folder": str(place), "profile": str(profile), "imported": reports, "organisations": headlines}
            show_json(made)
            return
        console.print(f"A new encrypted store: [bold]{place}/demo.db[/bold], its key: {key_file}\n", soft_wrap=True)
        show_reports(reports)
        _show(me)
        show_all(headlines)
    _next(profile, headlines)


def _unused(path: Path) -> Path:
    """`path`, or the first of path-2, path-3, … that is not there: a demo never touches an earlier one."""
    candidates = [path, *(path.with_name(f"{path.name}-{n}") for n in range(2, 1000))]
    return next(candidate for candidate in candidates if not candidate.exists())


def _import(me: UserScope, name: str, *, quiet: bool) -> ImportReport:
    with as_file(files("holdfast") / "samples" / name) as path:
        return import_one(me, path, quiet=quiet)


def _show(me: UserScope) -> None:
    shown = table("last active", "messages", "title", title="\nConversations")
    for item in me.conversations.list(limit=20).items:
        fork = " (fork)" if item.parent_id else ""
        shown.add_row(f"{item.active_at:%Y-%m-%d}", str(item.message_count), f"{item.title}{fork}")
    console.print(shown)
    console.print('\n[bold]Search[/bold] for "standing order"')
    for hit in me.conversations.search("standing order", limit=3):
        console.print(highlighted(f"  {hit.snippet}"), soft_wrap=True)
    sound = all(me.conversations.verify(item.id).ok for item in me.conversations.list(limit=200).items)
    console.print(f"\nEvery hash chain verified: {'sound' if sound else 'NOT SOUND'}.")


def _next(profile: Path, headlines: list[Headline]) -> None:
    start = f"uv run holdfast --profile {profile}"
    bank, firm, agency, brokers, *hospitals = headlines
    teller, manager = (f"{start} --tenant {bank.tenant} --user {found.user}" for found in bank.found)
    what_now(
        f"{start} conversations list",
        f"{start} conversations search flour",
        f"{start} import YOUR-CHATGPT-OR-CLAUDE-EXPORT.zip",
        f'{teller} knowledge search "margin of a home loan"',
        f'{manager} knowledge search "margin of a home loan"',
        f"{teller} memory list",
        f"{manager} audit list --outcome read",
        f"{start} --tenant {firm.tenant} --user {firm.found[-1].user} audit verify",
        f"{start} --tenant {agency.tenant} --user {agency.clients[0].team[0]} connections list",
        f"{start} --tenant {brokers.tenant} --user {brokers.owner} runs list --status waiting",
        *(f"{start} --tenant {one.tenant} --user {one.owner} interop deviations '{DRIFTING[1]}'" for one in hospitals),
    )
