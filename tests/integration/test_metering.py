"""Metering: events kept once with their cost, sums that equal the ledger, prices, limits and holds."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from support.backdoor import Backdoor
from support.refusals import refused

from holdfast.domains.metering import NewUsage

MONTH = datetime.now(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
LAST_MONTH = (MONTH - timedelta(days=1)).replace(day=3, hour=10)


@pytest.fixture
def root(store):
    return store.system()


def engine_of(store):
    return store._target._store.engine if hasattr(store, "_target") else store.engine


def test_an_event_keeps_what_was_used_and_what_it_cost_then(amina):
    event = amina.metering.record("chat", model="gpt-4o-mini", tokens_in=1000, tokens_out=100, tokens_cached=10)
    assert (event.tokens, event.tokens_in, event.tokens_out, event.tokens_cached) == (1100, 1000, 100, 10)
    assert event.cost == Decimal("0.000209250")
    assert event.priced_by == "catalogue"
    assert amina.metering.events().items == (event,)


def test_a_price_that_nobody_knows_stays_unknown(amina):
    event = amina.metering.record("chat", model="home-made:7b", tokens_in=10, tokens_out=1)
    assert (event.cost, event.priced_by) == (None, "unknown")
    assert amina.metering.record("chat", model="gpt-4o-mini", tokens=11).cost is None, "in or out? nobody knows"
    assert amina.metering.record("chat", model="gpt-4o-mini", provider="nobody", tokens_in=1).cost is None
    total = amina.metering.report().total
    assert (total.events, total.unpriced, total.cost) == (3, 3, Decimal(0))
    refused("price_unknown", amina.metering.price, "home-made:7b")


def test_a_tenants_own_price_comes_first_from_when_it_is_good(amina, root, gus):
    root.metering.set_price("gpt-4o-mini", input=Decimal(1), output=Decimal(2), tenant="acme", since=LAST_MONTH)
    root.metering.set_price(
        "home", input=Decimal(10), output=Decimal(20), cached=Decimal(1), tenant="acme", provider="us"
    )
    assert amina.metering.record("chat", model="gpt-4o-mini", tokens_in=1_000_000, tokens_out=500_000).cost == 2
    before = amina.metering.record("chat", model="gpt-4o-mini", tokens_in=1000, at=LAST_MONTH - timedelta(days=1))
    assert before.priced_by == "catalogue"
    assert amina.metering.record("chat", model="home", tokens_in=1).cost is None, "the price of a provider is its own"
    found = amina.metering.record("chat", model="home", provider="us", tokens_in=1_000_000, tokens_cached=400_000)
    assert (found.cost, found.priced_by) == (Decimal("6.4"), "tenant")
    assert gus.metering.record("chat", model="gpt-4o-mini", tokens_in=1000).priced_by == "catalogue"
    assert amina.metering.price("home", provider="us").output == 20
    assert [price.model for price in root.metering.prices(tenant="acme")] == ["gpt-4o-mini", "home"]


def test_a_request_is_recorded_once_whatever_its_time(amina, ben):
    first = amina.metering.record("chat", tokens=5, request_id="r-1")
    again = amina.metering.record("chat", tokens=7, request_id="r-1", at=LAST_MONTH)
    assert (again.id, again.tokens, again.replayed) == (first.id, 5, True)
    assert not ben.metering.record("chat", tokens=7, request_id="r-1").replayed, "another's request is another"
    assert amina.metering.report().total.tokens == 5


def test_a_batch_is_kept_whole_and_its_requests_once(amina):
    events = [NewUsage(operation="chat", tokens=n, request_id=f"r-{n}") for n in range(5)]
    made = amina.metering.record_many(events)
    assert (made.recorded, made.replayed, made.tokens, made.unpriced) == (5, 0, 10, 5)
    made = amina.metering.record_many([*events, NewUsage(operation="chat", tokens=1, request_id="r-1")])
    assert (made.recorded, made.replayed) == (0, 6)
    assert amina.metering.report().total.tokens == 10
    twice = [NewUsage(operation="chat", tokens=3, request_id="r-9")] * 2
    assert amina.metering.record_many(twice).recorded == 1
    wrong = [NewUsage(operation="chat", tokens=1), NewUsage(operation="chat", tokens=1, workspace=uuid4())]
    refused("workspace_not_found", amina.metering.record_many, wrong)
    assert amina.metering.report().total.tokens == 13


def test_a_late_event_lands_in_its_own_period(amina):
    amina.metering.record("chat", model="m", tokens=5)
    amina.metering.record("chat", model="m", tokens=7, at=LAST_MONTH)
    by_month = amina.metering.report(group_by=["month"])
    assert [(line.period, line.tokens) for line in by_month.lines] == [
        (LAST_MONTH.replace(day=1, hour=0), 7),
        (MONTH, 5),
    ]
    assert amina.metering.report(since=MONTH).total.tokens == 5
    assert amina.metering.report(until=MONTH).total.tokens == 7
    edges = amina.metering.report(group_by=["day"], since=LAST_MONTH - timedelta(hours=1, minutes=3), until=LAST_MONTH)
    assert (edges.since, edges.lines) == (LAST_MONTH - timedelta(hours=2), ())
    edges = amina.metering.report(group_by=["day", "model"], since=LAST_MONTH + timedelta(minutes=3))
    first = edges.lines[0]
    assert (first.period, first.model, first.tokens) == (LAST_MONTH.replace(hour=0), "m", 7)


def test_a_report_has_what_it_is_asked_to_group_by(amina, ben, ada, root):
    client = root.identity.create_workspace("Client", tenant="acme")
    chat = amina.conversations.create()
    amina.metering.record("chat", model="a", provider="p", tokens=1, latency_ms=100, workspace=client.id)
    amina.metering.record("chat", model="b", tokens=2, latency_ms=300, outcome="error", conversation=chat.id)
    ben.metering.record("search", tokens=4, cost=Decimal("0.25"))
    both = ada.metering.report(group_by=["operation", "user"])
    me, he = amina.scope.actor_id, ben.scope.actor_id
    assert {(line.operation, line.user, line.tokens) for line in both.lines} == {("chat", me, 3), ("search", he, 4)}
    assert (both.total.tokens, both.total.cost, both.total.failures) == (7, Decimal("0.25"), 1)
    assert (both.total.latency_ms, both.total.slowest_ms, both.total.timed) == (200, 300, 2)
    by_client = ada.metering.report(group_by=["workspace"])
    assert {(line.workspace, line.tokens) for line in by_client.lines} == {(client.id, 1), (None, 6)}
    assert ada.metering.report(group_by=["model"], user=me, model="b").total.tokens == 2
    of_chat = ada.metering.report(group_by=["conversation", "model"], conversation=chat.id)
    assert [(line.conversation, line.model, line.tokens) for line in of_chat.lines] == [(chat.id, "b", 2)]
    assert ada.metering.events(conversation=chat.id).items[0].tokens == 2
    refused("invalid_input", ada.metering.report, group_by=["conversation"], since=MONTH)
    refused("invalid_input", ada.metering.report, group_by=["day", "hour"])
    refused("invalid_input", ada.metering.report, group_by=["colour"])
    refused("invalid_input", ada.metering.report, since=MONTH, until=LAST_MONTH)


def test_a_member_sees_their_own_and_nobody_another_tenants(amina, ben, ada, gus):
    amina.metering.record("chat", tokens=1)
    ben.metering.record("chat", tokens=2)
    assert (amina.metering.report().total.tokens, len(amina.metering.events().items)) == (1, 1)
    assert ada.metering.report().total.tokens == 3
    assert gus.metering.report().total.tokens == 0
    refused("user_not_found", amina.metering.record, "chat", user=ben.scope.actor_id)
    chat = ben.conversations.create()
    refused("conversation_not_found", amina.metering.record, "chat", conversation=chat.id)
    assert ada.metering.record("chat", tokens=4, user=ben.scope.actor_id).recorded_by == ada.scope.actor_id
    assert ben.metering.report().total.tokens == 6
    refused("user_not_found", ada.metering.record, "chat", user=gus.scope.actor_id)


def test_events_come_in_pages(amina):
    amina.metering.record_many([NewUsage(operation="chat", tokens=n) for n in range(5)])
    first = amina.metering.events(limit=2)
    rest = amina.metering.events(limit=10, cursor=first.next)
    assert {event.tokens for event in (*first.items, *rest.items)} == set(range(5))
    refused("invalid_cursor", amina.metering.events, cursor=first.next, operation="chat")


def test_what_is_no_usage_is_refused(amina):
    record = amina.metering.record
    for wrong in (
        {"tokens": -1},
        {"tokens_in": 5, "tokens_cached": 6},
        {"tokens": 5, "tokens_in": 1},
        {"cost": Decimal("-0.01")},
        {"cost": Decimal("NaN")},
        {"latency_ms": -1},
        {"requests": -1},
        {"model": ""},
        {"at": datetime.now(UTC) + timedelta(hours=1)},
        {"at": datetime(1999, 1, 1, tzinfo=UTC)},
    ):
        refused("invalid_input", record, "chat", **wrong)
    assert amina.metering.events().items == ()
    record("chat", at=datetime.now(UTC) + timedelta(minutes=4))  # clocks differ a little


def test_what_python_alone_can_say_wrongly_is_refused(amina, root):
    record = amina.metering.record
    for wrong in ({"tokens": 1.5}, {"tokens": True}, {"cost": 0.1}, {"cost": "x"}, {"outcome": "maybe"}):
        refused("invalid_input", record, "chat", **wrong)
    refused("invalid_input", amina.metering.record_many, "text")
    refused("invalid_input", amina.metering.record_many, [{"operation": "chat"}])
    refused("invalid_input", amina.metering.report, group_by="day")
    refused("invalid_input", root.metering.set_price, "m", input=Decimal(-1), output=Decimal(1), tenant="acme")
    refused("invalid_input", root.metering.set_price, "m", input=0.1, output=Decimal(1), tenant="acme")


def test_the_ledger_is_append_only(store, amina):
    amina.metering.record("chat", tokens=1)
    door = Backdoor(engine_of(store))
    for statement in ("UPDATE usage_events SET tokens = 2", "DELETE FROM usage_events"):
        with pytest.raises(Exception, match="append-only"):
            door.run(statement)
