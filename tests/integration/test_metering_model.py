"""Random histories of limits, holds, expiry, clock jumps and resets on both engines, beside a plain model."""

import copy
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from support.redis_server import RedisServer

import holdfast
from holdfast.core.settings import Settings
from holdfast.domains.metering import LimitExceeded, actions, charging, limiting, recording

START = datetime(2026, 1, 30, 22, 30, tzinfo=UTC)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
WINDOW = timedelta(hours=2)
SLOT = WINDOW / 60
AMOUNTS = {"day": 40, "month": 70, "window": 30}
PEOPLE = ("amina", "ben")
_tenants = count()


def slot_of(at):
    return EPOCH + (at - EPOCH) // SLOT * SLOT


class Clock:
    at = START

    def __call__(self):
        return self.at


CLOCK = Clock()


class Cap:
    """A limit in the model: used and held by period, or by slot of its window."""

    def __init__(self, per, amount, person=None, *, forgets=True):
        self.per, self.amount, self.person = per, amount, person
        self.forgets = forgets
        self.used, self.held = {}, {}

    def place(self, at):
        if self.per == "window":
            return slot_of(at)
        return at.replace(hour=0, minute=0) if self.per == "day" else at.replace(day=1, hour=0, minute=0)

    def period(self, at):
        return EPOCH if self.per == "window" else self.place(at)

    def gone(self):
        return slot_of(CLOCK.at - WINDOW) - SLOT

    def charge(self, at, units, *, held_before=False):
        if self.per != "window" or held_before or not self.forgets or self.place(at) > self.gone():
            self.used[self.place(at)] = self.used.get(self.place(at), 0) + units

    def used_in(self, period):
        if self.per != "window":
            return self.used.get(period, 0)
        return sum(units for slot, units in self.used.items() if self.forgets or slot > self.gone())

    def shown(self):
        if self.per == "window":
            used = sum(units for slot, units in self.used.items() if slot > self.gone())
        else:
            used = self.used_in(self.period(CLOCK.at))
        return used, self.held.get(self.period(CLOCK.at), 0)


class Model:
    """What ought to be there. In Redis a window is what the ledger has of it, wherever the clock went meanwhile; and
    what a refused call found expired stays so, because there it is not in that call's transaction.
    """

    def __init__(self, *, in_redis=False):
        self.in_redis = in_redis
        self.caps = [
            Cap("day", AMOUNTS["day"]),
            Cap("month", AMOUNTS["month"], "amina"),
            Cap("window", AMOUNTS["window"], forgets=not in_redis),
        ]
        self.holds = {}
        self.events = []

    def of(self, person):
        return [cap for cap in self.caps if cap.person in (None, person)]

    def reserve(self, number, person, units, expires):
        for cap in self.of(person):
            if cap.per == "window" and cap.forgets:
                cap.used = {slot: used for slot, used in cap.used.items() if slot > cap.gone()}
            period = cap.period(CLOCK.at)
            if not self._fits(cap, period, units):
                self.reclaim()
                if not self._fits(cap, period, units):
                    return False
            cap.held[period] = cap.held.get(period, 0) + units
        self.holds[number] = {"person": person, "units": units, "at": CLOCK.at, "until": expires, "status": "open"}
        return True

    def _fits(self, cap, period, units):
        return cap.used_in(period) + cap.held.get(period, 0) + units <= cap.amount

    def _counts(self, cap, at):
        return at >= cap.begins or (self.in_redis and cap.per != "window")

    def refuse(self, person, units):
        full = next(cap for cap in self.of(person) if not self._fits(cap, cap.period(CLOCK.at), units))
        if any(cap is full for hold in self._expired() for cap in self._held_by(hold)):
            self.reclaim()

    def _expired(self):
        return [hold for hold in self.holds.values() if hold["status"] == "open" and hold["until"] <= CLOCK.at]

    def _held_by(self, hold):
        return [cap for cap in self.of(hold["person"]) if cap.period(hold["at"]) == cap.period(CLOCK.at)]

    def reclaim(self):
        for hold in self.holds.values():
            if hold["status"] == "open" and hold["until"] <= CLOCK.at:
                self._give_back(hold, "expired")

    def _give_back(self, hold, status):
        hold["status"] = status
        for cap in self.of(hold["person"]):
            cap.held[cap.period(hold["at"])] -= hold["units"]

    def settle(self, number, units):
        hold = self.holds[number]
        if hold["status"] == "open":
            self._give_back(hold, "settled")
        hold["status"] = "settled"
        for cap in self.of(hold["person"]):
            if not self.in_redis or self._counts(cap, hold["at"]):
                cap.charge(hold["at"], units, held_before=True)
        self.events.append((hold["person"], hold["at"], units))

    def release(self, number):
        if self.holds[number]["status"] == "open":
            self._give_back(self.holds[number], "released")

    def record(self, person, at, units):
        for cap in self.of(person):
            if self._counts(cap, at):
                cap.charge(at, units)
        self.events.append((person, at, units))


