"""The second level: values in Redis, for all processes.

Every call goes through the breaker, and what fails raises `Away`, which never reaches a caller: they load. After Redis
was away two things come before any value in it is trusted again. This process's own invalidations that could not be
told (`pending`) are told; and so that every other process can do the same first, nothing is read for
`cache_settle_seconds` after the way is clear again. A process that dies with pending invalidations, or between its
commit and telling, leaves values in Redis that nobody calls back: they end with their own life, at most
`cache_longest_seconds` after they were stored. That is the bound, and why there is a longest.
"""

import os
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from time import monotonic
from typing import TypeVar

from holdfast.core.cache.codec import Unreadable
from holdfast.core.cache.keys import TOKEN_BYTES, Token, Tokens
from holdfast.core.cache.leases import ANY, NOTHING_SEEN, Away, Contents, Lease, Place, Seen, new_version
from holdfast.core.cache.lines import FAILING, LOST, Line, Lines
from holdfast.core.cache.parcel import EPOCH_BYTES, Packer, tags_of, version_of
from holdfast.core.cache.scripts import FORGET, RELEASE, RENEW, STORE, TAKE, TAKE_OVER
from holdfast.core.resilience import Breaker, BreakerOpen
from holdfast.core.settings import Settings
from holdfast.core.telemetry import log

T = TypeVar("T")

PENDING = 50_000
"""Of so many invalidations that could not be told a process knows which; of more, that everything must go."""
_SCANNED = 1_000


