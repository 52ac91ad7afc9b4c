"""What other processes do with connections, and what the trail says of it."""

from multiprocessing.queues import Queue
from multiprocessing.synchronize import Barrier
from typing import Any

from support.crowds import together

import holdfast
from holdfast import Settings
from holdfast.domains.audit.models import AuditEvent


def ask(url: str, key: str | None, settings: Settings, workspace: str, start: Barrier, told: "Queue[Any]") -> None:
    """One process, in which a dozen threads ask at once."""
    with holdfast.open(url, key, settings=settings) as store:
        amina = store.tenant("acme").user("amina@acme.test")
        start.wait(60)
        told.put([str(one) for one in together(store, amina, "token", "google_ads", workspace=workspace, callers=13)])


def ask_once(url: str, key: str | None, settings: Settings, workspace: str) -> None:
    with holdfast.open(url, key, settings=settings) as store:
        store.tenant("acme").user("amina@acme.test").connections.token("google_ads", workspace=workspace)


def run_queue(url: str, key: str | None, settings: Settings) -> None:
    with holdfast.open(url, key, settings=settings) as store:
        store.system().connections.run_revocations()


def told_in_trail(place: Any, tenant: str = "acme") -> list[AuditEvent]:
    """The lines about connections in a tenant's trail, oldest first."""
    with holdfast.open(place.url, place.key) as store:
        lines = store.tenant(tenant).user("ada@acme.test").audit.list(limit=200).items
        return [line for line in reversed(lines) if line.operation.startswith("connections.")]
