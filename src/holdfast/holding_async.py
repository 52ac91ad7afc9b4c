"""Holds and leases for asyncio programs: `async with`, and a lease that answers in memory without a hop to a thread."""

from collections.abc import Callable, Generator
from datetime import timedelta
from decimal import Decimal
from types import TracebackType
from typing import Any
from uuid import UUID

from holdfast.asynchronous import AsyncMetering
from holdfast.core.hop import Hop
from holdfast.domains.metering import Hold, HoldState, Lease, Metering, Settlement
from holdfast.domains.metering.models import UsageOutcome


class AsyncHold:
    """`Hold`, awaited."""

    def __init__(self, hop: Hop, hold: Hold) -> None:
        self._hop = hop
        self._hold = hold

    @property
    def id(self) -> UUID:
        """Its id, by which another process can settle it."""
        return self._hold.id

    @property
    def state(self) -> HoldState:
        """How it was when it was reserved or released."""
        return self._hold.state

    @property
    def settlement(self) -> Settlement | None:
        """What was charged, once it is settled."""
        return self._hold.settlement

    async def settle(
        self,
        *,
        tokens: int | None = None,
        tokens_in: int | None = None,
        tokens_out: int | None = None,
        tokens_cached: int | None = None,
        model: str | None = None,
        provider: str | None = None,
        cost: Decimal | None = None,
        latency_ms: int | None = None,
        outcome: UsageOutcome = "success",
        requests: int = 1,
        operation: str | None = None,
        conversation: UUID | str | None = None,
    ) -> Settlement:
        """See `Metering.settle`."""
        return await self._hop(
            self._hold.settle,
            tokens=tokens,
            tokens_in=tokens_in,
            tokens_out=tokens_out,
            tokens_cached=tokens_cached,
            model=model,
            provider=provider,
            cost=cost,
            latency_ms=latency_ms,
            outcome=outcome,
            requests=requests,
            operation=operation,
            conversation=conversation,
        )

    async def release(self) -> HoldState:
        """See `Metering.release`."""
        return await self._hop(self._hold.release)


class AsyncReservation:
    """What `reserve` gives: `async with` it, or await it for a hold that nobody releases at the end of a block."""

    def __init__(self, hop: Hop, reserve: Callable[[], Hold]) -> None:
        self._hop = hop
        self._reserve = reserve
        self._hold: Hold | None = None

    def __await__(self) -> Generator[Any, None, AsyncHold]:
        return self.__aenter__().__await__()

    async def __aenter__(self) -> AsyncHold:
        self._hold = await self._hop(self._reserve)
        return AsyncHold(self._hop, self._hold)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        if self._hold is not None:
            await self._hop(self._hold.__exit__, kind, error, at)


class AsyncLease:
    """`Lease`, awaited: `take` takes a hop to a thread only when more has to be leased."""

    def __init__(self, hop: Hop, lease: Lease) -> None:
        self._hop = hop
        self._lease = lease

    async def take(self, requests: int = 1, *, tokens: int = 0) -> None:
        """Use so much. Raises `LimitExceeded` when there is not so much left of a limit; then nothing is taken."""
        if not self._lease.take_at_hand(requests, tokens=tokens):
            await self._hop(self._lease.take, requests, tokens=tokens)

    async def close(self) -> None:
        """Charge what was given out and give back the rest."""
        await self._hop(self._lease.close)

    async def __aenter__(self) -> "AsyncLease":
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        await self.close()


class AsyncHoldingMetering(AsyncMetering):
    """`Metering`, awaited; with its holds and leases."""

    def __init__(self, hop: Hop, room: Metering) -> None:
        super().__init__(hop, room)
        self._hop = hop
        self._room = room

    def reserve(
        self,
        *,
        tokens: int = 0,
        requests: int = 1,
        cost: Decimal | None = None,
        model: str | None = None,
        provider: str | None = None,
        operation: str = "call",
        workspace: UUID | str | None = None,
        conversation: UUID | str | None = None,
        expires: timedelta = timedelta(minutes=5),
    ) -> AsyncReservation:
        """`hold`, to use in an `async with` statement: `await hold.settle(…)` within it, or it is released at its end.

        A task that is cancelled while it reserves may leave a hold behind, which expires.
        """

        def reserve() -> Hold:
            return self._room.reserve(
                tokens=tokens,
                requests=requests,
                cost=cost,
                model=model,
                provider=provider,
                operation=operation,
                workspace=workspace,
                conversation=conversation,
                expires=expires,
            )

        return AsyncReservation(self._hop, reserve)

    def lease(
        self,
        *,
        requests: int = 1_000,
        tokens: int = 0,
        operation: str = "leased",
        workspace: UUID | str | None = None,
        expires: timedelta = timedelta(seconds=30),
    ) -> AsyncLease:
        """See `Metering.lease`. Nothing is taken before the first `take`."""
        made = self._room.lease(
            requests=requests, tokens=tokens, operation=operation, workspace=workspace, expires=expires
        )
        return AsyncLease(self._hop, made)
