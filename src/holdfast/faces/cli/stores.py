"""Commands on a store as a whole: init, migrate, status, verify."""

import secrets
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import Progress

import holdfast
from holdfast.core.errors import InvalidInput
from holdfast.faces.cli.output import NOT_SOUND, AsJson, console, show_json, table, what_now
from holdfast.faces.cli.target import Target
from holdfast.scopes import UserScope

StoreUrl = Annotated[str | None, typer.Argument(metavar="STORE", help="Its URL; without one, that of --store.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(init)
    app.command()(migrate)
    app.command()(status)
    app.command()(verify)


def init(
    context: typer.Context,
    store: StoreUrl = None,
    new_key: Annotated[Path | None, typer.Option(help="Write a new key to this file and encrypt with it.")] = None,
    write_profile: Annotated[Path | None, typer.Option(help="Write a profile for --profile.")] = None,
    as_json: AsJson = False,
) -> None:
    """Make a new store, with one tenant and its owner (home and me@home.test unless --tenant and --user say so)."""
    target: Target = context.obj.at(store)
    if new_key is not None:
        write_key(new_key)
        target = replace(target, key_file=str(new_key))
    tenant, user = target.tenant or "home", target.user or "me@home.test"
    with holdfast.create(target.url(), target.key(), keys=target.keyring) as made:
        identity = made.system().identity
        identity.create_tenant(tenant)
        identity.create_user(user, tenant=tenant, role="owner")
        url = made.url
    settled = replace(target, tenant=tenant, user=user)
    if write_profile is not None:
        settled.save(write_profile)
    if as_json:
        show_json({"store": url, "tenant": tenant, "user": user, "encrypted": target.key() is not None})
        return
    encrypted = "encrypted" if target.key() is not None else "not encrypted"
    console.print(f"Made [bold]{url}[/bold] ({encrypted}), tenant {tenant}, owner {user}.", soft_wrap=True)
    options = f"--profile {write_profile}" if write_profile else f"--store {url} --tenant {tenant} --user {user}"
    what_now(f"holdfast {options} import YOUR-EXPORT.zip", f"holdfast {options} conversations list")


def write_key(path: Path) -> None:
    """A new random key, in a file that only its owner reads. Raises `InvalidInput` when the file is there already."""
    try:
        path.touch(mode=0o600, exist_ok=False)
    except FileExistsError as error:
        raise InvalidInput(
            f"new-key: {str(path)!r} is there already; a key is never overwritten", field="new-key"
        ) from error
    path.write_text(secrets.token_hex(32) + "\n")


def migrate(context: typer.Context, store: StoreUrl = None, as_json: AsJson = False) -> None:
    """Bring a store to the schema of this version. One transaction: it succeeds or changes nothing."""
    from holdfast.migrations import NEWEST

    target: Target = context.obj.at(store)
    before = holdfast.migrate(target.url(), target.key(), keys=target.keyring)
    if as_json:
        show_json({"from": before, "to": NEWEST})
    elif before == NEWEST:
        console.print(f"The schema is {NEWEST} already; nothing to do.")
    else:
        console.print(f"Migrated from {before} to {NEWEST}.")


def status(context: typer.Context, store: StoreUrl = None, as_json: AsJson = False) -> None:
    """Show what a store holds: its schema, and for each tenant its people and their conversations."""
    target: Target = context.obj.at(store)
    with target.opened() as opened:
        root = opened.system()
        tenants = root.identity.list_tenants()
        counted = [root.counts(tenant.slug) for tenant in tenants]
        rows = [{"tenant": t.slug, "name": t.name, "rows": counts} for t, counts in zip(tenants, counted, strict=True)]
        found = {"store": opened.url, "schema": opened.engine.revision(), "tenants": rows}
    if as_json:
        show_json(found)
        return
    console.print(f"[bold]{found['store']}[/bold]  schema {found['schema']}", soft_wrap=True)
    shown = table("tenant", "name", "people", "conversations", "messages")
    for tenant, counts in zip(tenants, counted, strict=True):
        numbers = [str(counts[name]) for name in ("memberships", "conversations", "messages")]
        shown.add_row(tenant.slug, tenant.name, *numbers)
    console.print(shown)


def verify(context: typer.Context, as_json: AsJson = False) -> None:
    """Check the hash chain of every conversation of a person: nothing changed, missing or added."""
    target: Target = context.obj
    bad = []
    count = 0
    with target.person() as me, Progress(console=console, transient=True, disable=as_json) as progress:
        task = progress.add_task("Verifying", total=None)
        for conversation in every_conversation(me):
            outcome = me.conversations.verify(conversation.id)
            count += 1
            progress.update(task, advance=1)
            if not outcome.ok:
                bad.append({"conversation": conversation.id, "title": conversation.title, "outcome": outcome})
    if as_json:
        show_json({"ok": not bad, "conversations": count, "bad": bad})
    else:
        console.print(f"{count} conversations, {len(bad)} not sound.")
        for row in bad:
            console.print(f"  {row['conversation']}: {row['outcome']}")
    if bad:
        raise typer.Exit(NOT_SOUND)


def every_conversation(me: UserScope) -> list[holdfast.Conversation]:
    """All of a person's conversations, hidden ones too."""
    found: list[holdfast.Conversation] = []
    page = me.conversations.list(limit=200, hidden=True)
    found += page.items
    while page.next is not None:
        page = me.conversations.list(limit=200, hidden=True, cursor=page.next)
        found += page.items
    return found
