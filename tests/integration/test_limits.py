"""Limits: all or nothing, never a unit over, holds that come back, counters that equal the ledger."""

import threading
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from support.refusals import refused

from holdfast.core import clock
from holdfast.domains.metering import LimitExceeded, NewUsage, actions, charging, cleaning, limiting, recording


@pytest.fixture
def root(store):
    return store.system()


class Clock:
    """A clock that a test sets."""

    def __init__(self):
        self.at = datetime(2026, 3, 14, 12, 0, tzinfo=UTC)

    def __call__(self):
        return self.at

    def pass_by(self, **time):
        self.at += timedelta(**time)


@pytest.fixture
def time(monkeypatch):
    made = Clock()
    for module in (actions, recording, limiting, charging, cleaning):
        assert module.now is clock.now
        monkeypatch.setattr(module, "now", made)
    return made


def of(person):
    """The only limit that a person sees."""
    (limit,) = person.metering.limits()
    return limit


def standing(person):
    limit = of(person)
    return limit.used, limit.reserved, limit.left


def hold(person, **wanted):
    """The id of a hold."""
    return person.metering.hold(**wanted).id


def test_what_is_held_is_charged_as_it_was_used_and_the_rest_comes_back(amina, root):
    root.metering.set_limit(tenant="acme", measure="tokens", per="month", amount=1_000_000)
    made = hold(amina, tokens=1200)
    assert standing(amina) == (0, 1200, 998_800)
    settled = amina.metering.settle(made, tokens_in=900, tokens_out=13, model="gpt-4o-mini")
    assert (settled.event.id, settled.event.tokens, settled.over_tokens, settled.late) == (made, 913, 0, False)
    assert standing(amina) == (913, 0, 999_087)
    again = amina.metering.settle(made, tokens=5)
    assert (again.replayed, again.event) == (True, settled.event)
    refused("hold_settled", amina.metering.release, made)
    assert amina.metering.report().total.tokens == 913


def test_what_is_released_comes_back_and_is_not_settled(amina, root):
    root.metering.set_limit(tenant="acme", measure="requests", per="day", amount=1)
    made = hold(amina)
    text = refused("limit_exceeded", amina.metering.hold)
    assert "limit of 1 requests per day of this tenant has 0 left, 1 were asked for; nothing was reserved" in text
    assert amina.metering.release(made).status == "released"
    assert amina.metering.release(made).status == "released"
    refused("hold_released", amina.metering.settle, made, tokens=1)
    assert standing(amina) == (0, 0, 1)


def test_of_several_limits_all_hold_or_nothing_is_reserved(amina, ben, root, ada):
    client = root.identity.create_workspace("Client", tenant="acme")
    root.metering.set_limit(tenant="acme", measure="tokens", per="month", amount=100)
    ada.metering.set_limit(user="amina@acme.test", measure="tokens", per="day", amount=60)
    ada.metering.set_limit(workspace=client.id, measure="requests", per="month", amount=1)
    hold(amina, tokens=50)
    refused("limit_exceeded", amina.metering.hold, tokens=20)
    assert {(limit.per, limit.reserved) for limit in amina.metering.limits()} == {("month", 50), ("day", 50)}
    hold(ben, tokens=50, workspace=client.id)
    refused("limit_exceeded", ben.metering.hold, workspace=client.id)
    hold(ben)
    assert {(limit.subject, limit.reserved) for limit in ada.metering.limits()} == {
        ("tenant", 100),
        ("user", 50),
        ("workspace", 1),
    }


