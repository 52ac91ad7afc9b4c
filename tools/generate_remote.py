"""Writes src/holdfast/remote/rooms.py, the client's rooms, from the routes and the signatures of the operations.

uv run python tools/generate_remote.py            write it
uv run python tools/generate_remote.py --check    fail when it is not current
"""

import ast
import inspect
import subprocess
import sys
from importlib import import_module
from pathlib import Path

from generate_async import ROOMS, SOURCE, Module, Room, names

from holdfast.faces.http.answers import Download
from holdfast.faces.http.app import EVERY_OPERATION
from holdfast.faces.http.routes import Parameter, Route

TARGET = Path(__file__).parent.parent / "src" / "holdfast" / "remote" / "rooms.py"
HEADER = '''"""The rooms of a store that a server holds: every operation with the signature it has in the library.

Where a server takes less than the library (no paths), the signature is the route's.

Made by tools/generate_remote.py; change the operations, or their routes, and run it again.
"""
'''

BY_HAND = {("Memory", "propose"), ("Interop", "validator"), ("Interop", "drain")}
"""What takes code of the program's own, which cannot travel (remote/proposing.py), or gives some."""


def generate() -> str:
    """The text of the client's rooms."""
    imports = {"Caller": "holdfast.remote.calling", "place": "holdfast.remote.calling"}
    classes = [_room(room, imports) for room in ROOMS if any(r.room == room.name.lower() for r in EVERY_OPERATION)]
    lines = [f"from {module} import {name}" for name, module in sorted(imports.items())]
    text = "\n".join([HEADER, *lines, "", "", "\n\n".join(classes)])
    for command in (["check", "--select", "I,F401", "--fix", "--quiet"], ["format", "--quiet"]):
        text = _ruff([*command, "--stdin-filename", str(TARGET), "-"], text)
    return text


def _ruff(arguments: list[str], text: str) -> str:
    return subprocess.run(["ruff", *arguments], input=text, capture_output=True, text=True, check=True).stdout


def _room(room: Room, imports: dict[str, str]) -> str:
    base = ""
    if room.beside is not None:
        module_name = room.beside.removesuffix(".py").replace("/", ".")
        base = f"({Path(room.beside).stem.title()})"
        imports[base.strip("()")] = f"holdfast.{module_name}"
    lines = [
        f"class Remote{room.name}{base}:",
        f'    """`{room.name}`, at a server."""',
        "",
        "    def __init__(self, caller: Caller) -> None:",
        "        self._caller = caller",
        "",
    ]
    routes = {route.name: route for route in EVERY_OPERATION if route.room == room.name.lower()}
    for path in room.modules:
        module = Module.read(path)
        for method in module.operations():
            if (room.name, method.name) in BY_HAND:
                continue
            route = routes[method.name]
            shown, origin = _shown(method, module, route)
            lines += [_method(shown, route), ""]
            _import(imports, names(shown, origin))
    return "\n".join(lines)


def _import(imports: dict[str, str], found: dict[str, str]) -> None:
    """Add names. One that means different things in two rooms needs another name in one of them."""
    for name, module in found.items():
        other = imports.setdefault(name, module)
        if getattr(import_module(other), name) is not getattr(import_module(module), name):
            raise SystemExit(f"{name} is one thing in {other} and another in {module}: call one of them otherwise")


def _shown(method: ast.FunctionDef, module: Module, route: Route) -> tuple[ast.FunctionDef, Module]:
    """What a client shows: the operation, or what a server calls in its place and takes less than it. With its module.

    A download is what the client makes of it.
    """
    if route.calls is None or route.calls.__name__ != route.name or route.returns is Download:
        return method, module
    at = Module.read(str(Path(inspect.getfile(route.calls)).relative_to(SOURCE)))
    called = next(one for one in at.tree.body if isinstance(one, ast.FunctionDef) and one.name == route.name)
    called.args.args[0] = ast.arg("self")
    return called, at


def _method(method: ast.FunctionDef, route: Route) -> str:
    returns = method.returns
    if isinstance(returns, ast.Subscript) and ast.unparse(returns.value) == "Work":
        returns = returns.slice
    assert returns is not None
    first, *rest = (ast.get_docstring(method) or "").splitlines()
    doc = "\n".join([f'        """{first}', *[f"        {line}".rstrip() for line in rest]])
    end = '\n        """' if rest else '"""'
    called = _call(route, ast.unparse(returns))
    return f"    def {method.name}({ast.unparse(method.args)}) -> {ast.unparse(returns)}:\n{doc}{end}\n        {called}"


def _call(route: Route, returns: str) -> str:
    at = {kind: [p for p in route.parameters if p.place == kind] for kind in ("path", "query", "body", "if_match")}
    path = f"{route.path!r}"
    if at["path"]:
        path = f"place({path}, {', '.join(f'{p.wire}={p.name}' for p in at['path'])})"
    sent = next((p for p in route.parameters if p.place in ("data", "upload")), None)
    if route.returns is Download:
        return f"return self._caller.download_lines({path}, to=to, on_progress=on_progress)"
    if sent is not None and sent.place == "upload":
        call = f"{returns}, {path}, query={_dict(at['query'])}, file={sent.name}, on_progress=on_progress"
        return f"return self._caller.upload({call})"
    if sent is not None:
        call = f"{returns}, {path}, query={_dict(at['query'])}, data={sent.name}, media_type=media_type"
        return f"return self._caller.send_data({call})"
    parts = [returns, f"{route.method!r}", path]
    parts += [f"{kind}={_dict(at[kind])}" for kind in ("query", "body") if at[kind]]
    parts += [f"if_unchanged={p.name}" for p in at["if_match"]]
    if returns == "None":
        parts[0] = "type(None)"
        return f"self._caller.call({', '.join(parts)})"
    return f"return self._caller.call({', '.join(parts)})"


def _dict(parameters: list[Parameter]) -> str:
    return "{" + ", ".join(f"{p.wire!r}: {p.name}" for p in parameters) + "}"


def main() -> int:
    text = generate()
    if "--check" in sys.argv[1:]:
        if not TARGET.exists() or TARGET.read_text() != text:
            print(f"{TARGET.name} is not current; run: uv run python tools/generate_remote.py", file=sys.stderr)
            return 1
        return 0
    TARGET.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
