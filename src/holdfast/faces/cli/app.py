"""The command line put together: options that say which store and who, commands of each room, exit codes."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from holdfast.core.inputs import check_choice
from holdfast.core.telemetry import configure_logs
from holdfast.faces.cli import (
    api_keys,
    audit,
    configurations,
    connections,
    conversations,
    dashboard,
    decisions,
    demo,
    imports,
    interop,
    jobs,
    keys,
    knowledge,
    memory,
    metering,
    policy,
    records,
    reviews,
    runs,
    serve,
    sessions,
    stores,
    tenants,
    users,
    workflows,
)
from holdfast.faces.cli.output import report_error
from holdfast.faces.cli.target import Target

LOG_LEVELS = ("debug", "info", "warning", "error")

app = typer.Typer(
    name="holdfast",
    help="The data layer for AI applications: conversations that are never lost.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
app.add_typer(conversations.app, name="conversations", help="List, show, search, and recall as context.")
app.add_typer(memory.app, name="memory", help="What is known: remember, recall, explain, forget.")
app.add_typer(connections.app, name="connections", help="Tokens of platforms, keys of AI providers, metrics.")
app.add_typer(knowledge.app, name="knowledge", help="Documents: add, list, search, by clearance; reports.")
reviews.register(configurations.app)
app.add_typer(configurations.app, name="configurations", help="Documents that applications run by, with versions.")
app.add_typer(interop.app, name="interop", help="Messages of health systems: profile, compare, synthesise, listen.")
app.add_typer(records.app, name="records", help="Sets of JSON records: define, import, find, group.")
app.add_typer(metering.app, name="metering", help="Usage, cost, prices and limits: report, list, set.")
app.add_typer(audit.app, name="audit", help="Who did what: list, verify, sign, export.")
app.add_typer(keys.app, name="keys", help="List, rotate and destroy the keys of secrets.")
app.add_typer(tenants.app, name="tenants", help="Make, suspend, restore and delete tenants.")
app.add_typer(users.app, name="users", help="Add people, give roles and passwords, suspend and restore.")
app.add_typer(sessions.app, name="sessions", help="Who is logged in, and ending it.")
app.add_typer(api_keys.app, name="api-keys", help="Make, list and revoke API keys.")
app.add_typer(workflows.app, name="workflows", help="What is run again and again: list, make, change.")
app.add_typer(runs.app, name="runs", help="Runs of workflows: list, start, finish, resolve; statistics.")
app.add_typer(decisions.app, name="decisions", help="What was decided, why, by which rules.")
app.add_typer(jobs.app, name="jobs", help="Background work: list, show, cancel, try again; the schedule.")
stores.register(app)
keys.register(app)
imports.register(app)
demo.register(app)
serve.register(app)
jobs.register(app)
policy.register(app)
dashboard.register(app)


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
