"""`holdfast records share | unshare | shares`: sets that other tenants read."""

from typing import Annotated

import typer

from holdfast.faces.cli.output import AsJson, console, show_json, show_list, what_now
from holdfast.faces.cli.records import SetName
from holdfast.faces.cli.target import Target


def register(app: typer.Typer) -> None:
    """Add the commands."""
    for command in (share, unshare, shares):
        app.command()(command)


def share(
    context: typer.Context,
    name: SetName,
    tenant: Annotated[str, typer.Option("--with", help="The tenant that is to read it.")],
    level: Annotated[list[str] | None, typer.Option(help="A level that is read too; several times.")] = None,
    as_json: AsJson = False,
) -> None:
    """Let another tenant read a set."""
    target: Target = context.obj
    with target.person() as me:
        made = me.records.share(name, tenant=tenant, levels=level or ())
    if as_json:
        show_json(made)
        return
    console.print(f"{tenant} reads {name} as {target.tenant}:{name}.", markup=False)
    what_now(f"holdfast … records shares {name}", f"holdfast … records unshare {name} --with {tenant}")


def unshare(
    context: typer.Context,
    name: SetName,
    tenant: Annotated[str, typer.Option("--with", help="The tenant that is to read it no more.")],
    as_json: AsJson = False,
) -> None:
    """Take a set back from another tenant, from its next request on."""
    target: Target = context.obj
    with target.person() as me:
        me.records.unshare(name, tenant=tenant)
        left = me.records.shares(name)
    if as_json:
        show_json(left)
        return
    console.print(f"{tenant} reads {name} no more.", markup=False)
    what_now(f"holdfast … records shares {name}")


def shares(context: typer.Context, name: SetName, as_json: AsJson = False) -> None:
    """The tenants that read a set."""
    target: Target = context.obj
    with target.person() as me:
        found = me.records.shares(name)
    show_list(
        found,
        ("tenant", "levels", "since", "last read on"),
        (
            (
                one.tenant,
                ", ".join(one.levels),
                f"{one.granted_at:%Y-%m-%d}",
                f"{one.read_at:%Y-%m-%d}" if one.read_at else "–",
            )
            for one in found
        ),
        as_json=as_json,
        then=(f"records share {name} --with TENANT",),
    )
