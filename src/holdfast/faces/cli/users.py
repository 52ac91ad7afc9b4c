"""`holdfast users`: list, add, role, clearance, suspend, restore, password, platform."""

import sys
from typing import Annotated

import typer

from holdfast.domains.identity import Member
from holdfast.faces.cli.output import AsJson, console, show_json, show_list
from holdfast.faces.cli.target import Target

app = typer.Typer(no_args_is_help=True)

Email = Annotated[str, typer.Argument(metavar="EMAIL", help="The person's e-mail address.")]


@app.command(name="list")
def list_users(context: typer.Context, as_json: AsJson = False) -> None:
    """The members of the tenant."""
    target: Target = context.obj
    with target.acting() as (identity, tenant):
        found = identity.list_members(tenant=tenant)
    show_list(
        found,
        ("e-mail", "name", "role", "status", "clearance", "since"),
        (
            (
                member.email,
                member.name or "",
                member.role,
                member.status,
                member.clearance,
                f"{member.created_at:%Y-%m-%d}",
            )
            for member in found
        ),
        as_json=as_json,
    )


@app.command()
def add(
    context: typer.Context,
    email: Email,
    role: Annotated[str, typer.Option(help="owner, admin, member or auditor")] = "member",
    name: Annotated[str | None, typer.Option(help="Their name.")] = None,
    as_json: AsJson = False,
) -> None:
    """Make a person a member of the tenant."""
    target: Target = context.obj
    with target.acting() as (identity, tenant):
        _show(identity.create_user(email, role=role, name=name, tenant=tenant), as_json=as_json)


@app.command()
def role(
    context: typer.Context,
    email: Email,
    role: Annotated[str, typer.Argument(metavar="ROLE", help="owner, admin, member or auditor")],
    as_json: AsJson = False,
) -> None:
    """Give a member another role."""
    target: Target = context.obj
    with target.acting() as (identity, tenant):
        _show(identity.set_role(email, role, tenant=tenant), as_json=as_json)


@app.command()
def clearance(
    context: typer.Context,
    email: Email,
    levels: Annotated[str, typer.Argument(metavar="LEVELS", help="of S, A, B, C, D, such as CD; or none")],
    as_json: AsJson = False,
) -> None:
    """Say which documents a member may read: those of these levels."""
    target: Target = context.obj
    with target.acting() as (identity, tenant):
        member = identity.set_clearance(email, [] if levels == "none" else list(levels), tenant=tenant)
    if as_json:
        show_json(member)
    else:
        console.print(f"{member.email} may read documents of {member.clearance or 'no level'}.", markup=False)


@app.command()
def suspend(context: typer.Context, email: Email, as_json: AsJson = False) -> None:
    """Refuse a member until they are restored; their data is kept."""
    target: Target = context.obj
    with target.acting() as (identity, tenant):
        _show(identity.set_status(email, "suspended", tenant=tenant), as_json=as_json)


@app.command()
def restore(context: typer.Context, email: Email, as_json: AsJson = False) -> None:
    """Let a suspended member in again."""
    target: Target = context.obj
    with target.acting() as (identity, tenant):
        _show(identity.set_status(email, "active", tenant=tenant), as_json=as_json)


@app.command()
def password(context: typer.Context, email: Email, as_json: AsJson = False) -> None:
    """Give a member a password, read from the terminal or from standard input; their sessions end."""
    given = typer.prompt("Password", hide_input=True, confirmation_prompt=True) if sys.stdin.isatty() else _first_line()
    target: Target = context.obj
    with target.acting() as (identity, tenant):
        identity.set_password(email, given, tenant=tenant)
    if as_json:
        show_json({"email": email, "password": "set"})
    else:
        console.print(f"{email} has a new password.", markup=False)


@app.command()
def platform(
    context: typer.Context,
    email: Email,
    role: Annotated[str, typer.Argument(metavar="ROLE", help="user, admin or super_admin")],
    as_json: AsJson = False,
) -> None:
    """Say what a person may do outside any tenant. As the operator: whoever holds the store."""
    target: Target = context.obj
    with target.operator() as root:
        user = root.set_platform_role(email, role)
    if as_json:
        show_json(user)
    else:
        console.print(f"{user.email} is {user.platform_role} of the platform.", markup=False)


def _first_line() -> str:
    return sys.stdin.readline().rstrip("\n")


def _show(member: Member, *, as_json: bool) -> None:
    if as_json:
        show_json(member)
    else:
        console.print(f"{member.email} is {member.role}, {member.status}.", markup=False)
