"""The command line: `holdfast …`."""

from holdfast.faces.cli.app import main

__all__ = ["main"]
