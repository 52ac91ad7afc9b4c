"""`holdfast connections`: list, put, token, revoke, revocations, snapshots."""

import json
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer

from holdfast.core.errors import InvalidInput
from holdfast.domains.connections import RevocationReport
from holdfast.faces.cli.output import IN_PART, AsJson, console, show_json, show_list, what_now
from holdfast.faces.cli.target import Target

app = typer.Typer(no_args_is_help=True)

Platform = Annotated[str, typer.Argument(help="google_ads, openai, …: see docs/how-to/connect-platforms.md")]
Workspace = Annotated[str, typer.Option(help="The workspace's id.")]
AnyWorkspace = Annotated[str | None, typer.Option(help="Only this workspace's.")]
Limit = Annotated[int, typer.Option(help="How many at most.")]
Cursor = Annotated[str | None, typer.Option(help="Where the last page ended.")]
_GIVEN = ("access_token", "refresh_token", "expires_at", "api_key", "base_url", "account", "metadata")


@app.command(name="list")
def list_connections(
    context: typer.Context,
    workspace: AnyWorkspace = None,
    status: Annotated[str | None, typer.Option(help="active, expired, revoked or error")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
    as_json: AsJson = False,
) -> None:
    """List connections and how they stand, without their secrets."""
    target: Target = context.obj
    with target.person() as me:
        page = me.connections.list(workspace=workspace, status=status, limit=limit, cursor=cursor)  # type: ignore[arg-type]  # checked there
    show_list(
        page,
        ("workspace", "platform", "status", "expires", "account", "error"),
        (
            (
                str(item.workspace_id),
                item.platform,
                item.status,
                "" if item.expires_at is None else f"{item.expires_at:%Y-%m-%d %H:%M}",
                item.account or "",
                item.error or "",
            )
            for item in page.items
        ),
        as_json=as_json,
        again="connections list",
    )


@app.command()
def put(
    context: typer.Context,
    platform: Platform,
    workspace: Workspace,
    secrets: Annotated[
        Path | None, typer.Option("--from", help="A JSON file; without one, standard input. Never the command line.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Store a connection: JSON with access_token, refresh_token and expires_at, or api_key and base_url."""
    target: Target = context.obj
    given = _read_given(secrets)
    with target.person() as me:
        made = me.connections.put(platform, workspace=workspace, **given)
    if as_json:
        show_json(made)
        return
    console.print(f"{made.platform} is connected: {made.status}.")


def _read_given(path: Path | None) -> dict[str, Any]:
    """What is to be stored. The errors do not repeat it."""
    try:
        found = json.loads(sys.stdin.read() if path is None else path.read_text())
    except (OSError, ValueError) as error:
        raise InvalidInput(f"from: cannot be read as JSON ({type(error).__name__})", field="from") from None
    if not isinstance(found, dict) or not set(found) <= set(_GIVEN):
        raise InvalidInput(f"from: a JSON object of {', '.join(_GIVEN)} is needed", field="from")
    if found.get("expires_at") is not None:
        found["expires_at"] = _moment(found["expires_at"])
    return found


def _moment(value: object) -> datetime:
    try:
        return datetime.fromisoformat(str(value))
    except ValueError as error:
        raise InvalidInput("expires_at: is not a time such as 2026-01-31T08:00:00Z", field="expires_at") from error


@app.command()
def token(context: typer.Context, platform: Platform, workspace: Workspace) -> None:
    """Print an access token that is good for five minutes or more, for a script to use."""
    target: Target = context.obj
    with target.person() as me:
        sys.stdout.write(me.connections.token(platform, workspace=workspace) + "\n")


@app.command()
def revoke(context: typer.Context, platform: Platform, workspace: Workspace, as_json: AsJson = False) -> None:
    """End a connection now, and tell its platform."""
    target: Target = context.obj
    with target.person() as me:
        ended = me.connections.revoke(platform, workspace=workspace)
    with target.opened() as store:
        report = store.system().connections.run_revocations()
    if as_json:
        show_json({"connection": ended, "run": report})
    else:
        console.print(f"{ended.platform} is {ended.status}.")
        _say(report)


@app.command(name="run-revocations")
def run_revocations(context: typer.Context, as_json: AsJson = False) -> None:
    """Tell platforms, for every tenant, to revoke what is due; exit code 8 when one was given up."""
    target: Target = context.obj
    with target.opened() as store:
        report = store.system().connections.run_revocations()
    if as_json:
        show_json(report)
    else:
        _say(report)
    if report.failed:
        raise typer.Exit(IN_PART)


def _say(report: RevocationReport) -> None:
    console.print(f"Platforms told: {report.done}, to be tried again: {report.waiting}, given up: {report.failed}.")
    if report.waiting:
        what_now("holdfast … connections run-revocations")


@app.command()
def revocations(
    context: typer.Context,
    workspace: AnyWorkspace = None,
    status: Annotated[str | None, typer.Option(help="queued, done or failed")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
    as_json: AsJson = False,
) -> None:
    """Show which platforms were told to revoke tokens, and which are still to be."""
    target: Target = context.obj
    with target.person() as me:
        page = me.connections.revocations(workspace=workspace, status=status, limit=limit, cursor=cursor)  # type: ignore[arg-type]  # checked there
    show_list(
        page,
        ("workspace", "platform", "status", "attempts", "next", "error"),
        (
            (
                str(item.workspace_id),
                item.platform,
                item.status,
                str(item.attempts),
                f"{item.next_at:%Y-%m-%d %H:%M}" if item.status == "queued" else "",
                item.error or "",
            )
            for item in page.items
        ),
        as_json=as_json,
        again="connections revocations",
    )


@app.command()
def snapshots(
    context: typer.Context,
    workspace: Workspace,
    fresh_hours: Annotated[float | None, typer.Option(help="Only those younger than this.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show the newest metrics of each platform, and how old they are."""
    target: Target = context.obj
    within = None if fresh_hours is None else timedelta(hours=fresh_hours)
    with target.person() as me:
        found = me.connections.snapshots(workspace=workspace, fresh_within=within)
    show_list(
        found,
        ("platform", "taken", "age", "metrics"),
        (
            (
                item.platform,
                f"{item.taken_at.astimezone(UTC):%Y-%m-%d %H:%M}",
                str(timedelta(seconds=item.age_seconds)),
                json.dumps(item.metrics),
            )
            for item in found
        ),
        as_json=as_json,
    )
