"""The command line put together: options that say which store and who, commands of each room, exit codes."""

import sys
from pathlib import Path
from typing import Annotated

import typer

import holdfast
from holdfast.core.inputs import check_choice
from holdfast.core.telemetry import configure_logs
from holdfast.faces.cli.output import report_error
from holdfast.faces.cli.rooms import Commands
from holdfast.faces.cli.target import Target

LOG_LEVELS = ("debug", "info", "warning", "error")

app = typer.Typer(
    name="holdfast",
    cls=Commands,
    help="The data layer for AI applications: conversations that are never lost.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)


def _show_version(wanted: bool) -> None:
    if wanted:
        print(f"holdfast {holdfast.__version__}")
        raise typer.Exit


@app.callback()
def options(
    context: typer.Context,
    store: Annotated[str | None, typer.Option(envvar="HOLDFAST_STORE", help="sqlite:///… or postgresql://…")] = None,
    key_file: Annotated[
        Path | None, typer.Option(envvar="HOLDFAST_KEY_FILE", help="A file with the key. Or set HOLDFAST_KEY.")
    ] = None,
    keyring: Annotated[
        str | None,
        typer.Option(envvar="HOLDFAST_KEYRING", help="file:/path/keys.json or aws-kms:REGION; keys only by variable."),
    ] = None,
    tenant: Annotated[str | None, typer.Option(envvar="HOLDFAST_TENANT", help="The tenant's slug.")] = None,
    user: Annotated[str | None, typer.Option(envvar="HOLDFAST_USER", help="Your e-mail address.")] = None,
    profile: Annotated[
        Path | None, typer.Option(envvar="HOLDFAST_PROFILE", help="A file with the above, as `init` writes it.")
    ] = None,
    log_level: Annotated[str, typer.Option(envvar="HOLDFAST_LOG_LEVEL", help="debug, info, warning, error")] = "error",
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Say which store, and who you are, before the command, by environment variable, or by profile."""
    configure_logs(level=check_choice(log_level.lower(), LOG_LEVELS, field="log-level"))
    context.obj = Target.find(
        store=store, key_file=key_file, keyring=keyring, tenant=tenant, user=user, profile=profile
    )


def main() -> None:
    """Run the command line and exit with its code; see docs/reference/command-line.md."""
    try:
        app()
    except Exception as error:  # noqa: BLE001  # the one place where whatever is left is reported
        sys.exit(report_error(error, as_json="--json" in sys.argv))
