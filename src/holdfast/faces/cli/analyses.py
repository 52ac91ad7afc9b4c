"""`holdfast interop profile | deviations | drift | validate | deidentify`."""

import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

import holdfast
from holdfast.core.errors import InvalidInput
from holdfast.core.jobs import Job
from holdfast.domains.interop.models import Verdict
from holdfast.faces.cli.output import IN_PART, AsJson, console, show_json, table, what_now
from holdfast.faces.cli.target import Target
from holdfast.scopes import UserScope

LOOK_SECONDS = 0.2
_TOLD = 20

Files = Annotated[list[Path], typer.Argument(help="Files of messages.", exists=True, dir_okay=False)]
Address = Annotated[str, typer.Argument(help="vendor/standard/type; a slash within a segment is %2F.")]


def profile(
    context: typer.Context,
    files: Files,
    vendor: Annotated[str, typer.Option(help="Whose messages they are.")],
    standard: Annotated[str, typer.Option(help="HL7v2, FHIR, NCPDP-SCRIPT or NCPDP-Telecom.")] = "HL7v2",
    keep_days: Annotated[int | None, typer.Option(help="Keep the messages, sealed, for so long.")] = None,
    processes: Annotated[int, typer.Option(help="How many processes count.")] = 1,
    cluster: Annotated[str | None, typer.Option(help="The scheduler of a Dask cluster that counts: tls://…")] = None,
    cluster_in_the_open: Annotated[bool, typer.Option(help="Messages may travel to it without encryption.")] = False,
    as_json: AsJson = False,
) -> None:
    """Work out how a sender writes its messages, and keep that as configurations.

    Messages that were counted before add nothing. Many messages are counted faster by several processes.
    """
    target: Target = context.obj
    with _opened(target) as (store, me):
        job = me.interop.analyse(
            list(files),
            vendor=vendor,
            standard=standard,
            keep_days=keep_days,
            processes=processes,
            cluster=cluster,
            cluster_in_the_open=cluster_in_the_open,
        )
        done = _followed(store, me, job, quiet=as_json)
        found = [_document(me, one) for one in (done.result or {}).get("configurations", [])]
    if as_json:
        show_json(done)
    else:
        _show_profile(done, found)
    if done.status != "done":
        raise typer.Exit(1)


@contextmanager
def _opened(target: Target) -> Iterator[tuple[holdfast.Store, UserScope]]:
    if not (target.tenant and target.user):
        raise InvalidInput("user: whose analysis is it? give --tenant and --user before the command", field="user")
    with target.opened() as store:
        yield store, store.tenant(target.tenant).user(target.user)


def _followed(store: holdfast.Store, me: UserScope, job: Job, *, quiet: bool) -> Job:
    """The job when it has ended: done here, unless a worker elsewhere was quicker."""
    worker = store.worker()
    worker.start()
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=quiet) as progress:
        bar = progress.add_task("counting", total=job.total)
        while (seen := me.jobs.get(job.id)).status in ("queued", "running"):
            progress.update(bar, completed=seen.done, total=seen.total, description=escape(seen.note or "counting"))
            time.sleep(LOOK_SECONDS)
    worker.stop()
    return seen


def _document(me: UserScope, told: Any) -> Any:
    """What was inferred, as it is kept or asked for."""
    if "request" in told:
        return me.configurations.request(told["request"]).document
    return me.configurations.get(told["address"]).document


def _show_profile(job: Job, documents: list[Any]) -> None:
    if job.status != "done":
        console.print(f"The analysis {job.id} is {job.status}: {escape(job.reason or 'it is tried again later')}")
        what_now(f"holdfast … jobs show {job.id}")
        return
    result = job.result
    console.print(
        f"{result['messages']:,} messages, {result['new']:,} of them new, {result['unreadable']:,} unreadable"
    )
    for problem in result["problems"][:_TOLD]:
        place = " ".join(f"{name} {problem[name]}" for name in ("message", "segment", "position") if name in problem)
        console.print(f"  {problem['kind']}: {escape(place)}")
    shown = table("type", "version", "messages", "segments", "Z-segments", "fields", "rules", "kept at", "sender")
    addresses = [one["address"] for one in result["configurations"]]
    for address, document in zip(addresses, documents, strict=True):
        for version, one in document["versions"].items():
            segments = one["segments"]
            custom = ", ".join(name for name in sorted(segments) if segments[name]["custom"])
            fields = sum(len(segment["fields"]) for segment in segments.values())
            counts = [one["messages"], len(segments), custom, fields, len(one["rules"])]
            row = [document["type"], version, *map(str, counts), address, document["signature"]["vendor"]]
            shown.add_row(*map(escape, row))
    console.print(shown)
    asked = [one for one in result["configurations"] if "request" in one]
    for one in asked:
        console.print(f"{escape(one['address'])} has its changes reviewed: proposed as request {one['request']}")
    if asked:
        what_now(f"holdfast … configurations requests --show {asked[0]['request']}")
    elif addresses:
        what_now(f"holdfast … interop deviations '{addresses[0]}'", f"holdfast … configurations show '{addresses[0]}'")


