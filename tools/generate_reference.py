"""Writes docs/reference from the code: settings, errors, policy, command line.

uv run python tools/generate_reference.py            write the pages
uv run python tools/generate_reference.py --check    fail when one is not current
"""

import ast
import importlib
import inspect
import pkgutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import fields
from pathlib import Path

import typer
from typer.core import TyperGroup

import holdfast
from holdfast.core import settings
from holdfast.core.errors import HoldfastError
from holdfast.core.policy import POLICY
from holdfast.core.scope import ROLES
from holdfast.faces.cli.app import app
from holdfast.faces.cli.output import EXIT_CODES, IN_PART, INTERRUPTED, NOT_SOUND
from holdfast.faces.http.app import ROUTES
from holdfast.faces.http.events import ROUTE as EVENTS

_OTHER_DEFAULTS = {
    "private_addresses": "loopback",
    "openid": "none",
    "counters": "none",
    "cache": "none",
    "cache_sealed": "1",
    "embedders": "none",
    "count_tokens": "`estimate_tokens`: a quarter of the UTF-8 bytes",
    "oauth_clients": "none",
    "vector_indexes": "none",
    "message_embedder": "none",
    "memory_embedder": "none",
    "telemetry": "0",
    "tracer_provider": "the process's",
    "meter_provider": "the process's",
}
_OBJECTS = ("count_tokens", "tracer_provider", "meter_provider")
FOLDER = Path(__file__).parent.parent / "docs" / "reference"
NOTE = "<!-- Made by tools/generate_reference.py. -->\n"


def settings_page() -> str:
    """Every setting with its default and its docstring."""
    described = _attribute_docs(inspect.getsource(settings.Settings))
    lines = ["# Settings", "", "`holdfast.Settings`, given to `create` and `open`; or environment variables.", ""]
    lines += ["| setting | variable | default | what it is |", "| --- | --- | --- | --- |"]
    for field in fields(settings.Settings):
        number = field.name not in settings.NO_NUMBERS
        variable = "–" if field.name in _OBJECTS else f"`HOLDFAST_{field.name.upper()}`"
        default = f"{field.default:,}" if number else _OTHER_DEFAULTS[field.name]
        lines.append(f"| `{field.name}` | {variable} | {default} | {described[field.name]} |")
    return "\n".join(lines)


def _attribute_docs(source: str) -> dict[str, str]:
    (owner,) = [node for node in ast.parse(source).body if isinstance(node, ast.ClassDef)]
    described = {}
    for node, following in zip(owner.body, owner.body[1:], strict=False):
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and isinstance(following, ast.Expr):
            described[node.target.id] = " ".join(str(ast.literal_eval(following.value)).split())
    return described


def errors_page() -> str:
    """Every error with its code, its status and what it means."""
    lines = ["# Errors", "", "Every error is a `holdfast.HoldfastError` with a stable `code`.", ""]
    lines += ["| code | status | class | what happened |", "| --- | --- | --- | --- |"]
    for kind in sorted(every_error(), key=lambda kind: kind.code):
        summary = (inspect.getdoc(kind) or "").split("\n\n")[0].replace("\n", " ")
        lines.append(f"| `{kind.code}` | {kind.status} | `{kind.__name__}` | {summary} |")
    return "\n".join(lines)


def every_error() -> set[type[HoldfastError]]:
    """Every public error class in the package."""
    for module in pkgutil.walk_packages(holdfast.__path__, "holdfast."):
        if ".migrations." not in module.name:
            importlib.import_module(module.name)
    return {kind for kind in _descendants(HoldfastError) if not kind.__name__.startswith("_")}


def _descendants(kind: type[HoldfastError]) -> Iterator[type[HoldfastError]]:
    yield kind
    for inner in kind.__subclasses__():
        yield from _descendants(inner)


