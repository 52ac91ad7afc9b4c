"""Stores made, opened, migrated, and given another key."""

from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from holdfast.core.cache.levels import check_cache
from holdfast.core.crypto.derived import DerivedRing
from holdfast.core.crypto.ring import KeyRing
from holdfast.core.crypto.rings import find_ring
from holdfast.core.database import Transaction
from holdfast.core.database.engine import Engine
from holdfast.core.database.errors import (
    NotAStore,
    SchemaTooNew,
    SchemaTooOld,
    StoreExists,
)
from holdfast.core.database.opening import encrypted_file, engine_for_existing, engine_for_new
from holdfast.core.database.rekeying import opens_with, rekey_file
from holdfast.core.database.sqlite_file import derive_key
from holdfast.core.scope import NIL
from holdfast.core.settings import Settings, from_environment
from holdfast.domains.audit.errors import TrailNotSettled
from holdfast.domains.audit.sealing import anchor
from holdfast.domains.identity.queries import (
    every_tenant,
)
from holdfast.migrations import NEWEST, REVISIONS, upgrade

if TYPE_CHECKING:
    pass
from holdfast.store import Store

SETTLING_SECONDS = 10.0
"""How long a store that gets its first key ring waits for transactions that are under way."""


def create(
    url: str,
    key: str | bytes | None = None,
    *,
    keys: KeyRing | str | None = None,
    cache: str | None = None,
    settings: Settings | None = None,
) -> Store:
    """Make a new store at the newest schema and open it.

    `url`: `sqlite:///app.db` or `postgresql://…` (the database is there, a Holdfast schema is not). `key` encrypts
    a SQLite file: a passphrase, 64 hex digits or 32 bytes. `keys` is the key ring that protects each tenant's secrets
    (docs/how-to/keys.md); without one, that of HOLDFAST_KEYRING, else an encrypted file's own key, else none.
    `cache`: the Redis that processes share a cache through (docs/how-to/cache.md), else that of the settings.
    Raises `StoreExists`, `UnsupportedUrl`, `InvalidKey`, `InvalidKeyRing`.
    """
    chosen = _chosen(settings, cache)
    engine = engine_for_new(url, key, chosen, keys)
    try:
        if engine.revision() is not None:
            raise StoreExists(engine.url)
        upgrade(engine)
        _start(engine)
    except BaseException:
        engine.discard()
        raise
    return Store(engine, chosen)


def open(
    url: str,
    key: str | bytes | None = None,
    *,
    keys: KeyRing | str | None = None,
    cache: str | None = None,
    settings: Settings | None = None,
) -> Store:
    """Open an existing store.

    Raises `StoreMissing`, `NotADatabase`, `NotAStore`, `WrongKey`, `KeyNeeded`, `NotEncrypted`, `SchemaTooOld`,
    `SchemaTooNew`: each says what to do. Never changes the schema; `migrate` does. `keys` and `cache` as in `create`:
    a ring that is not the one the store's keys were wrapped with raises `KeyRingNeeded`, `RingKeyMissing`,
    `WrongRingKey`.
    """
    chosen = _chosen(settings, cache)
    engine = engine_for_existing(url, key, chosen, keys)
    try:
        check_schema(engine)
        _start(engine)
    except BaseException:
        engine.close()
        raise
    return Store(engine, chosen)


def migrate(
    url: str,
    key: str | bytes | None = None,
    *,
    keys: KeyRing | str | None = None,
    settings: Settings | None = None,
) -> str:
    """Bring an existing store to the newest schema, in one transaction. Returns the revision it had before.

    Also needed on PostgreSQL after a restore into another server, at whatever revision.
    """
    engine = engine_for_existing(url, key, settings or from_environment(), keys)
    try:
        found = engine.revision()
        if found is None:
            raise NotAStore(engine.url)
        if found not in REVISIONS:
            raise SchemaTooNew(engine.url, found, NEWEST)
        upgrade(engine)
        _start(engine)
        return found
    finally:
        engine.close()


def rekey(
    url: str,
    key: str | bytes,
    new_key: str | bytes,
    *,
    keys: KeyRing | str | None = None,
    settings: Settings | None = None,
) -> None:
    """Encrypt a SQLite file with another key, in place. Nobody else may have it open.

    Safe to interrupt: one of the two keys opens the file then; call it again to finish. Where the data keys are wrapped
    by the file's own key, they are wrapped for both keys before, and for the new one alone after. Needs free space of
    the file's size. Raises `StoreInUse`, `WrongKey`, `InvalidKey`.
    """
    path, old = encrypted_file(url, key)
    new, ring = derive_key(new_key, old.salt), find_ring(keys)
    if not opens_with(path, new):
        with open(url, key, keys=ring or DerivedRing(old.raw, old.salt, also=new.raw), settings=settings) as store:
            if ring is None:
                store.system().keys.rewrap()
        rekey_file(path, old, new)
    if ring is None:
        with open(url, new_key, keys=DerivedRing(new.raw, new.salt), settings=settings) as store:
            store.system().keys.rewrap()


def _chosen(settings: Settings | None, cache: str | None) -> Settings:
    """The settings to open with. Raises `InvalidInput` before anything is opened or made."""
    chosen = settings or from_environment()
    if cache is not None:
        chosen = replace(chosen, cache=cache)
    check_cache(chosen)
    return chosen


def _start(engine: Engine) -> None:
    """Have the store's own key at hand, with which the trail is keyed. Raises the named error of a wrong ring."""
    _start_vault(engine)
    engine.trail.key = engine.vault.audit_key()
    engine.levels.connect(secret=engine.trail.key, place=engine.url, breakers=engine.breakers)


def _start_vault(engine: Engine) -> None:
    """A first ring waits for transactions under way."""
    with suppress(TrailNotSettled):
        engine.vault.start(engine, _vouch_for_older_lines)
        return
    import stamina  # for the rare case: it brings tenacity and more along

    for attempt in stamina.retry_context(on=TrailNotSettled, timeout=SETTLING_SECONDS, wait_initial=0.02, wait_max=0.5):
        with attempt:
            engine.vault.start(engine, _vouch_for_older_lines)


def _vouch_for_older_lines(tx: Transaction, key: bytes) -> None:
    """A store that had no key ring before has lines without a key's code: every tenant's, and its own."""
    anchor(tx, key, [NIL, *(tenant.id for tenant in tx.all(every_tenant))])


def check_schema(engine: Engine) -> None:
    """Raise the named error unless the store has the schema this version knows."""
    found = engine.revision()
    if found is None:
        raise NotAStore(engine.url)
    if found not in REVISIONS:
        raise SchemaTooNew(engine.url, found, NEWEST)
    if found != NEWEST:
        raise SchemaTooOld(engine.url, found, NEWEST)