def test_a_hold_that_nobody_ends_comes_back_and_is_charged_when_it_is_settled_late(amina, root, time):
    root.metering.set_limit(tenant="acme", measure="tokens", per="day", amount=100)
    made = hold(amina, tokens=80, expires=timedelta(minutes=1))
    refused("limit_exceeded", amina.metering.hold, tokens=30)
    time.pass_by(minutes=2)
    second = hold(amina, tokens=30)
    assert standing(amina) == (0, 30, 70)
    amina.metering.settle(second, tokens=30)
    late = amina.metering.settle(made, tokens=90)
    assert (late.late, late.over_tokens, late.exceeded) == (True, 10, (of(amina).id,))
    assert standing(amina) == (120, 0, 0), "it was used, so it is charged, and said"
    assert amina.metering.report().total.tokens == 120


def test_a_limit_begins_anew_with_its_period(amina, root, time):
    root.metering.set_limit(tenant="acme", measure="requests", per="month", amount=1)
    made = hold(amina, expires=timedelta(days=1))
    with pytest.raises(LimitExceeded) as caught:
        amina.metering.hold()
    assert caught.value.code == "limit_exceeded"
    time.at = datetime(2026, 4, 1, tzinfo=UTC)
    assert standing(amina) == (0, 0, 1)
    amina.metering.settle(hold(amina))
    amina.metering.settle(made)
    by_month = amina.metering.report(group_by=["month"]).lines
    assert [(line.period.month, line.requests) for line in by_month] == [(3, 1), (4, 1)]
    assert standing(amina) == (1, 0, 0)


def test_a_rolling_window_lets_go_of_what_is_older(amina, root, time):
    root.metering.set_limit(tenant="acme", measure="tokens", per="window", window=timedelta(hours=1), amount=100)
    amina.metering.settle(hold(amina, tokens=60), tokens=60)
    time.pass_by(minutes=40)
    amina.metering.settle(hold(amina, tokens=40), tokens=40)
    refused("limit_exceeded", amina.metering.hold, tokens=1)
    time.pass_by(minutes=22)
    assert standing(amina) == (40, 0, 60)
    hold(amina, tokens=60)
    refused("limit_exceeded", amina.metering.hold, tokens=1)


def test_a_limit_counts_what_its_period_has_seen_already(amina, ben, root):
    amina.metering.record("chat", tokens=90, requests=3)
    ben.metering.record("chat", tokens=9)
    root.metering.set_limit(tenant="acme", measure="tokens", per="month", amount=100)
    assert standing(ben) == (99, 0, 1)
    root.metering.set_limit(tenant="acme", user="amina@acme.test", measure="requests", per="day", amount=4)
    assert [limit.used for limit in amina.metering.limits() if limit.subject == "user"] == [3]
    ben.metering.record("chat", tokens=50)
    assert standing(ben) == (149, 0, 0), "what was used cannot be refused any more"
    refused("limit_exceeded", ben.metering.hold, tokens=1)


def test_late_usage_is_counted_in_its_own_period(amina, root, time):
    root.metering.set_limit(tenant="acme", measure="tokens", per="day", amount=100)
    amina.metering.record("chat", tokens=7, at=time.at - timedelta(days=1))
    amina.metering.record_many([NewUsage(operation="chat", tokens=n) for n in (1, 2)])
    assert standing(amina) == (3, 0, 97)


def test_a_limit_on_money_needs_to_know_what_a_call_may_cost(amina, root):
    root.metering.set_limit(tenant="acme", measure="money", per="month", amount=Decimal("1.50"))
    refused("cost_needed", amina.metering.hold, tokens=10)
    refused("cost_needed", amina.metering.hold, tokens=10, model="home-made")
    made = hold(amina, tokens=1_000_000, model="gpt-4o-mini")
    assert of(amina).reserved == Decimal("0.6"), "all of them could be the dearer ones"
    refused("limit_exceeded", amina.metering.hold, cost=Decimal("0.9000001"))
    settled = amina.metering.settle(made, tokens_in=1_000_000, model="gpt-4o-mini")
    assert (settled.event.cost, standing(amina)) == (Decimal("0.15"), (Decimal("0.15"), 0, Decimal("1.35")))
    unknown = amina.metering.settle(hold(amina, cost=Decimal("0.35")), tokens_in=5, model="home-made")
    assert (unknown.event.cost, unknown.event.priced_by) == (Decimal("0.35"), "reserved")
    assert (of(amina).used, amina.metering.report().total.cost) == (Decimal("0.5"), Decimal("0.5"))


