"""Analytics: what the rooms count and what the ledger sums, put together; cost from a conversation."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from support.refusals import refused

from holdfast import NewMessage

TODAY = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
NOON = TODAY - timedelta(days=8) + timedelta(hours=12)
WEEK = NOON + timedelta(days=7)
DAY = NOON.replace(hour=0)


@pytest.fixture
def used(amina, ben):
    """What two people did: Amina on two days a week apart, Ben on the second."""
    chats = {}
    for person, name, days in ((amina, "amina", (NOON, WEEK)), (ben, "ben", (WEEK,))):
        chat = chats[name] = person.conversations.create(title="Loan").id
        for n, at in enumerate(days):
            said = {"created_at": at, "request_id": f"r-{n}"}
            answer = {"intent": "fees" if n else "loans", "other": 1}
            written = [NewMessage(role="user", content="?", **said)]
            written.append(NewMessage(role="assistant", content="!", metadata=answer, created_at=at))
            answers = person.conversations.append_many(chat, written)
            person.conversations.rate(answers[-1].id, 1 if n else -1)
            person.metering.record(
                "chat", model="a" if n else "b", tokens=10 * (n + 1), cost=Decimal("0.5"), latency_ms=100, at=at,
                conversation=chat, outcome="error" if n else "success",
            )  # fmt: skip
    return chats


def test_what_a_tenant_did_is_counted_by_day_person_model_and_label(amina, ben, ada, used):
    made = ada.metering.analytics(since=NOON)
    me, he = amina.scope.actor_id, ben.scope.actor_id
    days = {day.day: day for day in made.days}
    first, second = days[DAY], days[DAY + timedelta(days=7)]
    assert (first.users, first.counts["messages.user"], first.counts["messages.assistant"]) == (1, 1, 1)
    assert (second.users, second.counts["messages.user"], second.tokens, second.cost) == (2, 2, 30, Decimal("1.0"))
    assert days[TODAY].counts == {"conversations": 2, "ratings.up": 1, "ratings.down": 2}
    assert {(one.user, one.day, one.messages, one.tokens) for one in made.by_user} == {
        (me, DAY, 1, 10),
        (me, DAY + timedelta(days=7), 1, 20),
        (he, DAY + timedelta(days=7), 1, 10),
    }
    assert made.intents == {"loans": 2, "fees": 1}
    assert made.ratings == {"up": 1, "down": 2}
    assert (made.mean_length, made.longest) == (3.0, 4)
    assert made.failure_rate == pytest.approx(1 / 3)
    assert {line.model: line.cost for line in made.models} == {"a": Decimal("0.5"), "b": Decimal("1.0")}
    assert [line.operation for line in made.features] == ["chat"]
    assert (made.users, made.members) == (2, 5)
    assert [(week.users, week.returned) for week in made.weeks] == [(1, 0), (2, 1)]
    assert (made.total.latency_ms, made.total.requests) == (100, 3)


def test_a_members_analytics_are_their_own_and_nobodys_of_another_tenant(ben, gus, used):
    own = ben.metering.analytics(since=NOON)
    assert {one.user for one in own.by_user} == {ben.scope.actor_id}
    assert (own.total.tokens, own.intents, own.ratings) == (10, {"loans": 1}, {"up": 0, "down": 1})
    nothing = gus.metering.analytics(since=NOON)
    assert (nothing.users, nothing.days, nothing.intents, nothing.failure_rate) == (0, (), {}, None)


def test_a_conversation_says_what_it_cost(amina, ben, ada, used):
    found = amina.conversations.cost(used["amina"])
    assert (found.requests, found.tokens, found.cost, found.unpriced) == (2, 30, Decimal("1.0"), 0)
    assert ada.conversations.cost(used["ben"]).tokens == 10
    refused("conversation_not_found", ben.conversations.cost, used["amina"])


def test_a_period_is_one(ada):
    refused("invalid_input", ada.metering.analytics, since=TODAY + timedelta(days=3))
    refused("invalid_input", ada.metering.analytics, since=TODAY - timedelta(days=800))
    assert ada.metering.analytics(since=TODAY).days == ()
