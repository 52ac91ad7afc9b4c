"""`holdfast workflows`: list, create, update."""

from typing import Annotated

import typer

from holdfast.faces.cli.output import AsJson, console, show_json, show_list, what_now
from holdfast.faces.cli.target import Target

app = typer.Typer(no_args_is_help=True)

Category = Annotated[str | None, typer.Option(help="Its category.")]
Description = Annotated[str | None, typer.Option(help="What it is for.")]


@app.command(name="list")
def list_workflows(
    context: typer.Context,
    category: Annotated[str | None, typer.Option(help="Only of this category.")] = None,
    limit: Annotated[int, typer.Option(help="How many at most.")] = 50,
    cursor: Annotated[str | None, typer.Option(help="Where the last page ended.")] = None,
    as_json: AsJson = False,
) -> None:
    """The tenant's workflows, the newest first."""
    target: Target = context.obj
    with target.person() as me:
        page = me.runs.workflows(category=category, limit=limit, cursor=cursor)
    show_list(
        page,
        ("id", "name", "outside id", "category", "active"),
        (
            (str(item.id), item.name, item.external_id or "", item.category or "", "yes" if item.active else "no")
            for item in page.items
        ),
        as_json=as_json,
        again="workflows list",
    )


@app.command()
def create(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="The workflow's name.")],
    external_id: Annotated[str | None, typer.Option(help="Its id in an outside engine.")] = None,
    category: Category = None,
    description: Description = None,
    as_json: AsJson = False,
) -> None:
    """Make a workflow."""
    target: Target = context.obj
    with target.person() as me:
        made = me.runs.create_workflow(name, external_id=external_id, category=category, description=description)
    if as_json:
        show_json(made)
        return
    console.print(f"Workflow {made.id} is there.")
    what_now(f"holdfast … runs start {made.id}", "holdfast … runs statistics --since 2026-01-01")


@app.command()
def update(
    context: typer.Context,
    workflow: Annotated[str, typer.Argument(metavar="ID", help="The workflow's id.")],
    name: Annotated[str | None, typer.Option(help="Another name.")] = None,
    category: Category = None,
    description: Description = None,
    active: Annotated[bool | None, typer.Option(help="Whether it takes new runs.")] = None,
    as_json: AsJson = False,
) -> None:
    """Change what is given."""
    target: Target = context.obj
    with target.person() as me:
        made = me.runs.update_workflow(workflow, name=name, category=category, description=description, active=active)
    if as_json:
        show_json(made)
    else:
        console.print(f"{made.name} is {'active' if made.active else 'not active'}.", markup=False)