def test_what_the_platform_sets_a_tenants_administrator_does_not_change(amina, ada, root):
    root.metering.set_limit(tenant="acme", measure="tokens", per="day", amount=10)
    ada.metering.set_limit(measure="tokens", per="day", amount=1_000)
    platforms, own = sorted(ada.metering.limits(), key=lambda limit: limit.amount)
    assert (platforms.set_by, own.set_by) == ("platform", "tenant")
    refused("limit_exceeded", amina.metering.hold, tokens=11)
    refused("limit_not_found", ada.metering.end_limit, platforms.id)
    refused("permission_denied", amina.metering.set_limit, measure="tokens", per="day", amount=10)
    root.metering.set_limit(tenant="acme", measure="tokens", per="day", amount=20)
    hold(amina, tokens=11)
    root.metering.end_limit(platforms.id, tenant="acme")
    hold(amina, tokens=500)
    ada.metering.end_limit(own.id)
    hold(amina, tokens=5_000)
    assert ada.metering.limits() == []


def test_a_limit_that_is_set_meanwhile_counts_what_was_held_before(amina, root):
    made = hold(amina, tokens=10)
    root.metering.set_limit(tenant="acme", measure="tokens", per="day", amount=20)
    amina.metering.settle(made, tokens=10)
    assert standing(amina) == (10, 0, 10)


def test_a_hold_is_its_persons_own(amina, ben, ada):
    made = hold(amina, tokens=5)
    for call in (ben.metering.settle, ben.metering.release, ben.metering.hold_state):
        refused("hold_not_found", call, made)
    assert ada.metering.hold_state(made).tokens == 5
    settled = ada.metering.settle(made, tokens=4)
    assert (settled.event.user_id, settled.event.recorded_by) == (amina.scope.actor_id, ada.scope.actor_id)


def test_one_tenants_limits_are_nothing_to_another(gus, amina, root):
    root.metering.set_limit(tenant="acme", measure="requests", per="day", amount=0)
    refused("limit_exceeded", amina.metering.hold)
    hold(gus)
    assert gus.metering.limits() == []


def test_what_is_no_limit_is_refused(root, amina):
    wrong = [
        {"amount": -1},
        {"per": "window"},
        {"window": timedelta(hours=1)},
        {"per": "window", "window": timedelta(seconds=1)},
        {"user": "amina@acme.test", "workspace": amina.scope.actor_id},
        {"measure": "money", "amount": Decimal("Infinity")},
    ]
    for one in wrong:
        given = {"tenant": "acme", "measure": "tokens", "per": "day", "amount": 5, **one}
        refused("invalid_input", root.metering.set_limit, **given)
    refused("workspace_not_found", root.metering.set_limit, **{**given, "amount": 1, "workspace": amina.scope.actor_id})
    refused("user_not_found", root.metering.set_limit, **{**given, "amount": 1, "user": "nobody@acme.test"})
    refused("invalid_input", amina.metering.hold, expires=timedelta(days=2))
    refused("invalid_input", amina.metering.hold, tokens=-5)


