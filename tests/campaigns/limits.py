"""Sixty-four clients in three processes hammer a limit; one process is killed half-way.

Promised: never a unit over, however many processes; what a killed one held comes back after its expiry, and only then;
what its leases held counts as used; the counter equals the ledger; what was acknowledged is in the ledger. The same of
a limit that is counted in Redis, with PostgreSQL, where Redis loses everything when the process is killed.

    uv run python -m tests.campaigns.limits [--quick] [--engine sqlite|postgresql|both] [--json]
"""

import multiprocessing
import os
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from multiprocessing.queues import Queue
from pathlib import Path
from queue import Empty
from typing import Any

from holdfast.domains.metering import LimitExceeded

from .places import EMAIL, TENANT, Place, grounds, new_place
from .reporting import Step, Trial, add_engine, conclude, engines, parser, steps

CLIENTS = (21, 21, 22)
EXPIRES = timedelta(seconds=4)
PATIENCE_SECONDS = 300
_spawn = multiprocessing.get_context("spawn")


def metering_of(store: Any) -> Any:
    """The metering of the one person there is."""
    return store.tenant(TENANT).user(EMAIL).metering


def _hold_and_settle(metering: Any, told: "Queue[Any]", stop: Any) -> None:
    """Reserve, settle, say so; until the limit says that there is no more."""
    while not stop.is_set():
        try:
            held = metering.hold(tokens=3, expires=EXPIRES)
        except LimitExceeded:
            return
        told.put(("held", 3))
        done = metering.settle(held.id, tokens=2)
        told.put(("used", done.event.tokens))


def _lease_and_take(metering: Any, told: "Queue[Any]", stop: Any) -> None:
    """The same from memory, a lease at a time."""
    try:
        with metering.lease(requests=0, tokens=40, expires=EXPIRES) as lease:
            while not stop.is_set():
                lease.take(0, tokens=1)
                told.put(("taken", 1))
    except LimitExceeded:
        return


WAYS = {"holds": _hold_and_settle, "leases": _lease_and_take}


def _client_process(place: Place, way: str, clients: int, together: Any, told: "Queue[Any]", stop: Any) -> None:
    with place.open() as store:
        metering = metering_of(store)
        threads = [threading.Thread(target=WAYS[way], args=(metering, told, stop)) for _ in range(clients)]
        together.wait(PATIENCE_SECONDS)
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()