class Remote:
    """What one process asks of Redis. Safe to use from any number of threads."""

    def __init__(self, lines: Lines, packer: Packer, tokens: Tokens, settings: Settings, breaker: Breaker) -> None:
        self._lines = lines
        self._packer = packer
        self._settings = settings
        self._prefix = b"holdfast:{%s}:" % tokens.store.encode()
        self.channel = self._prefix + b"told"
        self.breaker = breaker
        self._lease_ms = int(1000 * settings.cache_lease_seconds)
        self._epoch_ms = int(2000 * settings.cache_longest_seconds)
        """An epoch outlives every value that counts by it; were it gone before, the value would not count."""
        self.begin()

    def begin(self) -> None:
        """With locks of this process."""
        self._telling = threading.Lock()
        self.pending: dict[bytes, tuple[Token]] = {}
        """Keys that must go and could not be told to go yet."""
        self._all_pending = False
        self._settled = 0.0
        self._adrift = False

    def settle(self) -> None:
        """Redis answers again: let every process tell what it could not, before anything is read."""
        self._settled = monotonic() + self._settings.cache_settle_seconds

    def adrift(self) -> None:
        """The link was lost. Nothing is read until it is there again: Redis may answer a call before, with everything
        in it that others invalidated meanwhile and could not tell.
        """
        self._adrift = True

    def probe(self) -> None:
        """If a probe is due, make it: there may be nobody else who asks, while everything is found in the process."""
        if self.breaker.state == "half_open":
            with suppress(Away):
                self._ask(lambda line: line.ask(b"PING"))

    def answers(self) -> bool:
        """Whether Redis answers now. One round trip."""
        try:
            return bool(self._ask(lambda line: line.ask(b"PING")))
        except Away:
            return False

    def linked(self, *, anew: bool) -> None:
        """The link is there. `anew`: to the server it was lost to, which has what it had."""
        if anew:
            self.settle()
        self._adrift = False

    def read(self, place: Place) -> Seen:
        """The value, if every tag of it still has the epoch it was loaded under. One round trip. Raises `Away`.

        MGET is one step: value and epochs are of one moment. For a value with tags that the caller did not name, their
        epochs are asked for after it; as none ever comes back, one that is there then was there all along.
        """

        def work(line: Line) -> Seen:
            before = self._before(line)
            names, after = place.tags, before + b"t:"
            asked = [after + tag.hex().encode() for tag in names]
            blob, *found = line.ask(b"MGET", before + b"v:" + place.token.hex().encode(), *asked)
            if blob is None:
                return NOTHING_SEEN
            version = version_of(blob)
            try:
                needed = tags_of(blob)
                epochs = dict(zip(names, found, strict=True))
                unknown = [tag for tag, _ in needed if tag not in epochs]
                if unknown:
                    epochs |= zip(unknown, line.ask(b"MGET", *self._keys(line, b"t", unknown)), strict=True)
                if any(epochs[tag] != epoch for tag, epoch in needed):
                    return Seen(None, version)
                return Seen(self._packer.open(place.realm, place.token, blob, needed), version)
            except Unreadable:
                return Seen(None, version)

        return self._trusting(work)

    def take(self, place: Place, *, seen: bytes = ANY, over: bool = False) -> Lease | None:
        """The lease to load and store a value; None when another has it, or there is another value than was `seen`.

        `over`: from whoever has it. Raises `Away`.
        """
        nonce, version, epoch = os.urandom(TOKEN_BYTES), new_version(), os.urandom(EPOCH_BYTES)

        def work(line: Line) -> Lease | None:
            keys = self._of_place(line, place)
            asked: list[bytes | int] = [nonce, self._lease_ms, epoch, self._epoch_ms]
            asked += [self.channel, b"s" + place.token + version] if over else [seen]
            epochs: list[bytes] = line.run(TAKE_OVER if over else TAKE, keys, *asked)
            return Lease(line.server, nonce + b"".join(epochs), epochs, version) if epochs else None

        return self._trusting(work)

    def store(self, place: Place, lease: Lease, contents: Contents) -> bool:
        """Store what was loaded under `lease`. Whether it counts: nothing came between. Raises `Away`."""
        blob = self._packer.pack(place.realm, place.token, lease.version, contents, place.tags, lease.epochs)
        lives = max(1, int(1000 * contents.terms.longest))
        said = b"s" + place.token + lease.version

        def work(line: Line) -> bool:
            if line.server != lease.server:
                return False
            keys = self._of_place(line, place)
            return bool(line.run(STORE, keys, lease.held, blob, lives, self.channel, said, *lease.epochs))

        return self._trusting(work)

    def renew(self, place: Place, lease: Lease) -> None:
        """Keep a lease for longer. Raises `Away`."""
        self._ask(lambda line: line.run(RENEW, [self._key(line, b"l", place.token)], lease.held, self._lease_ms))

    def release(self, place: Place, lease: Lease) -> None:
        """Give a lease back. Raises `Away`."""
        self._ask(lambda line: line.run(RELEASE, [self._key(line, b"l", place.token)], lease.held))

    def forget(self, *, values: Iterable[Token] = (), tags: Iterable[Token] = ()) -> bool:
        """Invalidate for all processes. Whether Redis was told; if not, it will be before it is trusted again."""
        gone = {kind + token: (token,) for kind, tokens in ((b"v", values), (b"t", tags)) for token in tokens}
        try:
            self._ask(lambda line: self._tell(line, gone))
        except Away:
            self._remember(gone)
            return False
        return True

    def abandon(self, place: Place) -> None:
        """Take whatever lease there is away from a value, when Redis answers again."""
        self._remember({b"l" + place.token: (place.token,)})

    def _remember(self, gone: dict[bytes, tuple[Token]]) -> None:
        self.pending.update(gone)
        if len(self.pending) > PENDING:
            self._all_pending = True
            self.pending.clear()

    def tell_pending(self) -> None:
        """Tell Redis what it was not told yet, unless another thread is at it. Raises `Away` if anything is left."""
        if not self._telling.acquire(blocking=False):
            raise Away
        try:
            if self._all_pending:
                self._ask(self._forget_everything)
                self._all_pending = False
            while told := dict(list(self.pending.items())[:_SCANNED]):
                self._ask(lambda line, told=told: self._tell(line, told))  # type: ignore[misc]  # bound at once
                for key, gone in told.items():
                    if self.pending.get(key) is gone:  # not to be told once more, for another failure meanwhile
                        del self.pending[key]
        finally:
            self._telling.release()

    def _tell(self, line: Line, told: dict[bytes, tuple[Token]]) -> None:
        keys = [self._key(line, key[:1], token) for key, (token,) in told.items()]
        keys += [self._key(line, b"l", token) for key, (token,) in told.items() if key[:1] == b"v"]
        line.run(FORGET, keys, self.channel, b"x" + b"".join([token for (token,) in told.values()]))

    def _forget_everything(self, line: Line) -> None:
        cursor = b"0"
        while True:
            pattern = self._key(line, b"[vl]", b"").replace(b"{", b"\\{") + b"*"
            cursor, keys = line.ask(b"SCAN", cursor, b"MATCH", pattern, b"COUNT", _SCANNED)
            if keys:
                line.ask(b"UNLINK", *keys)
            if cursor == b"0":
                break
        line.ask(b"PUBLISH", self.channel, b"*")

    def _trusting(self, work: Callable[[Line], T]) -> T:
        """For what depends on Redis knowing every invalidation."""
        if self._adrift or monotonic() < self._settled:
            raise Away
        if self.has_pending:
            self.tell_pending()
        return self._ask(work)

    def _ask(self, work: Callable[[Line], T]) -> T:
        try:
            return self.breaker.call(lambda: self._on_line(work))
        except (*FAILING, BreakerOpen) as error:
            raise Away from error

    def _on_line(self, work: Callable[[Line], T]) -> T:
        try:
            return self._lines.call(work)
        except LOST:
            self._lines.drop_idle()
            return self._lines.call(work)  # everything asked can be asked twice

    def _of_place(self, line: Line, place: Place) -> list[bytes]:
        own = [self._key(line, b"l", place.token), self._key(line, b"v", place.token)]
        return own + self._keys(line, b"t", place.tags)

    def _key(self, line: Line, kind: bytes, token: Token) -> bytes:
        return self._before(line) + kind + b":" + token.hex().encode()

    def _before(self, line: Line) -> bytes:
        """What the store's keys at that server begin with. The braces keep them in one slot of a cluster."""
        return self._prefix + line.server[:16] + b":"

    def _keys(self, line: Line, kind: bytes, tokens: Iterable[Token]) -> list[bytes]:
        return [self._key(line, kind, token) for token in tokens]

    @property
    def has_pending(self) -> bool:
        """Whether there is something that Redis was not told yet."""
        return bool(self.pending) or self._all_pending

    @property
    def in_use(self) -> int:
        """How many connections are lent now."""
        return self._lines.in_use

    def close(self) -> None:
        """Tell what is pending, if that is possible now, and close every connection."""
        with suppress(Away):
            self.tell_pending()
        if self.has_pending:
            log.warning("cache.invalidations_untold", count=len(self.pending), everything=self._all_pending)
        self._lines.close()
