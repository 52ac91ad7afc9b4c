"""What a schedule does in every tenant."""

from collections.abc import Callable, Iterator
from typing import TypeVar

from holdfast.core.database.engine import Engine
from holdfast.core.embedders.errors import EmbedderUnavailable
from holdfast.core.errors import HoldfastError
from holdfast.core.scope import OPERATOR, Scope
from holdfast.domains.identity.queries import every_tenant

T = TypeVar("T")


def in_every_tenant(engine: Engine, step: Callable[[Scope], T]) -> Iterator[T]:
    """Do a step in each tenant that is not suspended, as the operator within it.

    What fails in one tenant keeps no other from its turn: the first such error is raised at the end. An embedder that
    is away is away for all, and raised at once.
    """
    failed: HoldfastError | None = None
    for tenant in engine.read(OPERATOR, "all", lambda tx: tx.all(every_tenant)):
        if tenant.status == "active":
            try:
                yield step(Scope(role="operator", tenant_id=tenant.id, face="job"))
            except EmbedderUnavailable:
                raise
            except HoldfastError as error:
                failed = failed or error
    if failed is not None:
        raise failed