class Limits(RuleBasedStateMachine):
    """Two people under three limits, by the same steps in three places."""

    stores: tuple
    redis = None

    @initialize()
    def begin(self):
        counted = {} if self.redis is None else {"counter": "redis"}
        CLOCK.at, self.model, self.numbers = START, Model(in_redis=bool(counted)), count()
        self.model.caps[0].begins = START.replace(hour=0, minute=0)
        self.model.caps[1].begins = START.replace(day=1, hour=0, minute=0)
        self.model.caps[2].begins = START
        slug = f"tenant-{next(_tenants)}"
        self.people, self.ids, self.roots = [], [], []
        for store in self.stores:
            root = store.system()
            root.identity.create_tenant(slug)
            for name in PEOPLE:
                root.identity.create_user(f"{name}@x.test", tenant=slug, role="admin")
            set_limit, email = root.metering.set_limit, "amina@x.test"
            set_limit(tenant=slug, measure="tokens", per="day", amount=AMOUNTS["day"], **counted)
            set_limit(tenant=slug, measure="tokens", per="month", amount=AMOUNTS["month"], user=email, **counted)
            set_limit(tenant=slug, measure="tokens", per="window", window=WINDOW, amount=AMOUNTS["window"], **counted)
            tenant = store.tenant(slug)
            self.people.append({name: tenant.user(f"{name}@x.test").metering for name in PEOPLE})
            self.ids.append({})
            self.roots.append((root.metering, slug))

    @rule(person=st.sampled_from(PEOPLE), units=st.integers(1, 25), minutes=st.integers(1, 90))
    def reserve(self, person, units, minutes):
        number, expires = next(self.numbers), timedelta(minutes=minutes)
        tried = copy.deepcopy(self.model)
        passed = tried.reserve(number, person, units, CLOCK.at + expires)
        if passed:
            self.model = tried
        elif self.model.in_redis:
            self.model.refuse(person, units)
        for people, ids in zip(self.people, self.ids, strict=True):
            try:
                ids[number] = people[person].hold(tokens=units, expires=expires).id
            except LimitExceeded as refused:
                assert not passed, refused
                assert refused.resets_at > CLOCK.at
            else:
                assert passed

    def _one(self, at, *statuses):
        found = [number for number, hold in self.model.holds.items() if hold["status"] in statuses]
        return found[at % len(found)] if found else None

    @rule(at=st.integers(0, 50), units=st.integers(0, 40))
    def settle(self, at, units):
        number = self._one(at, "open", "expired")
        if number is None:
            return
        hold = self.model.holds[number]
        late, held = hold["status"] == "expired", hold["units"]
        self.model.settle(number, units)
        for people, ids in zip(self.people, self.ids, strict=True):
            done = people[hold["person"]].settle(ids[number], tokens=units)
            assert (done.late, done.over_tokens, done.event.at) == (late, max(0, units - held), hold["at"])
            assert people[hold["person"]].settle(ids[number], tokens=units + 1).replayed

    @rule(at=st.integers(0, 50))
    def release(self, at):
        number = self._one(at, "open")
        if number is not None:
            self.model.release(number)
            for people, ids in zip(self.people, self.ids, strict=True):
                people[self.model.holds[number]["person"]].release(ids[number])

    @rule(person=st.sampled_from(PEOPLE), units=st.integers(0, 10), hours=st.sampled_from([0, 0, 1, 3, 30, 800]))
    def record(self, person, units, hours):
        at = CLOCK.at - timedelta(hours=hours)
        self.model.record(person, at, units)
        for people in self.people:
            people[person].record("chat", tokens=units, at=at)

    @rule()
    def lose_what_redis_has(self):
        if self.redis is not None:
            self.redis.flush()

    @rule(minutes=st.sampled_from([1, 7, 30, 61, 130, 1440, 50_000, -5, -90]))
    def move_the_clock(self, minutes):
        CLOCK.at += timedelta(minutes=minutes)

    @rule(which=st.integers(0, 2), amount=st.integers(5, 60))
    def change_a_limit(self, which, amount):
        cap = self.model.caps[which]
        cap.amount = amount
        for root, slug in self.roots:
            window = WINDOW if cap.per == "window" else None
            user = None if cap.person is None else f"{cap.person}@x.test"
            root.set_limit(tenant=slug, measure="tokens", per=cap.per, window=window, user=user, amount=amount)

    @invariant()
    def limits_stand_as_the_model_says(self):
        for people in getattr(self, "people", ()):
            found = {limit.per: (limit.used, limit.reserved) for limit in people["amina"].limits()}
            assert found == {cap.per: cap.shown() for cap in self.model.caps}

    @invariant()
    def every_sum_equals_the_ledger(self):
        for people in getattr(self, "people", ()):
            report = people["amina"].report(group_by=["month", "user"])
            expected = {}
            for person, at, units in self.model.events:
                key = (at.year, at.month, person)
                expected[key] = expected.get(key, 0) + units
            found = sorted((line.period.year, line.period.month, line.tokens) for line in report.lines)
            assert found == sorted((*key[:2], units) for key, units in expected.items())
            assert report.total.tokens == sum(units for _, _, units in self.model.events)
            assert report.total.cost == Decimal(0)


