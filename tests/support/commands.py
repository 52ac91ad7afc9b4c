"""The command line, run as a process of its own."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any


def run(folder: Path, *arguments: str, code: int = 0, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run `holdfast` in a folder and check its exit code."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("HOLDFAST_")}
    command = [sys.executable, "-c", "from holdfast.faces.cli import main; main()", *arguments]
    ran = subprocess.run(command, cwd=folder, env=clean | environment, capture_output=True, text=True)
    assert ran.returncode == code, ran.stdout + ran.stderr
    return ran


def as_json(folder: Path, *arguments: str, **environment: str) -> Any:
    """What a command prints for machines."""
    return json.loads(run(folder, *arguments, "--json", **environment).stdout)
