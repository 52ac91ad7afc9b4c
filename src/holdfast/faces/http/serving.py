"""What all requests of one process share: the store, the worker threads, the limits, the counts."""

import asyncio
import hashlib
from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager, contextmanager
from uuid import UUID

from holdfast.core.access import Access
from holdfast.core.scope import NIL, Scope
from holdfast.domains.identity.errors import NotAuthenticated
from holdfast.domains.identity.room import check_email
from holdfast.faces.http.authentication import Caller, authenticate
from holdfast.faces.http.incoming import Incoming
from holdfast.faces.http.lanes import Lane
from holdfast.faces.http.limits import Buckets, Rate, network_of
from holdfast.faces.http.metrics import Metrics
from holdfast.faces.http.options import Options
from holdfast.faces.http.problems import Overloaded, TooManyRequests
from holdfast.faces.http.shared_limits import SharedBuckets
from holdfast.faces.http.slots import Slots
from holdfast.scopes import SystemScope
from holdfast.store import Store

PASSWORD_THREADS = 4
"""As many as hash at once (domains/identity/passwords.py)."""
OUTSIDE_THREADS = 16
"""They wait for providers and platforms, and cost next to nothing meanwhile."""
RETRY_STREAM = 10
"""Seconds after which to ask again for a stream, when there were too many."""


class Serving:
    """One process's part of a server."""

    def __init__(self, store: Store, options: Options) -> None:
        self.store = store
        self.options = options
        self.metrics = Metrics()
        self.stopping = asyncio.Event()
        """Set when no more requests are taken: what runs without end ends."""
        self.hop = Lane(store.settings.pool, options.waiting)
        """Where requests are answered."""
        self.passwords = Lane(PASSWORD_THREADS, PASSWORD_THREADS + options.passwords_waiting)
        """Where passwords are hashed: four hashes at once, tens of milliseconds each."""
        self.outside = Lane(OUTSIDE_THREADS, OUTSIDE_THREADS + options.outside_waiting)
        """Where others are asked over the network: one that does not answer holds up nobody who does not need it."""
        self.worker = store.worker() if options.jobs else None
        """Does background work beside."""
        self._streams: dict[asyncio.Event, tuple[UUID, UUID | None]] = {}
        self._uploads = Slots(options.uploads, options.uploads_per_person, seconds=options.upload_wait_seconds)
        self._people = self._buckets("person", options.rate_per_key)
        self._tenants = self._buckets("tenant", options.rate_per_tenant)
        self._failures = self._buckets("address", options.failures_per_address)
        self._guesses = self._buckets("account", options.failures_per_account)

    def _buckets(self, whose: str, rate: Rate | None) -> Buckets | SharedBuckets:
        """Those of all processes, where the store has a Redis; else of this one."""
        alone, rates = Buckets(whose, rate), self.store.engine.levels.rates
        return alone if rates is None else SharedBuckets(alone, rates)

    def upload(self, scope: Scope) -> AbstractAsyncContextManager[None]:
        """The turn to take in something large. Raises `Overloaded` when it does not come."""
        return self._uploads.one((scope.tenant_id, scope.actor_id))

    def admit(self, incoming: Incoming) -> Caller:
        """Who sends a request, if it may. Raises `NotAuthenticated`, `TooManyRequests`, or as `authenticate` does."""
        try:
            caller = authenticate(self.store, incoming)
        except NotAuthenticated:
            self._failures.take(network_of(incoming.address))
            raise
        scope = caller.scope
        # The person first: who is refused there costs the tenant nothing, however many keys they have.
        taken = (self._people.take((scope.tenant_id, scope.actor_id)), self._tenants.take(scope.tenant_id))
        scarce = [allowance for allowance in taken if allowance is not None]
        incoming.allowance = min(scarce, key=lambda allowance: allowance.remaining) if scarce else None
        return caller

    def stranger(self, incoming: Incoming) -> SystemScope:
        """The store itself, for those who are about to say who they are. Raises `TooManyRequests`."""
        self._failures.take(network_of(incoming.address))
        scope = Scope(role="operator", request_id=incoming.id, face="http", address=incoming.address)
        return SystemScope(self.store.engine, self.store.settings, Access(scope))

    @contextmanager
    def guess(self, tenant: str | UUID | None, email: str) -> Iterator[None]:
        """A password is tried on somebody: wrong ones count, wherever they come from. Raises `TooManyRequests`."""
        whom = hashlib.sha256(f"{tenant}\0{check_email(email)}".encode()).digest()
        self._guesses.take(whom)
        wrong = False
        try:
            yield
        except NotAuthenticated:
            wrong = True
            raise
        finally:
            if not wrong:
                self._guesses.give_back(whom)

    @contextmanager
    def open_stream(self, scope: Scope) -> Iterator[asyncio.Event]:
        """Room for an event stream: what is set when there may be news for it. Raises `TooManyRequests`."""
        who = (scope.tenant_id or NIL, scope.actor_id)
        senders = list(self._streams.values())
        if len(senders) >= self.options.streams:
            raise Overloaded
        if senders.count(who) >= self.options.streams_per_key:
            raise TooManyRequests("person", RETRY_STREAM)
        if sum(tenant == who[0] for tenant, _ in senders) >= self.options.streams_per_tenant:
            raise TooManyRequests("tenant", RETRY_STREAM)
        woken = asyncio.Event()
        self._streams[woken] = who
        try:
            yield woken
        finally:
            del self._streams[woken]

    def start(self) -> None:
        """Hear of changes made in this process; needs a running loop."""
        loop, before = asyncio.get_running_loop(), self.store.engine.trail.written

        def written(tenant_id: UUID) -> None:
            before(tenant_id)
            if self._streams:
                loop.call_soon_threadsafe(self._wake, tenant_id)

        self.store.engine.trail.written = written
        if self.worker is not None:
            self.worker.start()

    def stop(self) -> None:
        """No more requests come: what waits for news ends."""
        self.stopping.set()
        for woken in self._streams:
            woken.set()

    def _wake(self, tenant_id: UUID) -> None:
        for woken, (of_tenant, _) in self._streams.items():
            if of_tenant == tenant_id:
                woken.set()

    def note_use(self) -> None:
        """Bring the gauges up to date."""
        self.metrics.streams.set(len(self._streams))
        self.metrics.waiting.set(self.hop.waiting + self.passwords.waiting + self.outside.waiting)
        self.metrics.connections.set(self.store.engine.in_use())
        self.metrics.pool.set(self.store.settings.pool)
        if self.worker is not None:
            self.metrics.jobs.note(self.worker.stats())
        self.metrics.cache.note(self.store.cache.stats(), self.store.engine.breakers)

    def close(self) -> None:
        """Wait for the threads and the worker, then close the store."""
        if self.worker is not None:
            self.worker.stop()
        self.hop.close()
        self.passwords.close()
        self.outside.close()
        self.store.close()
