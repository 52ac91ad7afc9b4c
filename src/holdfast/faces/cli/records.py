"""holdfast records: sets, what is in them, what is found. Files: `record_files.py`; sharing: `record_shares.py`."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from holdfast.core.errors import InvalidInput
from holdfast.domains.records import Record
from holdfast.faces.cli.output import AsJson, console, show_json, show_list, table, what_now
from holdfast.faces.cli.target import Target

app = typer.Typer(no_args_is_help=True)
SetName = Annotated[str, typer.Argument(metavar="SET", help="The set's name.")]
Where = Annotated[str | None, typer.Option(help='A filter as JSON: \'{"sector": "J", "price": {"<": 100}}\'.')]
Limit = Annotated[int, typer.Option(help="How many.")]
SHOWN = 10
WIDTH = 100


@app.command()
def define(
    context: typer.Context,
    name: SetName,
    key: Annotated[str, typer.Option(help="The path of the key, as `code`.")],
    schema: Annotated[Path | None, typer.Option(help="A file with a JSON Schema.")] = None,
    indexed: Annotated[list[str] | None, typer.Option(help="A path that filters are quick by; several times.")] = None,
    text: Annotated[list[str] | None, typer.Option(help="A path whose words are searched; several times.")] = None,
    weight: Annotated[str | None, typer.Option(help="The path of the weight that picks go by.")] = None,
    clearance: Annotated[str | None, typer.Option(help="The level of its records: S, A, B, C or D.")] = None,
    expires: Annotated[str | None, typer.Option(help="The path of a date from which on a record is gone.")] = None,
    history: Annotated[bool, typer.Option("--history", help="Keep every version.")] = False,
    locked: Annotated[bool, typer.Option("--locked", help="Only you and administrators change what is in it.")] = False,
    description: Annotated[str | None, typer.Option(help="What it is.")] = None,
    as_json: AsJson = False,
) -> None:
    """Define a set, or define it anew: then what is stored is checked first."""
    target: Target = context.obj
    with target.person() as me:
        made = me.records.define(
            name,
            key=key,
            schema=None if schema is None else _read_json(schema),
            indexed=indexed or (),
            text=text or (),
            weight=weight,
            clearance=clearance,
            expires=expires,
            history=history,
            locked=locked,
            description=description,
        )
    if as_json:
        show_json(made)
        return
    console.print(f"The set {made.name} is defined; its key is {made.key}.", markup=False)
    what_now(f"holdfast … records import {name} FILE", f"holdfast … records put {name} '{{…}}'")


@app.command()
def sets(context: typer.Context, as_json: AsJson = False) -> None:
    """The tenant's sets."""
    target: Target = context.obj
    with target.person() as me:
        found = me.records.sets()
    show_list(
        found,
        ("name", "key", "indexed", "text", "weight", "clearance", "description"),
        (
            (
                one.name,
                one.key,
                ", ".join(one.indexed),
                ", ".join(one.text),
                one.weight or "",
                one.clearance or "",
                one.description or "",
            )
            for one in found
        ),
        as_json=as_json,
        then=("records find SET", "records define SET --key PATH"),
    )


@app.command()
def put(
    context: typer.Context,
    name: SetName,
    record: Annotated[str, typer.Argument(help="The record, as JSON.")],
    clearance: Annotated[str | None, typer.Option(help="The level it is put at.")] = None,
    as_json: AsJson = False,
) -> None:
    """Store one record, new or in place of the one of its key."""
    target: Target = context.obj
    with target.person() as me:
        stored = me.records.put(name, parse_json(record, "record"), clearance=clearance)
    _told(name, stored, as_json, f"is stored, at version {stored.version}")


@app.command()
def get(
    context: typer.Context, name: SetName, key: Annotated[str, typer.Argument(help="Its key.")], as_json: AsJson = False
) -> None:
    """Show one record."""
    target: Target = context.obj
    with target.person() as me:
        found = me.records.get(name, key)
    if as_json:
        show_json(found)
        return
    level = f", {found.clearance}" if found.clearance else ""
    console.print(f"{found.key} (version {found.version}{level})\n", markup=False, style="bold")
    console.print(json.dumps(found.data, ensure_ascii=False, indent=2), markup=False, soft_wrap=True)


