"""`holdfast tenants`: list, create, suspend, restore, delete, profile. All as the operator: whoever holds the store."""

from typing import Annotated

import typer

from holdfast.domains.identity import Tenant
from holdfast.faces.cli.output import AsJson, console, show_json, show_list, what_now
from holdfast.faces.cli.target import Target

app = typer.Typer(no_args_is_help=True)

Slug = Annotated[str, typer.Argument(metavar="SLUG", help="The tenant's slug, as `list` shows it.")]
Reason = Annotated[str, typer.Option(help="Why; it goes into the trail.")]


@app.command(name="list")
def list_tenants(context: typer.Context, as_json: AsJson = False) -> None:
    """Every tenant of the store."""
    target: Target = context.obj
    with target.operator() as root:
        found = root.list_tenants()
    show_list(
        found,
        ("slug", "name", "status", "since"),
        ((tenant.slug, tenant.name, tenant.status, f"{tenant.created_at:%Y-%m-%d}") for tenant in found),
        as_json=as_json,
    )


@app.command()
def create(
    context: typer.Context,
    slug: Annotated[str, typer.Argument(metavar="SLUG", help="1 to 63 of a-z, 0-9 and inner hyphens.")],
    name: Annotated[str | None, typer.Option(help="What people call it.")] = None,
    as_json: AsJson = False,
) -> None:
    """Make a tenant."""
    target: Target = context.obj
    with target.operator() as root:
        made = root.create_tenant(slug, name=name)
    if as_json:
        show_json(made)
        return
    console.print(f"Made tenant [bold]{made.slug}[/bold].")
    what_now(f"holdfast --tenant {made.slug} users add owner@{made.slug}.test --role owner")


@app.command()
def suspend(context: typer.Context, slug: Slug, reason: Reason, as_json: AsJson = False) -> None:
    """Refuse everybody of a tenant until it is restored; its data is kept."""
    target: Target = context.obj
    with target.operator() as root:
        _show(root.suspend_tenant(slug, reason=reason), as_json=as_json)


@app.command()
def restore(context: typer.Context, slug: Slug, as_json: AsJson = False) -> None:
    """Let a suspended tenant in again."""
    target: Target = context.obj
    with target.operator() as root:
        _show(root.restore_tenant(slug), as_json=as_json)


@app.command()
def delete(
    context: typer.Context,
    slug: Slug,
    reason: Reason,
    confirm: Annotated[str, typer.Option(help="The slug once more: nothing brings the tenant back.")],
    as_json: AsJson = False,
) -> None:
    """Delete a tenant for good, with every row it has. The trail of what was done stays."""
    if confirm != slug:
        raise typer.BadParameter(f"{confirm!r} is not {slug!r}", param_hint="--confirm")
    target: Target = context.obj
    with target.operator() as root:
        gone = root.delete_tenant(slug, reason=reason)
    if as_json:
        show_json(gone)
        return
    console.print(f"Deleted tenant {slug}: {sum(gone.rows.values()):,} rows. Its trail is that of {gone.id}.")


@app.command()
def profile(context: typer.Context, slug: Slug, as_json: AsJson = False) -> None:
    """Show what a tenant has published for people who have not logged in."""
    target: Target = context.obj
    with target.opened() as store:
        found = store.profile(slug)
    if as_json:
        show_json(found)
        return
    console.print(f"[bold]{found.name}[/bold] ({found.slug})")
    for name in ("branding", "settings", "routing"):
        console.print(f"  {name}: {getattr(found, name)}", markup=False, soft_wrap=True)


def _show(tenant: Tenant, *, as_json: bool) -> None:
    if as_json:
        show_json(tenant)
    else:
        console.print(f"Tenant {tenant.slug} is {tenant.status}.")