def policy_page() -> str:
    """The policy table."""
    roles = ROLES
    lines = [
        "# Policy",
        "",
        "How far each role reaches: `own` (what it created), `tenant` (everything in the tenant),",
        "",
    ]
    lines[-2] += " `all` (every tenant), or – (refused)."
    lines += ["| operation | " + " | ".join(roles) + " |", "| --- |" + " --- |" * len(roles)]
    for operation, reaches in POLICY.items():
        lines.append(f"| `{operation}` | " + " | ".join(reaches.get(role, "–") for role in roles) + " |")
    return "\n".join(lines)


def command_line_page() -> str:
    """Every command with its options, and the exit codes."""
    lines = [
        "# Command line",
        "",
        "`holdfast [which store, and who] COMMAND`; `--json` with any command prints JSON.",
        "",
    ]
    group = typer.main.get_command(app)
    assert isinstance(group, TyperGroup)
    lines += ["## Which store, and who", "", *_options(group)]
    for path, command in _commands("holdfast", group):
        lines += ["", f"## {path}", "", " ".join((command.help or "").split()), "", *_options(command)]
    return "\n".join([*lines, "", *_exit_codes()])


def _commands(path: str, group: TyperGroup) -> Iterator[tuple[str, typer.core.TyperCommand]]:
    context = typer.Context(group)
    for name in sorted(group.list_commands(context)):
        command = group.get_command(context, name)
        if isinstance(command, TyperGroup):
            yield from _commands(f"{path} {name}", command)
        else:
            yield f"{path} {name}", command  # type: ignore[misc]  # every leaf is a TyperCommand


def _options(command: typer.core.TyperCommand | TyperGroup) -> list[str]:
    lines = []
    for parameter in command.params:
        if parameter.name == "help":
            continue
        shown = str(parameter.metavar or parameter.name).upper() if parameter.param_type_name == "argument" else None
        names = shown or ", ".join(parameter.opts)
        variable = f" (`{parameter.envvar}`)" if parameter.envvar else ""
        lines.append(f"- `{names}`{variable}: {getattr(parameter, 'help', None) or ''}".rstrip())
    return lines


def _exit_codes() -> list[str]:
    lines = ["## Exit codes", "", "| code | meaning |", "| --- | --- |", "| 0 | done |"]
    named = {code: kind for kind, code in reversed(EXIT_CODES)}
    for code, kind in sorted(named.items()):
        summary = (inspect.getdoc(kind) or "").split("\n")[0]
        lines.append(f"| {code} | {summary} |")
    lines.append(f"| {IN_PART} | `import`: some of it could not be read; the rest went in |")
    lines.append(f"| {NOT_SOUND} | `verify`: something was changed, lost or added |")
    lines.append(f"| {INTERRUPTED} | interrupted from the keyboard |")
    return lines


def http_page() -> str:
    """Every route."""
    lines = [
        "# HTTP",
        "",
        "Every operation under `/v1`; `/v1/openapi.json` has parameters, bodies and every answer.",
        "",
    ]
    lines += ["| route | operation | policy |", "| --- | --- | --- |"]
    for route in (*ROUTES, EVENTS):
        name = f"{route.room}.{route.name}" if route.calls is None else f"{route.room}: {route.called.__name__}"
        who = "anybody" if route.anonymous else f"`{route.operation}`"
        lines.append(f"| `{route.method} /v1{route.path}` | `{name}` | {who} |")
    lines += ["", "Beside them `GET /healthz`, `/readyz` and `/metrics`; see [how to serve](../how-to/serve.md)."]
    return "\n".join(lines)


PAGES: dict[str, Callable[[], str]] = {
    "http.md": http_page,
    "settings.md": settings_page,
    "errors.md": errors_page,
    "policy.md": policy_page,
    "command-line.md": command_line_page,
}


def main() -> int:
    """Write or check every page."""
    stale = []
    for name, make in PAGES.items():
        path, text = FOLDER / name, f"{NOTE}\n{make()}\n"
        if "--check" not in sys.argv[1:]:
            path.write_text(text)
        elif not path.exists() or path.read_text() != text:
            stale.append(name)
    if stale:
        print(f"not current: {', '.join(stale)}; run: uv run python tools/generate_reference.py", file=sys.stderr)
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