@app.command()
def find(
    context: typer.Context,
    name: SetName,
    where: Where = None,
    text: Annotated[str | None, typer.Option(help="Words to look for.")] = None,
    order: Annotated[str | None, typer.Option(help="The key or an indexed path; - before it turns it round.")] = None,
    limit: Limit = 20,
    cursor: Annotated[str | None, typer.Option(help="Where the page before ended.")] = None,
    as_json: AsJson = False,
) -> None:
    """The records that a filter lets through, or that have some words."""
    target: Target = context.obj
    asked = None if where is None else parse_json(where, "where")
    with target.person() as me:
        if text is not None:
            hits = me.records.search(name, text, where=asked, k=limit)
            found, following = [hit.record for hit in hits], None
            whole: Any = hits
        else:
            page = me.records.find(name, where=asked, order=order, limit=limit, cursor=cursor)
            found, following, whole = list(page.items), page.next, page
    if as_json:
        show_json(whole)
        return
    _show(found)
    more = [f"holdfast … records find {name} --cursor {following}"] if following else []
    what_now(*more, f"holdfast … records get {name} KEY")


@app.command()
def group(
    context: typer.Context,
    name: SetName,
    by: Annotated[str, typer.Argument(help="A path.")],
    where: Where = None,
    limit: Limit = 20,
    as_json: AsJson = False,
) -> None:
    """How many records have each value."""
    target: Target = context.obj
    with target.person() as me:
        found = me.records.group(name, by=by, where=None if where is None else parse_json(where, "where"), limit=limit)
    show_list(
        found,
        (by, "records"),
        (("–" if one.value is None else str(one.value), f"{one.count:,}") for one in found),
        as_json=as_json,
    )


@app.command()
def pick(
    context: typer.Context,
    name: SetName,
    where: Where = None,
    n: Annotated[int, typer.Option("-n", help="How many, each drawn anew.")] = 1,
    seed: Annotated[int | None, typer.Option(help="A number that gives the same picks again.")] = None,
    as_json: AsJson = False,
) -> None:
    """Records by their weights."""
    target: Target = context.obj
    with target.person() as me:
        found = me.records.pick(name, where=None if where is None else parse_json(where, "where"), n=n, seed=seed)
    if as_json:
        show_json(found)
        return
    _show(found)
    what_now(f"holdfast … records pick {name} --seed 7")


@app.command()
def history(
    context: typer.Context, name: SetName, key: Annotated[str, typer.Argument(help="Its key.")], as_json: AsJson = False
) -> None:
    """The versions of one record, the latest first."""
    target: Target = context.obj
    with target.person() as me:
        found = me.records.history(name, key)
    show_list(
        found,
        ("version", "changed", "record"),
        (
            (
                str(one.version),
                f"{one.changed_at:%Y-%m-%d %H:%M}",
                ("deleted" if one.data is None else json.dumps(one.data, ensure_ascii=False))[:WIDTH],
            )
            for one in found
        ),
        as_json=as_json,
        then=(f"records get {name} {key}",),
    )


@app.command()
def delete(
    context: typer.Context, name: SetName, key: Annotated[str, typer.Argument(help="Its key.")], as_json: AsJson = False
) -> None:
    """Delete one record; nothing of it is left."""
    target: Target = context.obj
    with target.person() as me:
        found = me.records.get(name, key)
        me.records.delete(name, key)
    _told(name, found, as_json, "is deleted")


@app.command(name="delete-set")
def delete_set(context: typer.Context, name: SetName, as_json: AsJson = False) -> None:
    """Delete a set with all that is in it."""
    target: Target = context.obj
    with target.person() as me:
        found = me.records.get_set(name)
        me.records.delete_set(name)
    if as_json:
        show_json(found)
    else:
        console.print(f"The set {name} is deleted with all that was in it.", markup=False)
        what_now("holdfast … records sets")


def _show(found: list[Record]) -> None:
    shown = table("key", "version", "record")
    for one in found:
        text = json.dumps(one.data, ensure_ascii=False)
        shown.add_row(one.key, str(one.version), text if len(text) <= WIDTH else text[: WIDTH - 1] + "…")
    console.print(shown)


def _told(name: str, record: Record, as_json: bool, what: str) -> None:
    if as_json:
        show_json(record)
    else:
        console.print(f"{record.key} {what}.", markup=False)
        what_now(f"holdfast … records find {name}")


def parse_json(text: str, field: str) -> Any:
    """What a text says as JSON. Raises `InvalidInput`."""
    try:
        return json.loads(text)
    except ValueError as error:
        raise InvalidInput(f"{field}: is no JSON ({error})", field=field) from None


def _read_json(path: Path) -> Any:
    try:
        return parse_json(path.read_text(encoding="utf-8"), str(path))
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInput(f"schema: {str(path)!r} cannot be read ({error})", field="schema") from error
