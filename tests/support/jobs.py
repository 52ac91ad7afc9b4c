"""Background work, as a room queues it for a person."""

from typing import Any

from holdfast.core.database import Transaction
from holdfast.core.jobs import Job, enqueue
from holdfast.core.scope import Scope


def queue_one(engine: Any, scope: Scope, key: str | None = None) -> Job:
    """Queue a job that does nothing, for the person of a scope."""

    def work(tx: Transaction) -> Job:
        return enqueue(tx, "connections.run_revocations", key=key)

    return engine.write(scope, "own", work)  # type: ignore[no-any-return]
