"""Writes src/holdfast/asynchronous.py, the async face, from the signatures of the synchronous one.

uv run python tools/generate_async.py            write it
uv run python tools/generate_async.py --check    fail when it is not current
"""

import ast
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

SOURCE = Path(__file__).parent.parent / "src" / "holdfast"
TARGET = SOURCE / "asynchronous.py"

HEADER = '''"""The async face: every operation of the synchronous one, awaited. Each takes one hop to a worker thread.

Made by tools/generate_async.py; change the synchronous methods and run it again.
"""
'''


@dataclass(frozen=True)
class Room:
    """A class to mirror: where its methods are, and the attributes that are rooms themselves."""

    name: str
    modules: tuple[str, ...]
    beside: str | None = None
    """Where there are methods made of those others: a client has them as they are."""
    mirrored: bool = True
    """Whether the async face has them from here; else they are written for it (`holding_async.py`)."""


ROOMS = (
    Room(
        "Identity",
        (
            "domains/identity/tenants.py",
            "domains/identity/people.py",
            "domains/identity/workspaces.py",
            "domains/identity/setting_passwords.py",
            "domains/identity/sessions.py",
            "domains/identity/openid.py",
            "domains/identity/api_keys.py",
            "domains/identity/preferences.py",
            "domains/identity/deletion.py",
        ),
    ),
    Room("Audit", ("domains/audit/actions.py",)),
    Room("Keys", ("core/crypto/keys.py",)),
    Room("Jobs", ("core/jobs/actions.py",)),
    Room(
        "Runs",
        tuple(
            f"domains/runs/{name}.py" for name in ("reads", "statistics", "telling", "deciding", "defining", "actions")
        ),
    ),
    Room(
        "Conversations",
        tuple(
            f"domains/conversations/{name}.py"
            for name in ("message_reads", "reads", "finding", "embedding", "appending", "beside", "actions")
        ),
    ),
    Room("Memory", tuple(f"domains/memory/{name}.py" for name in ("reads", "finding", "embedding", "actions"))),
    Room(
        "Knowledge",
        tuple(
            f"domains/knowledge/{name}.py"
            for name in ("reads", "bases", "embedding", "reindexing", "documents", "finding", "citing")
        ),
        beside="domains/knowledge/adding.py",
    ),
    Room(
        "Configurations",
        tuple(
            f"domains/configurations/{name}.py"
            for name in (
                "reads",
                "sharing",
                "branching",
                "governing",
                "requests",
                "reviewing",
                "inbox",
                "standing",
                "actions",
            )
        ),
    ),
    Room("Interop", tuple(f"domains/interop/{name}.py" for name in ("reads", "samples", "actions"))),
    Room(
        "Records",
        tuple(f"domains/records/{name}.py" for name in ("reads", "finding", "picks", "sharing", "sets", "actions")),
        beside="domains/records/loading.py",
    ),
    Room(
        "Metering",
        tuple(f"domains/metering/{name}.py" for name in ("reads", "limiting", "pricing", "recording", "actions")),
        beside="domains/metering/holding.py",
        mirrored=False,
    ),
    Room(
        "Connections",
        tuple(f"domains/connections/{name}.py" for name in ("reads", "renewal", "revoking", "actions")),
    ),
)


@dataclass
class Module:
    """A parsed source file, and from where each name in it comes."""

    tree: ast.Module
    origins: dict[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, path: str) -> "Module":
        made = cls(ast.parse((SOURCE / path).read_text()))
        dotted = "holdfast." + path.removesuffix(".py").replace("/", ".")
        for node in made.tree.body:
            if isinstance(node, ast.ImportFrom) and node.module:
                made.origins |= {alias.asname or alias.name: node.module for alias in node.names}
            elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
                made.origins[node.targets[0].id] = dotted
            elif isinstance(node, ast.ClassDef):
                made.origins[node.name] = dotted
        return made

    def operations(self) -> list[ast.FunctionDef]:
        classes = [node for node in self.tree.body if isinstance(node, ast.ClassDef)]
        return [
            method
            for owner in classes
            for method in owner.body
            if isinstance(method, ast.FunctionDef)
            and not method.name.startswith("_")
            and any(_is_action(d) for d in method.decorator_list)
        ]


def _is_action(decorator: ast.expr) -> bool:
    called = decorator.func if isinstance(decorator, ast.Call) else decorator
    return isinstance(called, ast.Name) and called.id in ("action", "composite")


def _mirror_class(room: Room, imports: dict[str, str]) -> str:
    lines = [f"class Async{room.name}:", f'    """`{room.name}`, awaited."""', ""]
    lines += [
        f"    def __init__(self, hop: Hop, room: {room.name}) -> None:",
        "        self._hop = hop",
        "        self._room = room",
        "",
    ]
    for path in (*room.modules, *([room.beside] if room.beside and room.mirrored else [])):
        module = Module.read(path)
        for method in module.operations():
            lines += [_mirror_method(method), ""]
            imports |= names(method, module)
    return "\n".join(lines)


def _mirror_method(method: ast.FunctionDef) -> str:
    returns = method.returns
    if isinstance(returns, ast.Subscript) and ast.unparse(returns.value) == "Work":
        returns = returns.slice
    assert returns is not None, f"{method.name} declares no return type"
    docstring = ast.get_docstring(method) or ""
    passed = [arg.arg for arg in method.args.args[1:]] + [f"{a.arg}={a.arg}" for a in method.args.kwonlyargs]
    call = ", ".join([f"self._room.{method.name}", *passed])
    first, *rest = docstring.splitlines()
    doc = "\n".join([f'        """{first}', *[f"        {line}".rstrip() for line in rest]])
    end = '\n        """' if rest else '"""'
    return (
        f"    async def {method.name}({ast.unparse(method.args)}) -> {ast.unparse(returns)}:\n"
        f"{doc}{end}\n"
        f"        return await self._hop({call})"
    )


def names(method: ast.FunctionDef, module: Module) -> dict[str, str]:
    nodes = [*ast.walk(method.args), *ast.walk(method.returns)] if method.returns else []
    used = {node.id for node in nodes if isinstance(node, ast.Name)} - {"Work"}
    return {name: module.origins[name] for name in used if name in module.origins}


def _home(room: Room) -> str:
    """From where a room is imported: a domain's package, or its module."""
    dotted = "holdfast." + room.modules[0].removesuffix(".py").replace("/", ".")
    return dotted.rpartition(".")[0] if dotted.startswith("holdfast.domains.") else dotted


def generate() -> str:
    """The text of the async face."""
    imports = {"Hop": "holdfast.core.hop"}
    classes = []
    for room in ROOMS:
        imports[room.name] = _home(room)
        classes.append(_mirror_class(room, imports))
    lines = [f"from {module} import {name}" for name, module in sorted(imports.items())]
    text = "\n".join([HEADER, *lines, "", "", "\n\n".join(classes)])
    command = ["ruff", "check", "--select", "I", "--fix", "--quiet", "--stdin-filename", str(TARGET), "-"]
    sorted_text = subprocess.run(command, input=text, capture_output=True, text=True, check=True).stdout
    command = ["ruff", "format", "--quiet", "--stdin-filename", str(TARGET), "-"]
    return subprocess.run(command, input=sorted_text, capture_output=True, text=True, check=True).stdout


def main() -> int:
    text = generate()
    if "--check" in sys.argv[1:]:
        if TARGET.read_text() != text:
            print(f"{TARGET.name} is not current; run: uv run python tools/generate_async.py", file=sys.stderr)
            return 1
        return 0
    TARGET.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
