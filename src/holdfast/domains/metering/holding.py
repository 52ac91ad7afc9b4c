"""What is made of `hold`, `settle` and `release`: a hold as a `with` block, and leases that answer in memory.

The same over a store and over a connection.
"""

import threading
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from time import monotonic
from types import TracebackType
from typing import TYPE_CHECKING, Any
from uuid import UUID

from holdfast.core.action import composite
from holdfast.core.errors import HoldfastError, InvalidInput
from holdfast.domains.metering.checks import check_count
from holdfast.domains.metering.models import HoldState, Settlement, UsageOutcome

MARGIN = 0.2
"""This share of a lease's time is left for giving it back."""


class Hold:
    """What was reserved, until it is settled or released. The end of the `with` block releases what was not settled."""

    def __init__(self, room: Any, state: HoldState) -> None:
        self._room = room
        self.state = state
        self.settlement: Settlement | None = None

    @property
    def id(self) -> UUID:
        """Its id, by which another process can settle it."""
        return self.state.id

    def settle(
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
        self.settlement = self._room.settle(
            self.id,
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
        return self.settlement

    def release(self) -> HoldState:
        """See `Metering.release`."""
        self.state = self._room.release(self.id)
        return self.state

    def __enter__(self) -> "Hold":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self.settlement is None and self.state.status == "open":
            self.release()


class Lease:
    """Units taken out of the limits beforehand, given out in this process without asking anybody.

    `take()` gives out what was leased, and leases more when that is used up or its time is nearly over; what was given
    out is then charged, as one event. So the limits are never overshot, however many processes lease; and what this one
    has leased and not given out, others do not have. `close()` charges and gives back. A process that dies with a lease
    loses the rest of it: nobody knows how much of it was used, so all of it counts as used once it expired.
    Safe to use from any number of threads.
    """

    def __init__(self, room: Any, asked: dict[str, Any], *, units: int, tokens: int, seconds: float) -> None:
        self._room = room
        self._asked = asked
        self._units, self._tokens, self._seconds = units, tokens, seconds
        self._lock = threading.Lock()
        self._hold: HoldState | None = None
        self._left = self._tokens_left = self._used = self._tokens_used = 0
        self._until = 0.0
        self._closed = False

    def take(self, requests: int = 1, *, tokens: int = 0) -> None:
        """Use so much. Raises `LimitExceeded` when there is not so much left of a limit; then nothing is taken.

        In memory, but for the call that leases more: two transactions.
        """
        with self._lock:
            if requests > self._left or tokens > self._tokens_left or monotonic() >= self._until:
                self._renew(requests, tokens)
            self._left -= requests
            self._tokens_left -= tokens
            self._used += requests
            self._tokens_used += tokens

    def take_at_hand(self, requests: int = 1, *, tokens: int = 0) -> bool:
        """Use so much if that is leased already; whether it was. Waits for nobody: for an event loop."""
        if not self._lock.acquire(blocking=False):
            return False
        try:
            if requests < 0 or tokens < 0 or requests > self._left or tokens > self._tokens_left:
                return False
            if monotonic() >= self._until:
                return False
            self._left -= requests
            self._tokens_left -= tokens
            self._used += requests
            self._tokens_used += tokens
        finally:
            self._lock.release()
        return True

    def close(self) -> None:
        """Charge what was given out and give back the rest."""
        with self._lock:
            self._closed = True
            self._end()

    def __enter__(self) -> "Lease":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def _renew(self, requests: int, tokens: int) -> None:
        check_count(requests, field="requests")
        check_count(tokens, field="tokens")
        if self._closed:
            raise InvalidInput("lease: is closed; take another one", field="lease")
        self._end()
        expires = timedelta(seconds=self._seconds)
        wanted = [(max(self._units, requests), max(self._tokens, tokens))]
        if wanted[0] != (requests, tokens):
            wanted.append((requests, tokens))  # less than a whole lease may still be left
        for units, of_tokens in wanted:
            began = monotonic()
            try:
                self._hold = self._room.hold(
                    requests=units, tokens=of_tokens, expires=expires, leased=True, **self._asked
                )
            except HoldfastError as error:
                if error.code != "limit_exceeded" or (units, of_tokens) == wanted[-1]:
                    raise
                continue
            self._left, self._tokens_left = units, of_tokens
            self._until = began + self._seconds * (1 - MARGIN)
            return

    def _end(self) -> None:
        hold, self._hold = self._hold, None
        used, tokens = self._used, self._tokens_used
        self._left = self._tokens_left = self._used = self._tokens_used = 0
        self._until = 0.0
        if hold is None:
            return
        if used or tokens:
            self._room.settle(hold.id, requests=used, tokens=tokens)
        else:
            self._room.release(hold.id)


class Holding:
    """What holds are made into."""

    if TYPE_CHECKING:
        hold: Callable[..., HoldState]
        settle: Callable[..., Settlement]
        release: Callable[..., HoldState]

    @composite
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
    ) -> Hold:
        """`hold`, to use in a `with` statement: `hold.settle(…)` within it, or it is released at its end."""
        return Hold(
            self,
            self.hold(
                tokens=tokens,
                requests=requests,
                cost=cost,
                model=model,
                provider=provider,
                operation=operation,
                workspace=workspace,
                conversation=conversation,
                expires=expires,
            ),
        )

    @composite
    def lease(
        self,
        *,
        requests: int = 1_000,
        tokens: int = 0,
        operation: str = "leased",
        workspace: UUID | str | None = None,
        expires: timedelta = timedelta(seconds=30),
    ) -> Lease:
        """A lease of so many requests and tokens at a time, to check limits without asking the database each time.

        Nothing is taken before the first `take`. What it charges has no model and no price: for limits on requests and
        tokens.
        """
        check_count(requests, field="requests")
        check_count(tokens, field="tokens")
        asked = {"operation": operation, "workspace": workspace}
        return Lease(self, asked, units=requests, tokens=tokens, seconds=expires.total_seconds())
