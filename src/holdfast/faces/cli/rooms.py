"""The commands by name, and what each is for; the module of one is imported when somebody calls it."""

from importlib import import_module
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

COMMANDS = {
    "init": ("stores", "Make a new store, with one tenant and its owner."),
    "migrate": ("stores", "Bring a store to the schema of this version."),
    "status": ("stores", "Show what a store holds."),
    "verify": ("stores", "Check the hash chain of every conversation of a person."),
    "rekey": ("keys", "Encrypt a SQLite file with another key."),
    "import": ("imports", "Bring in exports of ChatGPT, Claude, LibreChat, Open WebUI, ShareGPT or OpenAI JSONL."),
    "demo": ("demo", "Make a new encrypted file with examples in it, and show what is there."),
    "serve": ("serve", "Serve the store over HTTP, under /v1, until interrupted."),
    "worker": ("jobs", "Do background work until told to stop."),
    "policy": ("policy", "Show who may do what."),
    "dashboard": ("dashboard", "Show how a server does, and what it costs per month and per user."),
}
"""The module that registers a command of its own, and what it is for."""
ROOMS = {
    "conversations": "List, show, search, and recall as context.",
    "memory": "What is known: remember, recall, explain, forget.",
    "connections": "Tokens of platforms, keys of AI providers, metrics.",
    "knowledge": "Documents: add, list, search, by clearance; reports.",
    "configurations": "Documents that applications run by, with versions.",
    "interop": "Messages of health systems: profile, compare, synthesise, listen.",
    "records": "Sets of JSON records: define, import, find, group.",
    "metering": "Usage, cost, prices, limits; the platform's health.",
    "audit": "Who did what: list, verify, sign, export.",
    "keys": "List, rotate and destroy the keys of secrets.",
    "tenants": "Make, suspend, restore and delete tenants.",
    "users": "Add people, give roles and passwords, suspend and restore.",
    "sessions": "Who is logged in, and ending it.",
    "api-keys": "Make, list and revoke API keys.",
    "workflows": "What is run again and again: list, make, change.",
    "runs": "Runs of workflows: list, start, finish, resolve; statistics.",
    "decisions": "What was decided, why, by which rules.",
    "jobs": "Background work: list, show, cancel, try again; the schedule.",
}
"""Groups of commands, each in the module of its name."""
ADDED = {
    "configurations": ("reviews",),
    "metering": ("limits", "platform"),
    "records": ("record_files", "record_shares"),
}
"""The modules that add commands to a group."""

Command = TyperCommand | TyperGroup


class Commands(TyperGroup):
    """All commands. Until one is asked for, each is its name and what it is for."""

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        about = {name: about for name, (_, about) in COMMANDS.items()} | ROOMS
        self.commands.update({name: TyperCommand(name, help=text) for name, text in about.items()})
        self._made: dict[str, Command] = {}
        self._listing = False

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command, with its module imported."""
        if self._listing or cmd_name not in self.commands:
            return super().get_command(ctx, cmd_name)
        if cmd_name not in self._made:
            self._made[cmd_name] = _imported(cmd_name)
        return self._made[cmd_name]

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """List the commands, importing none."""
        self._listing = True
        try:
            super().format_help(ctx, formatter)
        finally:
            self._listing = False


def _imported(name: str) -> Command:
    own = name in COMMANDS
    module = _module(COMMANDS[name][0] if own else name.replace("-", "_"))
    holder = typer.Typer(add_completion=False, pretty_exceptions_enable=False, callback=lambda: None)
    if own:
        module.register(holder)
    else:
        for added in ADDED.get(name, ()):
            _module(added).register(module.app)
        holder.add_typer(module.app, name=name, help=ROOMS[name])
    group = typer.main.get_command(holder)
    assert isinstance(group, TyperGroup)
    found = group.commands[name]
    assert isinstance(found, Command)
    return found


def _module(name: str) -> Any:
    return import_module(f"holdfast.faces.cli.{name}")