def test_of_twenty_at_once_the_last_ten_units_go_to_ten(sync_store):
    amina, root = sync_store.tenant("acme").user("amina@acme.test"), sync_store.system()
    amina.metering.record("chat", requests=990)
    root.metering.set_limit(tenant="acme", measure="requests", per="month", amount=1_000)
    passed, gate = [], threading.Barrier(20)

    def call():
        gate.wait()
        try:
            with amina.metering.reserve() as held:
                held.settle()
            passed.append(True)
        except LimitExceeded:
            passed.append(False)

    threads = [threading.Thread(target=call) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert passed.count(True) == 10
    assert standing(amina) == (1_000, 0, 0)
    assert amina.metering.report().total.requests == 1_000


def test_the_end_of_a_with_block_releases_what_was_not_settled(sync_store):
    amina = sync_store.tenant("acme").user("amina@acme.test")
    sync_store.system().metering.set_limit(tenant="acme", measure="tokens", per="day", amount=10)
    with pytest.raises(ZeroDivisionError):
        with amina.metering.reserve(tokens=10):
            raise ZeroDivisionError
    assert standing(amina) == (0, 0, 10)
    with amina.metering.reserve(tokens=10) as held:
        assert held.settle(tokens=4, operation="chat").event.operation == "chat"
    assert standing(amina) == (4, 0, 6)


def test_leases_give_out_exactly_what_there_is(sync_store):
    amina = sync_store.tenant("acme").user("amina@acme.test")
    sync_store.system().metering.set_limit(tenant="acme", measure="requests", per="day", amount=1_000)
    taken, lock = [0], threading.Lock()

    def use():
        with amina.metering.lease(requests=64) as lease:
            mine = 0
            try:
                while True:
                    lease.take()
                    mine += 1
            except LimitExceeded:
                with lock:
                    taken[0] += mine

    threads = [threading.Thread(target=use) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    used, reserved, _ = standing(amina)
    assert (used, reserved) == (taken[0], 0)
    assert taken[0] <= 1_000
    assert amina.metering.report().total.requests == taken[0]
    with amina.metering.lease(requests=64) as lease:
        for _ in range(1_000 - taken[0]):
            lease.take()
        with pytest.raises(LimitExceeded):
            lease.take()
    assert standing(amina) == (1_000, 0, 0)


def test_a_lease_that_nobody_gives_back_counts_as_used(sync_store, time):
    amina, ben = (sync_store.tenant("acme").user(f"{name}@acme.test") for name in ("amina", "ben"))
    sync_store.system().metering.set_limit(tenant="acme", measure="requests", per="day", amount=100)
    amina.metering.lease(requests=60).take()
    time.pass_by(minutes=1)
    assert ben.metering.reclaim() == 0
    refused("limit_exceeded", ben.metering.hold, requests=41)
    assert amina.metering.reclaim() == 1
    assert standing(ben) == (60, 0, 40)
    assert amina.metering.report().total.requests == 60


def test_the_schedule_ends_what_nobody_ended_and_forgets_it_a_month_later(sync_store, time):
    time.at = clock.now().replace(hour=12)  # what is forgotten is found by its id, which says when it was made
    amina, ben = (sync_store.tenant("acme").user(f"{name}@acme.test") for name in ("amina", "ben"))
    sync_store.system().metering.set_limit(tenant="acme", measure="requests", per="day", amount=100)
    amina.metering.lease(requests=60).take()
    held = ben.metering.reserve(requests=10)
    assert cleaning.sweep(sync_store.engine) == cleaning.Swept(ended=0, deleted=0), "their time is not up"
    assert standing(ben) == (0, 70, 30)
    time.pass_by(hours=1)
    assert sync_store.system().jobs.submit("metering.sweep")
    assert sync_store.worker().run_due() == 1
    assert standing(ben) == (60, 0, 40), "a lease counts as used, a hold comes back"
    (event,) = amina.metering.events().items
    assert (event.requests, event.outcome, event.recorded_by) == (60, "cancelled", event.user_id)
    assert ben.metering.settle(held.id, requests=10).late, "it can still be settled"
    time.pass_by(days=29)
    assert cleaning.sweep(sync_store.engine) == cleaning.Swept(ended=0, deleted=0)
    time.pass_by(days=2)
    assert cleaning.sweep(sync_store.engine) == cleaning.Swept(ended=0, deleted=2)
    refused("hold_not_found", ben.metering.settle, held.id)
    assert amina.metering.report().total.requests == 60, "the ledger keeps it"