def deviations(context: typer.Context, address: Address, as_json: AsJson = False) -> None:
    """Show where a sender's messages differ from the base standard."""
    target: Target = context.obj
    with target.person() as me:
        found = me.interop.deviations(address)
    if as_json:
        show_json(found)
        return
    for version, one in found.items():
        shown = table("severity", "kind", "location", "how many", "what", title=f"version {version}")
        for deviation in one.found:
            many = f"{deviation.count:,} of {deviation.whole:,}"
            shown.add_row(deviation.severity, deviation.kind, deviation.location, many, escape(deviation.detail))
        console.print(shown)
        for not_checked in one.not_checked:
            console.print(f"not checked: {escape(not_checked)}")


def drift(context: typer.Context, address: Address, files: Files, as_json: AsJson = False) -> None:
    """Compare new messages with a configuration. Exit code 8 where they differ."""
    target: Target = context.obj
    with target.person() as me:
        found = me.interop.drift(address, list(files))
    if as_json:
        show_json(found)
    else:
        before, after = found.messages
        console.print(f"{after:,} messages beside {before:,}, {found.tests:,} questions: {len(found.findings)} differ")
        shown = table("location", "kind", "before", "after", "p", "effect", "samples")
        for one in found.findings:
            sizes = f"{one.sizes[0]:,} and {one.sizes[1]:,}"
            row = (one.location, one.kind, escape(one.before), escape(one.after), f"{one.p:.2g}", f"{one.effect:.2f}")
            shown.add_row(*row, sizes)
        if found.findings:
            console.print(shown)
    if found.findings:
        raise typer.Exit(IN_PART)


def validate(
    context: typer.Context,
    address: Address,
    file: Annotated[str, typer.Argument(help="A file of messages, of the standard as the configuration; - for stdin.")],
    as_json: AsJson = False,
) -> None:
    """Judge messages by a configuration, one by one. Exit code 8 where one differs."""
    target: Target = context.obj
    source = sys.stdin.buffer.read() if file == "-" else Path(file)
    with target.person() as me:
        check = me.interop.validator(address)
        found = [Verdict(message=one.number, differences=tuple(check(one))) for one in check.messages(source)]
    wrong = [one for one in found if one.differences]
    if as_json:
        show_json(found)
    else:
        shown = table("message", "severity", "kind", "location", "segment", "what")
        for verdict in wrong:
            for one in verdict.differences:
                place = "" if one.position is None else str(one.position)
                shown.add_row(str(verdict.message), one.severity, one.kind, one.location, place, escape(one.detail))
        console.print(f"{len(found):,} messages, {len(wrong):,} of them differ")
        if wrong:
            console.print(shown)
    if wrong:
        raise typer.Exit(IN_PART)


def deidentify(
    context: typer.Context,
    out: Annotated[Path, typer.Option(help="The file to write the copies to.")],
    files: Annotated[list[Path] | None, typer.Argument(help="Files of HL7 v2 messages.", exists=True)] = None,
    vendor: Annotated[str | None, typer.Option(help="Or the samples that were kept of a vendor …")] = None,
    of_type: Annotated[str | None, typer.Option("--type", help="… of one type.")] = None,
    mapping: Annotated[Path | None, typer.Option(help="Write here what stands for what. Readable by you only.")] = None,
    k: Annotated[int, typer.Option(help="Keep codes only that so many patients of the batch have.", min=1)] = 1,
    as_json: AsJson = False,
) -> None:
    """Copy messages without the people in them, consistently within one run. What stands for what is forgotten."""
    target: Target = context.obj
    if bool(files) == bool(vendor and of_type):
        raise InvalidInput("files: give files of messages, or --vendor and --type of samples", field="files")
    with target.person() as me:
        given = list(files) if files else _samples(me, str(vendor), str(of_type))
        made = me.interop.deidentify(given, mapping=mapping is not None, k=k)
    ends = b"\r", b"\n"
    raws = [text.encode("utf-8", "surrogateescape") for text in made.messages]
    out.write_bytes(b"".join(raw if raw.endswith(ends) else raw + b"\r" for raw in raws))
    if mapping is not None:
        mapping.touch(mode=0o600)
        mapping.write_text(json.dumps(made.mapping, indent=1))
    if as_json:
        show_json({"messages": len(made.messages), "left_out": made.left_out, "file": str(out)})
        return
    console.print(f"{len(made.messages):,} messages without people, {made.left_out:,} left out, written to {out}")
    what_now(f"holdfast … interop profile {out} --vendor NAME")


def _samples(me: UserScope, vendor: str, of_type: str) -> list[str | bytes | Path]:
    found: list[str | bytes | Path] = []
    after = ""
    while page := me.interop.samples(vendor, of_type, after=after, limit=200):
        found += [one.content for one in page]
        after = page[-1].digest
    if not found:
        raise InvalidInput(f"vendor: no samples of {of_type!r:.80} are kept of {vendor!r:.80}", field="vendor")
    return found


def register(app: typer.Typer) -> None:
    """Add the commands."""
    for command in (profile, deviations, drift, validate, deidentify):
        app.command()(command)
