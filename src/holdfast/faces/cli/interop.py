"""`holdfast interop`: profile, deviations, drift, validate; synthesise; listen for messages of health systems."""

import json
import signal
import sys
import threading
from collections.abc import Iterable
from pathlib import Path
from types import FrameType
from typing import Annotated, Any

import typer

from holdfast.core.errors import InvalidInput
from holdfast.domains.interop.listening import Limits, Listener
from holdfast.domains.interop.reference.places import PLACES
from holdfast.domains.interop.spool import Spool
from holdfast.domains.interop.synthesis import synthesise as made_from
from holdfast.faces.cli import analyses
from holdfast.faces.cli.draining import draining
from holdfast.faces.cli.output import AsJson, console, show_json, what_now
from holdfast.faces.cli.target import Target

app = typer.Typer(no_args_is_help=True)
analyses.register(app)


@app.command()
def listen(
    context: typer.Context,
    spool: Annotated[Path, typer.Option(help="The file that messages are appended to. Readable by its owner only.")],
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="The port; 0 for any that is free.")] = 2575,
    connections: Annotated[int, typer.Option(help="How many engines at a time.")] = 64,
    vendor: Annotated[
        str | None,
        typer.Option(help="Have what comes analysed as this vendor's, in the store named before the command."),
    ] = None,
    keep_days: Annotated[int | None, typer.Option(help="Keep the messages as samples, sealed, for so long.")] = None,
    every: Annotated[float, typer.Option(help="Seconds between analyses of what came.", min=0.1)] = 60.0,
    as_json: AsJson = False,
) -> None:
    """Receive HL7 v2 over MLLP until Ctrl-C; each message is acknowledged once it is on the disk.

    With --vendor what came is analysed in the background, and then no longer in the file.
    """
    if keep_days is not None and vendor is None:
        raise InvalidInput("keep-days: samples are kept of a vendor; give --vendor", field="keep-days")
    ended = threading.Event()

    def end(_signal: int, _frame: FrameType | None) -> None:
        ended.set()

    with (
        Spool(spool) as kept,
        draining(context.obj, kept, vendor=vendor, keep_days=keep_days, every=every),
        Listener(kept.store, host=host, port=port, limits=Limits(connections=connections)) as at,
    ):
        before = {one: signal.signal(one, end) for one in (signal.SIGINT, signal.SIGTERM)}
        try:
            if as_json:
                show_json({"host": host, "port": at.port, "spool": str(spool)})
            else:
                console.print(f"Listening on {host}, port {at.port}; messages go to {spool}. Ctrl-C ends it.")
            sys.stdout.flush()  # whoever started this with a pipe waits for the port
            ended.wait()
        finally:
            for one, handler in before.items():
                signal.signal(one, handler)
    told = at.listened
    if as_json:
        show_json(told)
        return
    console.print(
        f"{told.stored} stored, {told.failed} failed, {told.rejected} rejected, {told.turned_away} turned away"
    )
    what_now("holdfast interop listen --help")


@app.command()
def synthesise(
    context: typer.Context,
    out: Annotated[Path, typer.Option(help="The file to write the messages to.")],
    address: Annotated[str | None, typer.Argument(help="A configuration in the store: vendor/standard/type.")] = None,
    document: Annotated[Path | None, typer.Option(help="Or one in a file, as JSON; this needs no store.")] = None,
    count: Annotated[int, typer.Option(help="How many messages.")] = 1_000,
    seed: Annotated[int, typer.Option(help="The same seed makes the same messages.")] = 0,
    reference: Annotated[
        list[str] | None,
        typer.Option(help="surnames=SET, addresses=SET, PID-18.1.1=SET.MEMBER …: record sets to pick from."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Make messages of nobody from a configuration, as its sender would send them. Of one in the store up to 10,000."""
    if (address is None) == (document is None):
        raise InvalidInput("address: give the address of a configuration, or --document FILE", field="address")
    if document is not None and reference:
        raise InvalidInput(
            "reference: record sets are in a store; give the ADDRESS of a configuration", field="reference"
        )
    if document is not None:
        made: Iterable[bytes] = made_from(_document(document), count, seed=seed)
    else:
        made = _made_at(context.obj, str(address), count, seed, dict(map(_named, reference or ())))
    with out.open("wb") as file:
        size = sum(file.write(raw if raw.endswith((b"\r", b"\n")) else raw + b"\r") for raw in made)
    if as_json:
        show_json({"messages": count, "bytes": size, "file": str(out), "seed": seed})
        return
    console.print(f"{count:,} messages, {size:,} bytes, written to {out}")
    if address is not None:
        what_now(f"holdfast … interop validate '{address}' {out}")


def _made_at(target: Target, address: str, count: int, seed: int, reference: dict[str, object]) -> Iterable[bytes]:
    with target.person() as me:
        made = me.interop.synthesise(address, count, seed=seed, reference=reference)
        return [text.encode("ascii") for text in made]


def _named(option: str) -> tuple[str, object]:
    """`surnames=names`, or `PID-18.1.1=accounts.number`."""
    kind, equals, name = option.partition("=")
    if not (kind and equals and name):
        raise InvalidInput(f"reference: {option!r:.80} is not KIND=SET or PLACE=SET.MEMBER", field="reference")
    if kind in PLACES:
        return kind, name
    set_name, _, member = name.rpartition(".")
    return kind, {"set": set_name, "member": member}


def _document(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise InvalidInput(f"{path.name!r} is no JSON document that can be read", field="document") from error
    if not isinstance(found, dict):
        raise InvalidInput(f"{path.name!r} is no configuration: it is no JSON object", field="document")
    return found
