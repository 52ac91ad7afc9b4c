"""Commands on keys: list, rotate, destroy; and rekey, which changes the key of an encrypted file."""

from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer

import holdfast
from holdfast.core.crypto.models import STORE
from holdfast.core.errors import InvalidInput
from holdfast.faces.cli.output import NOT_SOUND, AsJson, console, show_json, table
from holdfast.faces.cli.stores import StoreUrl, write_key
from holdfast.faces.cli.target import Target, read_key

app = typer.Typer(no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add the command that is not under `keys`."""
    app.command()(rekey)


@app.command(name="list")
def list_keys(context: typer.Context, as_json: AsJson = False) -> None:
    """Show the key ring's keys, and of every data key whose it is, its state, and which ring key wraps it."""
    target: Target = context.obj
    with target.opened() as store:
        root = store.system()
        slugs = {tenant.id: tenant.slug for tenant in root.identity.list_tenants()} | {STORE: "(the store)"}
        data = root.keys.list_keys()
        ring = root.keys.list_ring() if data else []
    if as_json:
        show_json({"ring": ring, "data": data})
        return
    shown = table("ring key", "current", "created")
    for key in ring:
        shown.add_row(key.id, "yes" if key.current else "", str(key.created_at or ""))
    console.print(shown)
    shown = table("tenant", "purpose", "state", "data key", "ring key", "created")
    for stored in data:
        tenant = slugs.get(stored.tenant_id, str(stored.tenant_id))
        shown.add_row(
            tenant, stored.purpose, stored.state, str(stored.id), stored.ring_key or "", f"{stored.created_at:%F}"
        )
    console.print(shown)


@app.command()
def rotate(
    context: typer.Context,
    data: Annotated[str | None, typer.Option(help="A new data key for this tenant; seal its secrets anew.")] = None,
    to: Annotated[
        str | None, typer.Option(help="Move to this key ring: file:/path/keys.json or aws-kms:REGION.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Wrap every data key with a new ring key; with --data, give one tenant a new data key. Both while others work."""
    target: Target = context.obj
    if data is not None and to is not None:
        raise InvalidInput("data: one at a time; rotate --to first, then --data", field="data")
    with target.opened() as store:
        keys = store.system().keys
        if data is not None:
            resealed = keys.rotate_data(_tenant(store, data))
            text = f"{resealed.values} secrets of {data} are sealed with the new data key {resealed.key_id}."
            done: object = resealed
            unreadable = resealed.unreadable
        else:
            rotated = keys.rotate(to=to)
            text = f"{rotated.rewrapped} data keys are wrapped with the ring key {rotated.ring_key}."
            done, unreadable = rotated, ()
    if as_json:
        show_json(done)
    else:
        console.print(text, soft_wrap=True)
        for value in unreadable:
            console.print(f"  does not open, before as after: {value}", soft_wrap=True)
        if to is not None:
            console.print("Open the store with the new key ring from now on (--keyring or HOLDFAST_KEYRING).")
    if unreadable:
        raise typer.Exit(NOT_SOUND)


@app.command()
def destroy(
    context: typer.Context,
    tenant: Annotated[str, typer.Argument(help="The tenant's slug, or its id if it was deleted.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: AsJson = False,
) -> None:
    """Destroy a tenant's keys: its secrets are gone, from backups too where the ring has a key for each tenant."""
    target: Target = context.obj
    if not yes:
        typer.confirm(f"Destroy the keys of {tenant}? Its secrets cannot be brought back.", abort=True, err=True)
    with target.opened() as store:
        done = store.system().keys.destroy(_tenant(store, tenant))
    if as_json:
        show_json(done)
        return
    console.print(f"{done.keys} data keys of {tenant} are destroyed.", soft_wrap=True)
    if done.backups_too:
        console.print("The key ring has forgotten them too: no backup of the database shows these secrets any more.")
    else:
        console.print(
            "This key ring has one key for all tenants: older backups of the database can still be read with it.",
            soft_wrap=True,
        )


def rekey(
    context: typer.Context,
    new_key: Annotated[Path, typer.Option(help="A file with the new key; made, with a random one, if not there.")],
    store: StoreUrl = None,
    as_json: AsJson = False,
) -> None:
    """Encrypt a SQLite file with another key. Stop what uses it first. If interrupted, run it again as it was."""
    target: Target = context.obj.at(store)
    key = target.key()
    if key is None:
        raise InvalidInput(
            "key: which one opens it now? give --key-file before the command, or HOLDFAST_KEY", field="key"
        )
    if not new_key.exists():
        write_key(new_key)
    holdfast.rekey(target.url(), key, read_key(new_key), keys=target.keyring)
    if as_json:
        show_json({"store": target.url(), "key_file": str(new_key)})
    else:
        console.print(
            f"Encrypted {target.url()} with the key in {new_key}. Older backups need the old key.", soft_wrap=True
        )


def _tenant(store: holdfast.Store, name: str) -> UUID:
    """A tenant by its slug, or an id as it is: a deleted tenant has no slug any more."""
    try:
        return UUID(name)
    except ValueError:
        return store.tenant(name).tenant.id
