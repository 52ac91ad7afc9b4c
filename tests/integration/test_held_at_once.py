"""Holding and settling in one round trip on PostgreSQL: the same as step by step, and only where all is plain."""

from dataclasses import asdict, replace
from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import null, select

from holdfast.core.database import Query
from holdfast.domains.metering import at_once

NOTHING = {
    "hold_units": Query(select(null())),
    "settle_units": Query(select(*(null().label(f"n{n}") for n in range(6)))),
}


@pytest.fixture
def people(sync_store):
    """The operator and a member."""
    return sync_store.system(), sync_store.tenant("acme").user("amina@acme.test")


@pytest.fixture
def taken(monkeypatch):
    """What each call was answered: whether it was done at once."""
    said = []
    for name in ("hold_units", "settle_units"):
        real = getattr(at_once, name)

        def noting(row, params, real=real):
            said.append(row[0] is not None)
            return real.result(row, params)

        monkeypatch.setattr(at_once, name, replace(real, result=noting))
    return said


def step_by_step(monkeypatch):
    """From now on nothing is done at once."""
    for name in ("hold_units", "settle_units"):
        real = getattr(at_once, name)

        monkeypatch.setattr(at_once, name, replace(real, query=NOTHING[name]))


def used(person, chat=None):
    """One call, held and settled."""
    hold = person.metering.hold(tokens=20, operation="chat", conversation=chat)
    done = person.metering.settle(hold.id, tokens_in=9, tokens_out=3, model="gpt-4o-mini", latency_ms=7)
    return hold, done


def sums(person):
    """Everything that a settlement changes, but for ids and times."""
    report = person.metering.report(group_by=["day", "operation", "model"])
    by_chat = person.metering.report(group_by=["conversation"])
    limits = [(one.used, one.reserved) for one in person.metering.limits()]
    return [asdict(line) for line in report.lines], asdict(by_chat.total), limits


def test_both_ways_come_to_the_same(sync_store, people, taken, monkeypatch, place):
    root, amina = people
    for measure, amount in (("tokens", 1_000), ("requests", 100), ("money", Decimal(3))):
        root.metering.set_limit(tenant="acme", measure=measure, per="month", amount=amount)
    root.metering.set_limit(tenant="acme", measure="tokens", per="day", amount=900, user="amina@acme.test")
    ben = sync_store.tenant("acme").user("ben@acme.test")
    hold = amina.metering.hold(tokens=20, cost=Decimal(1), conversation=amina.conversations.create().id)
    done = amina.metering.settle(hold.id, tokens_in=9, tokens_out=3, model="gpt-4o-mini", latency_ms=7)
    assert taken == [True] * 2 * (place.engine == "postgresql")
    assert (done.event.tokens, done.event.priced_by, done.event.at) == (12, "catalogue", hold.reserved_at)
    step_by_step(monkeypatch)
    chat = ben.conversations.create().id
    ours = ben.metering.hold(tokens=20, cost=Decimal(1), conversation=chat)
    step = ben.metering.settle(ours.id, tokens_in=9, tokens_out=3, model="gpt-4o-mini", latency_ms=7)
    assert (ours.limits, hold.limits) == (3, 4)
    same = {name: value for name, value in asdict(step.event).items() if name in ("tokens", "cost", "outcome", "model")}
    assert same.items() <= asdict(done.event).items()
    lines, by_chat, _ = sums(amina)
    others, by_other, _ = sums(ben)
    assert (lines, by_chat) == (others, by_other)
    assert amina.metering.settle(hold.id, tokens=1).replayed


def test_what_is_not_plain_goes_step_by_step(people, taken, place):
    root, amina = people
    declined = [False] * (place.engine == "postgresql")
    root.metering.set_limit(tenant="acme", measure="tokens", per="day", amount=100)
    used(amina)
    first, second = amina.metering.hold(tokens=5), amina.metering.hold(tokens=5)
    taken.clear()
    assert amina.metering.settle(first.id, tokens=9).over_tokens == 4
    assert taken == declined
    root.metering.set_price("gpt-4o-mini", input=Decimal(1), output=Decimal(1), tenant="acme")
    priced = amina.metering.settle(second.id, tokens_in=4, tokens_out=1, model="gpt-4o-mini")
    assert (priced.event.priced_by, taken) == ("tenant", declined * 2)
    taken.clear()
    root.metering.set_limit(tenant="acme", measure="requests", per="window", window=timedelta(minutes=1), amount=9)
    hold = amina.metering.hold(tokens=1)
    amina.metering.settle(hold.id, tokens=1)
    assert taken == declined * 2
    assert [(one.used, one.reserved) for one in amina.metering.limits() if one.per == "day"] == [(27, 0)]
