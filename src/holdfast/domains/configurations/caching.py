"""The current version of each address, kept in this process and in Redis: what every request of an application reads.

What is kept is the same for everybody who may read it, as text, with its document made once in each process. Who may is
asked of each reader before anything is given: from here what is open to the tenant, or the reader's own; all else the
database is asked for.
"""

from dataclasses import dataclass
from functools import cached_property, lru_cache

from holdfast.core.cache import Cache
from holdfast.core.cache.codec import cacheable
from holdfast.core.cache.own import call_back, own_cache, own_ttl
from holdfast.core.database import Transaction
from holdfast.core.database.engine import Engine
from holdfast.core.scope import Scope
from holdfast.domains.configurations import finding
from holdfast.domains.configurations.addresses import Address
from holdfast.domains.configurations.documents import digest_of
from holdfast.domains.configurations.errors import ConfigurationNotFound
from holdfast.domains.configurations.models import Configuration
from holdfast.domains.configurations.stored import Stored, StoredVersion

_FAMILY = "configuration"


@cacheable
@dataclass(frozen=True, kw_only=True)
class Kept:
    """What is kept of an address: nothing in it can be changed, so all readers in a process share it."""

    configuration: tuple[object, ...]
    version: tuple[object, ...]

    @cached_property
    def opened(self) -> Configuration:
        """What readers get: one object for all of them."""
        stored = Stored(**dict(zip(_STORED, self.configuration, strict=True)))  # type: ignore[arg-type]  # as kept
        version = StoredVersion(**dict(zip(_VERSION, self.version, strict=True)))  # type: ignore[arg-type]
        return version.of(stored)


_STORED = [name for name in Stored.__dataclass_fields__ if name != "access"]
_VERSION = list(StoredVersion.__dataclass_fields__)


class Current:
    """The current versions of one tenant's configurations."""

    def __init__(self, engine: Engine, scope: Scope) -> None:
        self._engine = engine
        self._scope = scope
        self._cache: Cache = own_cache(engine, scope.tenant_id)

    def at(self, address: str, parsed: Address) -> Configuration | None:
        """What is there; None where the database must be asked whether the scope may read it, or says what is wrong.

        A hit in this process takes a few µs, however large the document.
        """
        try:
            kept = self._cache.get_or_load(
                _FAMILY, address, lambda: self._load(parsed), ttl=own_ttl(self._engine), tags=_tags(parsed)
            )
        except ConfigurationNotFound:
            return None
        found = kept.opened
        return found if found.visibility == "tenant" or found.owner_id == self._scope.actor_id else None

    def _load(self, address: Address) -> Kept:
        """Whoever asks: with the tenant's reach, so that what one may not read is not taken for absent by others."""

        def work(tx: Transaction) -> Kept:
            stored = finding.at(tx, address)
            if stored is None:
                raise ConfigurationNotFound(address.text)
            version = finding.version(tx, stored, stored.version)
            return Kept(
                configuration=tuple(getattr(stored, name) for name in _STORED),
                version=tuple(getattr(version, name) for name in _VERSION),
            )

        return self._engine.read(self._scope, "tenant", work)


def changes(tx: Transaction, engine: Engine, address: Address) -> None:
    """Within a transaction that changes what is at an address, or who reads it."""
    call_back(tx, engine, *_tags(address), tenant_id=tx.tenant_id)


@lru_cache(maxsize=4_096)
def _tags(address: Address) -> tuple[str, ...]:
    return (f"configuration {digest_of(address.text)[:32]}",)
