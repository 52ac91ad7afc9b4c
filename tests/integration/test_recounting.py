"""Counting a limit anew: whatever its counter said, afterwards it is what the ledger and the open holds say."""

import threading
from datetime import timedelta
from decimal import Decimal

import pytest

from holdfast.core.clock import EPOCH, now
from holdfast.core.errors import HoldfastError, PermissionDenied
from holdfast.core.scope import OPERATOR
from holdfast.domains.metering import recount_queries as queries
from holdfast.domains.metering.errors import LimitNotFound
from holdfast.domains.metering.periods import start_of


@pytest.fixture
def people(sync_store):
    """The operator and a member."""
    return sync_store.system(), sync_store.tenant("acme").user("amina@acme.test")


def limited(root, **given):
    return root.metering.set_limit(tenant="acme", **({"measure": "tokens", "per": "month", "amount": 1_000} | given))


def spoil(store, limit, used, held):
    """Let the counter say something else."""
    period = EPOCH if limit.per == "window" else start_of(now(), limit.per)
    place = {"in_tenant": store.tenant("acme").tenant.id, "limit_id": limit.id, "period": period}
    wrong = {**place, "units": used, "held": held}
    assert store.engine.write(OPERATOR, "all", lambda tx: tx.run(queries.set_counter, wrong)) == 1


@pytest.mark.parametrize("given", [{}, {"per": "day"}, {"per": "window", "window": timedelta(hours=1)}])
def test_a_counter_that_went_wrong_says_what_the_ledger_and_the_open_holds_say(sync_store, people, given):
    root, amina = people
    limit = limited(root, **given)
    amina.metering.record("chat", tokens=100)
    amina.metering.settle(amina.metering.hold(tokens=50).id, tokens=20)
    open_hold = amina.metering.hold(tokens=7)
    spoil(sync_store, limit, 600, 300)
    done = root.metering.recount(limit.id, tenant="acme")
    assert (done.was_used, done.was_reserved) == (600, 300)
    assert (done.limit.used, done.limit.reserved, done.limit.left) == (120, 7, 873)
    amina.metering.settle(open_hold.id, tokens=7)
    (after,) = amina.metering.limits()
    assert (after.used, after.reserved) == (127, 0)
    assert root.metering.recount(limit.id, tenant="acme").was_used == 127


@pytest.mark.parametrize("subject", ["user", "workspace"])
def test_only_what_the_limit_is_of_counts_and_money_is_money(sync_store, people, subject):
    root, amina = people
    place = root.identity.create_workspace("Bakery", tenant="acme").id
    whose = {"user": "ben@acme.test"} if subject == "user" else {"workspace": place}
    root.identity.assign(place, "ben@acme.test", tenant="acme")
    limit = limited(root, measure="money", amount=Decimal(5), **whose)
    ben = sync_store.tenant("acme").user("ben@acme.test")
    ben.metering.record("chat", tokens=1, cost=Decimal("1.25"), workspace=place)
    amina.metering.record("chat", tokens=1, cost=Decimal(3))
    spoil(sync_store, limit, 0, 0)
    assert root.metering.recount(limit.id, tenant="acme").limit.used == Decimal("1.25")


def test_members_may_not_and_a_recount_is_in_the_trail(sync_store, people):
    root, amina = people
    limit = limited(root)
    with pytest.raises(PermissionDenied):
        amina.metering.recount(limit.id)
    spoil(sync_store, limit, 9, 3)
    admin = sync_store.tenant("acme").user("ada@acme.test")
    assert admin.metering.recount(limit.id).limit.used == 0
    lines = [one for one in admin.audit.list(limit=20).items if one.operation == "metering.recount"]
    assert [(one.outcome, one.target_id) for one in lines] == [("done", limit.id), ("denied", limit.id)]
    assert lines[0].details["was_used"] == "9"
    other = sync_store.tenant("globex").user("ada@acme.test")
    with pytest.raises(LimitNotFound):
        other.metering.recount(limit.id)
    root.metering.end_limit(limit.id, tenant="acme")
    with pytest.raises(LimitNotFound):
        root.metering.recount(limit.id, tenant="acme")


@pytest.mark.parametrize("per", [{}, {"per": "window", "window": timedelta(hours=1)}])
def test_beside_running_reservations_nothing_is_lost_and_nothing_doubled(sync_store, people, per):
    root, amina = people
    limit = limited(root, amount=100_000, **per)
    errors, ended = [], threading.Event()

    def use(n):
        try:
            for turn in range(12):
                held = amina.metering.hold(tokens=5)
                if (turn + n) % 3:
                    amina.metering.settle(held.id, tokens=3)
                elif turn % 2:
                    amina.metering.release(held.id)
                else:
                    amina.metering.record("chat", tokens=2)
        except HoldfastError as error:
            errors.append(error)

    def recount():
        while not ended.is_set():
            root.metering.recount(limit.id, tenant="acme")

    workers = [threading.Thread(target=use, args=(n,)) for n in range(4)]
    counter = threading.Thread(target=recount)
    for thread in (*workers, counter):
        thread.start()
    for thread in workers:
        thread.join()
    ended.set()
    counter.join()
    assert errors == []
    (before,) = amina.metering.limits()
    assert before.used == amina.metering.report().total.tokens
    done = root.metering.recount(limit.id, tenant="acme")
    assert (done.was_used, done.was_reserved) == (before.used, before.reserved)
    assert (done.limit.used, done.limit.reserved) == (before.used, before.reserved)
