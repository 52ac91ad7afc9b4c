"""Metering: checks from a lease, reservations beside the raw guarded update, usage events, reports."""

import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from statistics import median
from typing import Any

from benchmarks import metering_million
from benchmarks.figures import Bound, Figure, ratio_of_medians
from benchmarks.metering_million import MILLIONS, last_month, reported
from benchmarks.places import Place, Places, person
from benchmarks.raw_limits import RawLimit
from holdfast.domains.metering import Metering, NewUsage
from holdfast.store import Store

MODELS = ("gpt-4o-mini", "gpt-4o", "claude-sonnet-4-5", "gemini-2.5-pro", "home-made:7b")
OPERATIONS = ("chat", "summary", "embedding")


def measure(places: Places, *, quick: bool, millions: bool = False) -> Iterator[Figure]:
    """Everything that is promised of metering. `millions`: only a month of five million events, made by the server."""
    if millions:
        yield from metering_million.measure(places, count=50_000 if quick else metering_million.MILLIONS)
        return
    place = places.new()
    with place.open() as store:
        store.system().metering.set_limit(tenant="acme", measure="tokens", per="month", amount=10**14)
        store.system().metering.set_limit(tenant="acme", measure="requests", per="month", amount=10**14)
        yield _leased(store, places.engine, quick=quick)
    yield from _reserved(places, quick=quick)
    place = places.new()
    with place.open() as store:
        yield from _recorded(store, places, quick=quick, place=place)


def _leased(store: Store, engine: str, *, quick: bool) -> Figure:
    rates, times = [], 20_000
    with person(store).metering.lease(requests=5_000_000, tokens=5_000_000) as lease:
        lease.take(tokens=1)
        for _ in range(5 if quick else 50):
            began = time.perf_counter()
            for _ in range(times):
                lease.take(tokens=1)
            rates.append(times / (time.perf_counter() - began))
    return Figure(
        table="metering",
        operation="limit check with a lease",
        engine=engine,
        unit="/s",
        ours=max(rates),
        more={"median /s": median(rates)},
        promise=(Bound(measure="ours", limit=250_000, at_least=True),),
    )


def _reserved(places: Places, *, quick: bool) -> Iterator[Figure]:
    """A hold and its settlement: ours with the event and its sums, raw a guarded update, a hold's row, a row of use."""
    place = places.new()
    with place.open() as store:
        store.system().metering.set_limit(tenant="acme", measure="tokens", per="month", amount=10**14)
        metering = person(store).metering
        opened = place.raw.connect()
        raw = RawLimit(opened)
        for _ in range(10):  # statements are made and prepared, the catalogue of prices is loaded: once in a process
            _hold_and_settle(metering)
            raw.reserve_and_settle()
        ours, theirs, times = [], [], 10 if quick else 50
        for _ in range(3 if quick else 30):
            ours.append(_rate(lambda: _hold_and_settle(metering), times))
            theirs.append(_rate(raw.reserve_and_settle, times))
        opened.close()
    yield Figure(
        table="metering",
        operation="reserve and settle, durable",
        engine=places.engine,
        unit="/s",
        ours=median(ours),
        raw=median(theirs),
        ratio=ratio_of_medians(ours, theirs),
        promise=(Bound(measure="ratio", limit=0.7, at_least=True),),
    )


def _hold_and_settle(metering: Metering) -> None:
    held = metering.hold(tokens=1200)
    metering.settle(held.id, tokens_in=900, tokens_out=13, model="gpt-4o-mini")


def _rate(call: Callable[[], Any], times: int) -> float:
    began = time.perf_counter()
    for _ in range(times):
        call()
    return times / (time.perf_counter() - began)


def _events(count: int, month: datetime, offset: int = 0) -> list[NewUsage]:
    """Events in the order of time, a month of five million: five models and three operations, each with a request."""
    step = timedelta(days=28) / MILLIONS
    return [
        NewUsage(
            operation=OPERATIONS[n % 3],
            model=MODELS[n % 5],
            tokens_in=500 + n % 700,
            tokens_out=n % 200,
            latency_ms=200 + n % 3000,
            request_id=f"r-{n}",
            at=month + n % MILLIONS * step,
        )
        for n in range(offset, offset + count)
    ]


def _each_hour(day: datetime) -> list[NewUsage]:
    """An event for each hour, model and operation, so that there are as many sums as of five million events."""
    return [
        NewUsage(operation=operation, model=model, tokens_in=500, tokens_out=9, at=day + timedelta(hours=hour))
        for hour in range(24)
        for model in MODELS
        for operation in OPERATIONS
    ]


def _recorded(store: Store, places: Places, *, quick: bool, place: Place) -> Iterator[Figure]:
    metering, month = person(store).metering, last_month()
    batch, rounds = (500, 3) if quick else (5_000, 10)
    total = batch * rounds
    metering.record_many(_events(batch, month, MILLIONS))  # the catalogue is loaded once
    rates, works, done = [], [], 0
    while done < total:
        events = _events(batch, month, done)
        began, worked = time.perf_counter(), time.process_time()
        metering.record_many(events)
        rates.append(batch / (time.perf_counter() - began))
        works.append(batch / (time.process_time() - worked))
        done += batch
    yield Figure(
        table="metering",
        operation=f"usage events, batches of {batch:,}",
        engine=places.engine,
        unit="/s",
        ours=median(rates),
        more={"slowest /s": min(rates), "fastest /s": max(rates), "/s of this process alone": median(works)},
        promise=() if quick else (Bound(measure="ours", limit=10_000, at_least=True),),
    )
    for day in range(28):
        metering.record_many(_each_hour(month + timedelta(days=day)))
    places.settle(place)
    title = f"a month's report, {done + batch:,} events, sums as of 5 million"
    yield reported(metering, places.engine, month, title, times=5 if quick else 30)
