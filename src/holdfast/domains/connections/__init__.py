"""Connections: the access of workspaces to outside platforms and AI providers, and what those measured."""

from holdfast.domains.connections import workspaces  # noqa: F401  # it registers what it follows
from holdfast.domains.connections.actions import Connections
from holdfast.domains.connections.models import (
    Connection,
    ProviderSecret,
    Revocation,
    RevocationReport,
    Snapshot,
)

__all__ = ["Connection", "Connections", "ProviderSecret", "Revocation", "RevocationReport", "Snapshot"]