class Hammering:
    """One round, and what it comes to."""

    def __init__(self, place: Place, way: str, amount: int, redis: Any = None) -> None:
        self.place, self.way, self.amount, self.redis = place, way, amount, redis
        what = place.engine if redis is None else f"{place.engine} and Redis"
        self.trial = Trial(f"{what}, {way}: {sum(CLIENTS)} clients in {len(CLIENTS)} processes, one killed")
        self.said = {"held": 0, "used": 0, "taken": 0}

    def run(self) -> Trial:
        """Set the limit, let them loose, kill one, wait for the expiry, use up the rest, and compare."""
        with self.place.open() as store:
            set_limit = store.system().metering.set_limit
            counter = "database" if self.redis is None else "redis"
            set_limit(tenant=TENANT, measure="tokens", per="month", amount=self.amount, counter=counter)
        began = time.monotonic()
        self._let_loose()
        seconds = time.monotonic() - began
        with self.place.open() as store:
            self._judge(metering_of(store), seconds)
            if self.redis is not None:
                self._ask_redis(store)
        return self.trial

    def _let_loose(self) -> None:
        together, stop, told = _spawn.Barrier(len(CLIENTS) + 1), _spawn.Event(), _spawn.Queue()
        arguments = [(self.place, self.way, clients, together, told, stop) for clients in CLIENTS]
        crew = [_spawn.Process(target=_client_process, args=given) for given in arguments]
        for process in crew:
            process.start()
        together.wait(PATIENCE_SECONDS)
        killed = False
        while any(process.is_alive() for process in crew) or not told.empty():
            self._hear(told)
            if not killed and self.said["used"] + self.said["taken"] >= self.amount // 3:
                os.kill(crew[0].pid or 0, signal.SIGKILL)
                killed = True
                if self.redis is not None:
                    self.redis.flush()
        self._hear(told)
        if not killed:
            self.trial.faults.append("the limit was used up before a process could be killed; raise it")
        for process in crew[1:]:
            if process.exitcode:
                self.trial.faults.append(f"a process ended with {process.exitcode}")

    def _hear(self, told: "Queue[Any]") -> None:
        try:
            while True:
                kind, units = told.get(timeout=0.2)
                self.said[kind] += units
        except Empty:
            return

    def _judge(self, metering: Any, seconds: float) -> None:
        (before,) = metering.limits()
        self._compare("at the end", metering)
        time.sleep(EXPIRES.total_seconds() + 0.5)
        rest = 0
        metering.reclaim()
        while True:
            try:
                metering.settle(metering.hold(tokens=1).id, tokens=1)
                rest += 1
            except LimitExceeded:
                break
        self._compare("after the expiry", metering)
        (after,) = metering.limits()
        if (after.used, after.reserved) != (self.amount, 0):
            self.trial.faults.append(f"after the expiry {after.used:,} are used and {after.reserved} held, not all")
        told = self.said["used"] + self.said["taken"]
        if told > self.amount:
            self.trial.faults.append(f"{told:,} were given out of {self.amount:,}")
        if metering.report().total.tokens < told + rest:
            self.trial.faults.append(f"{told + rest:,} were acknowledged, {metering.report().total.tokens:,} kept")
        self.trial.figures |= {
            "limit": self.amount,
            "used when the clients had ended": before.used,
            "held by the killed process then": before.reserved,
            "came back and was used": rest,
            "acknowledged": told,
            "seconds": round(seconds, 1),
        }

    def _compare(self, when: str, metering: Any) -> None:
        (limit,) = metering.limits()
        ledger = metering.report().total.tokens
        if limit.used != ledger:
            self.trial.faults.append(f"{when} the counter says {limit.used:,}, the ledger {ledger:,}")
        if limit.used + limit.reserved > self.amount:
            self.trial.faults.append(f"{when} {limit.used:,} are used and {limit.reserved:,} held: more than there are")

    def _ask_redis(self, store: Any) -> None:
        from support.metering import in_redis

        (limit,) = metering_of(store).limits()
        said = in_redis(store, TENANT, limit)
        if said != (limit.used, limit.reserved):
            self.trial.faults.append(f"Redis says {said}, the ledger {limit.used:,} and {limit.reserved:,} held")


def run_on(engine: str, folder: Path, *, quick: bool, step: Step) -> list[Trial]:
    """Both ways on one engine; on PostgreSQL once more with the limit in Redis."""
    trials, amount = [], 210 if quick else 12_000
    with grounds(engine, folder) as where:
        for way in WAYS:
            place = new_place(engine, where, f"limits_{way}")
            trials.append(Hammering(place, way, amount).run())
            step()
        if engine == "postgresql":
            with counting_in_redis() as redis:
                for way in WAYS:
                    place = new_place(engine, where, f"limits_{way}_redis")
                    trials.append(Hammering(place, way, amount, redis).run())
                    step()
    return trials


@contextmanager
def counting_in_redis() -> Iterator[Any]:
    """A Redis that every store opened meanwhile, here and in child processes, counts limits in."""
    from support.redis_server import RedisServer

    redis = RedisServer()
    os.environ["HOLDFAST_COUNTERS"] = redis.url
    try:
        yield redis
    finally:
        del os.environ["HOLDFAST_COUNTERS"]
        redis.stop()


def main() -> int:
    """The campaign, from a shell."""
    made = parser(__doc__ or "")
    add_engine(made)
    options = made.parse_args()
    began, trials = time.monotonic(), []
    chosen = engines(options.engine)
    rounds = sum(2 * len(WAYS) if engine == "postgresql" else len(WAYS) for engine in chosen)
    with tempfile.TemporaryDirectory(prefix="holdfast-limits-") as folder, steps("limits", rounds) as step:
        for engine in chosen:
            trials += run_on(engine, Path(folder), quick=options.quick, step=step)
    return conclude(trials, as_json=options.json, began=began)


if __name__ == "__main__":
    sys.exit(main())
