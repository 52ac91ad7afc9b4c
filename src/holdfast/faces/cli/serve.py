"""`holdfast serve`: the HTTP server."""

from pathlib import Path
from typing import Annotated

import typer

from holdfast.core.errors import InvalidInput
from holdfast.faces.cli.output import console
from holdfast.faces.cli.target import Target

_DEFAULT_RATE = "requests a second; 0 for no limit"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(serve)


def serve(
    context: typer.Context,
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="The port; 0 takes a free one.")] = 8400,
    workers: Annotated[int, typer.Option(help="Processes that serve.")] = 1,
    certificate: Annotated[Path | None, typer.Option(help="A PEM file; with --private-key: serve TLS.")] = None,
    private_key: Annotated[Path | None, typer.Option(help="The certificate's key, a PEM file.")] = None,
    plain_http: Annotated[bool, typer.Option(help="Serve other machines without TLS: a proxy before has it.")] = False,
    trusted_proxies: Annotated[
        str | None, typer.Option(help="Proxies whose X-Forwarded-For is believed, comma-separated.")
    ] = None,
    origin: Annotated[list[str] | None, typer.Option(help="A web origin whose scripts may call. Repeatable.")] = None,
    rate_per_key: Annotated[float, typer.Option(help=f"For one person, all keys together, {_DEFAULT_RATE}.")] = 100,
    rate_per_tenant: Annotated[float, typer.Option(help=f"For one tenant, {_DEFAULT_RATE}.")] = 1_000,
    worker: Annotated[bool, typer.Option(help="Do background work too, in each process.")] = True,
    log_level: Annotated[str, typer.Option(help="debug, info (a line for each request), warning, error")] = "info",
) -> None:
    """Serve the store over HTTP, under /v1, until interrupted.

    Requests under way are finished first.
    """
    try:
        from holdfast.faces.http.limits import Rate
        from holdfast.faces.http.options import Options
        from holdfast.faces.http.server import Launch, run
    except ImportError as error:
        raise InvalidInput(f"serve: {error.name} is not installed; install holdfast[server]", field="serve") from error

    target: Target = context.obj
    options = Options(
        host=host,
        port=port,
        workers=workers,
        certificate=certificate,
        private_key=private_key,
        plain_http=plain_http,
        trusted_proxies=trusted_proxies,
        origins=tuple(origin or ()),
        jobs=worker,
        rate_per_key=Rate.of(rate_per_key),
        rate_per_tenant=Rate.of(rate_per_tenant),
    )
    for warning in options.warnings():
        console.print(f"[yellow]Warning:[/yellow] {warning}", soft_wrap=True)
    launch = Launch(url=target.url(), key=target.key(), settings=None, options=options, log_level=log_level)
    run(launch, lambda url: console.print(f"Serving at [bold]{url}[/bold]", soft_wrap=True))
