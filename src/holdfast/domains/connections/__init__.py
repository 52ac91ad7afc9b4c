"""Connections: the access of workspaces to outside platforms and AI providers, and what those measured."""

from holdfast.domains.connections import background, contexts, measuring, workspaces  # noqa: F401  # they register what they do
from holdfast.domains.connections.actions import Connections
from holdfast.domains.connections.models import (
    Connection,
    ProviderSecret,
    Revocation,
    RevocationReport,
    Snapshot,
)

__all__ = ["Connection", "Connections", "ProviderSecret", "Revocation", "RevocationReport", "Snapshot"]
