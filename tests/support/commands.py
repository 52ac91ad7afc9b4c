"""The command line. Most tests call it in this process, which takes milliseconds; a few start one, as users do."""

import io
import json
import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

import pytest

from holdfast.faces.cli import main

Ran = subprocess.CompletedProcess[str]


def run(folder: Path, *arguments: str, code: int = 0, given: str = "", **environment: str) -> Ran:
    """Run `holdfast` in a folder, in this process, and check its exit code. `given`: its standard input."""
    out, err = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch, _own_logger():
        patch.chdir(folder)
        patch.setattr(sys, "argv", ["holdfast", *arguments])
        patch.setattr(sys, "stdin", io.StringIO(given))
        _set_environment(patch, {"COLUMNS": "80", **environment})
        with redirect_stdout(out), redirect_stderr(err):
            ended = _exit_code()
    return _checked(subprocess.CompletedProcess(arguments, ended, out.getvalue(), err.getvalue()), code)


def run_process(folder: Path, *arguments: str, code: int = 0, given: str = "", **environment: str) -> Ran:
    """The same in a process of its own."""
    command = [sys.executable, "-c", "from holdfast.faces.cli import main; main()", *arguments]
    ran = subprocess.run(
        command, cwd=folder, env=_others() | environment, input=given, capture_output=True, text=True, check=False
    )
    return _checked(ran, code)


def as_json(folder: Path, *arguments: str, **options: Any) -> Any:
    """What a command prints for machines, on standard error where it fails."""
    ran = run(folder, *arguments, "--json", **options)
    return json.loads(ran.stdout or ran.stderr)


def _checked(ran: Ran, code: int) -> Ran:
    assert ran.returncode == code, ran.stdout + ran.stderr
    return ran


def _exit_code() -> Any:
    try:
        main()
    except SystemExit as ended:
        return ended.code or 0
    return 0


def _others() -> dict[str, str]:
    """The environment without what is ours."""
    return {name: value for name, value in os.environ.items() if not name.startswith("HOLDFAST_")}


def _set_environment(patch: pytest.MonkeyPatch, given: dict[str, str]) -> None:
    for name in os.environ.keys() - _others().keys():
        patch.delenv(name)
    for name, value in given.items():
        patch.setenv(name, value)


@contextmanager
def _own_logger() -> Iterator[None]:
    """The command line sets up the logger of its process, which here is that of every test."""
    logger = logging.getLogger("holdfast")
    kept = (logger.handlers, logger.level, logger.propagate)
    try:
        yield
    finally:
        logger.handlers, logger.propagate = kept[0], kept[2]
        logger.setLevel(kept[1])
