"""`holdfast policy`: who may do what."""

from typing import Annotated

import typer

from holdfast.core.policy import POLICY
from holdfast.core.scope import ROLES
from holdfast.faces.cli.output import AsJson, show_list

_COLOURS = {"own": "yellow", "tenant": "green", "all": "magenta"}


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(policy)


def policy(
    role: Annotated[str | None, typer.Option(help="Only what this role may do.")] = None, as_json: AsJson = False
) -> None:
    """Show who may do what: `own` things, everything in the `tenant`, or in `all` of them."""
    chosen = [name for name in ROLES if role in (None, name)]
    if not chosen:
        raise typer.BadParameter(f"{role!r} is not one of {', '.join(ROLES)}", param_hint="--role")
    rows = {operation: {name: reaches.get(name) for name in chosen} for operation, reaches in POLICY.items()}
    show_list(
        rows,
        ("operation", *chosen),
        ((operation, *(_cell(reaches[name]) for name in chosen)) for (operation, reaches) in rows.items()),
        as_json=as_json,
    )


def _cell(reach: str | None) -> str:
    return "[dim]–[/dim]" if reach is None else f"[{_COLOURS[reach]}]{reach}[/{_COLOURS[reach]}]"