@pytest.fixture(scope="module")
def stores(tmp_path_factory, postgres, postgres_template):
    path = tmp_path_factory.mktemp("metering") / "store.db"
    postgres.execute(f"CREATE DATABASE metering TEMPLATE {postgres_template}")
    with holdfast.create(f"sqlite:///{path}") as sqlite, holdfast.open(postgres.url("metering")) as server:
        yield (sqlite, server)
    postgres.execute("DROP DATABASE metering WITH (FORCE)")


@pytest.fixture(scope="module")
def redis():
    server = RedisServer()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def stores_with_redis(tmp_path_factory, postgres, postgres_template, redis):
    path = tmp_path_factory.mktemp("metering") / "redis.db"
    postgres.execute(f"CREATE DATABASE metering_redis TEMPLATE {postgres_template}")
    settings = Settings(counters=redis.url)
    with (
        holdfast.create(f"sqlite:///{path}", settings=settings) as sqlite,
        holdfast.open(postgres.url("metering_redis"), settings=settings) as server,
    ):
        yield (sqlite, server)
    postgres.execute("DROP DATABASE metering_redis WITH (FORCE)")


def test_limits_hold_through_any_history(stores, monkeypatch):
    play(type("OnStores", (Limits,), {"stores": stores}), monkeypatch)


def test_limits_in_redis_hold_through_any_history(stores_with_redis, redis, monkeypatch):
    play(type("InRedis", (Limits,), {"stores": stores_with_redis, "redis": redis}), monkeypatch)


def play(machine, monkeypatch):
    for module in (actions, recording, limiting, charging):
        monkeypatch.setattr(module, "now", CLOCK)
    checks = [HealthCheck.too_slow, HealthCheck.data_too_large]
    options = settings(max_examples=8, stateful_step_count=20, deadline=None, suppress_health_check=checks)
    run_state_machine_as_test(machine, settings=options)
