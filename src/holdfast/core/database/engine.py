"""What the two engines have in common: the few calls through which everything reaches a database."""

from contextlib import AbstractContextManager
from datetime import datetime
from typing import TYPE_CHECKING, Protocol, TypeVar

from sqlalchemy import Connection

from holdfast.core.access import AccessChanges
from holdfast.core.database.transaction import Work
from holdfast.core.policy import Reach
from holdfast.core.resilience import Breakers
from holdfast.core.scope import Scope
from holdfast.core.tracing import Tracing
from holdfast.core.trail import Trail

if TYPE_CHECKING:
    from holdfast.core.cache.levels import Levels
    from holdfast.core.crypto.vault import Vault  # which runs through an engine itself
    from holdfast.core.embedders import Embedders
    from holdfast.core.outside import OutsideIndexes

T = TypeVar("T")


class Engine(Protocol):
    """One open store. Safe to use from any number of threads."""

    url: str
    """Where the store is, without any password: fit for messages and logs."""
    access: AccessChanges
    trail: Trail
    tracing: Tracing | None
    """The spans of operations, where the settings ask for them."""
    levels: "Levels"
    """The two levels of this store's cache."""
    breakers: Breakers
    vault: "Vault"
    """The data keys of this store."""
    outside: "OutsideIndexes"
    """The outside vector indexes at hand while it is open."""
    embedders: "Embedders"
    """Those at hand while it is open."""

    def read(self, scope: Scope, reach: Reach, work: Work[T]) -> T:
        """Run `work` on one consistent snapshot, in a transaction that writes nothing."""
        ...

    def write(self, scope: Scope, reach: Reach, work: Work[T]) -> T:
        """Run `work` in one transaction; durable when this returns. May run it again after a conflict."""
        ...

    def admin(self) -> AbstractContextManager[Connection]:
        """A context manager with a SQLAlchemy connection in a transaction, as the schema's owner: for migrations."""
        ...

    def optimize_vectors(self) -> list[str]:
        """Build what makes searches through many vectors quick, and drop what nobody uses; the names of what changed.

        Background work, to be done after many vectors were stored: everything else goes on meanwhile, and what was done
        stays done when it is cut off.
        """
        ...

    def make_partitions(self, *, moment: datetime | None = None) -> list[str]:
        """Make the months' partitions of large tables that are missing, up to three months ahead: their names.

        Background work; an engine without partitions has none to make. `moment` is for tests.
        """
        ...

    def revision(self) -> str | None:
        """The schema revision found, or None where there is no Holdfast schema."""
        ...

    def in_use(self) -> int:
        """How many of the pool's connections are lent now."""
        ...

    def close(self) -> None:
        """Close every connection. The engine cannot be used afterwards."""
        ...

    def discard(self) -> None:
        """Close, and take away what `create` had begun to make."""
        ...
