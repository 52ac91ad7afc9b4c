"""The cap on visible conversations: the least relevant is hidden, never the open one, also under concurrency."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from holdfast import HoldfastError


@pytest.fixture
def capped(store):
    store.system().identity.configure_tenant({"visible_conversations": 20, "visible_warning": 15}, tenant="acme")
    return store.tenant("acme").user("amina@acme.test")


def test_without_a_cap_all_are_visible(amina):
    for _ in range(30):
        amina.conversations.create()
    visible = amina.conversations.visible()
    assert (visible.count, visible.limit, visible.warning) == (30, None, False)


def test_the_warning_comes_at_fifteen_and_the_cap_holds_at_twenty(capped):
    counts = []
    for _ in range(25):
        capped.conversations.create()
        visible = capped.conversations.visible()
        assert visible.limit == 20
        counts.append((visible.count, visible.warning))
    assert counts == [(n, n >= 15) for n in range(1, 21)] + [(20, True)] * 5


def test_the_one_silent_for_longest_is_hidden_and_none_is_lost(capped):
    made = [capped.conversations.create(title=str(n)).id for n in range(20)]
    capped.conversations.append(made[0], role="user", content="still talking")
    newest = capped.conversations.create()
    shown = {item.id for item in capped.conversations.list(limit=100).items}
    assert shown == {*made, newest.id} - {made[1]}
    assert len(capped.conversations.list(limit=100, hidden=True).items) == 21
    assert capped.conversations.get(made[1]).hidden_at is not None


def test_what_is_open_on_a_screen_is_never_hidden(capped):
    made = [capped.conversations.create().id for _ in range(20)]
    capped.conversations.create(keep_visible=[made[0], str(made[1])])
    shown = {item.id for item in capped.conversations.list(limit=100).items}
    assert made[0] in shown and made[1] in shown and made[2] not in shown
    assert capped.conversations.visible().count == 20


def test_what_is_archived_closed_or_deleted_does_not_count(capped):
    made = [capped.conversations.create().id for _ in range(20)]
    capped.conversations.archive(made[0])
    capped.conversations.close(made[1])
    capped.conversations.delete(made[2])
    for _ in range(3):
        capped.conversations.create()
    assert capped.conversations.visible().count == 20
    assert all(capped.conversations.get(one).hidden_at is None for one in made[3:])


def test_restoring_one_hides_another(capped):
    made = [capped.conversations.create().id for _ in range(21)]
    restored = capped.conversations.restore(made[0])
    assert restored.hidden_at is None
    assert capped.conversations.visible().count == 20
    assert capped.conversations.get(made[1]).hidden_at is not None


def test_a_fork_counts_like_any_other(capped):
    made = [capped.conversations.create().id for _ in range(20)]
    capped.conversations.append(made[5], role="user", content="x")
    fork = capped.conversations.fork(made[5], at=1)
    assert capped.conversations.visible().count == 20
    assert capped.conversations.get(fork.id).hidden_at is None
    assert capped.conversations.get(made[0]).hidden_at is not None


def test_each_person_has_a_cap_of_their_own(capped, ben, gus):
    for scope in (capped, ben, gus):
        for _ in range(21):
            scope.conversations.create()
    assert (ben.conversations.visible().count, ben.conversations.visible().limit) == (20, 20)
    assert (gus.conversations.visible().count, gus.conversations.visible().limit) == (21, None)


def test_a_lower_cap_holds_from_the_next_creation(store, capped):
    for _ in range(20):
        capped.conversations.create()
    store.system().identity.configure_tenant({"visible_conversations": 5}, tenant="acme")
    capped.conversations.create()
    assert capped.conversations.visible().count == 5


def test_a_new_tenant_may_begin_with_a_cap(store):
    identity = store.system().identity
    identity.create_tenant("initech", settings={"visible_conversations": 2})
    identity.create_user("pam@initech.test", tenant="initech")
    pam = store.tenant("initech").user("pam@initech.test")
    for _ in range(4):
        pam.conversations.create()
    assert pam.conversations.visible().count == 2


@pytest.mark.parametrize("name", ["visible_conversations", "visible_warning"])
def test_a_cap_is_a_positive_whole_number(store, name):
    for value in (0, -1, 2.5, "20", True, [], float("inf")):
        with pytest.raises(HoldfastError, match="settings") as caught:
            store.system().identity.configure_tenant({name: value}, tenant="acme")
        assert caught.value.code == "invalid_input"
    (acme, _globex) = store.system().identity.list_tenants()
    assert acme.settings == {}


def test_creating_at_once_never_exceeds_the_cap(sync_store):
    sync_store.system().identity.configure_tenant({"visible_conversations": 20}, tenant="acme")
    amina = sync_store.tenant("acme").user("amina@acme.test")
    opened = amina.conversations.create(title="open")

    def create(n):
        return amina.conversations.create(title=str(n), keep_visible=[opened.id]).id

    with ThreadPoolExecutor(8) as threads:
        made = list(threads.map(create, range(60)))
    assert len(set(made)) == 60
    assert amina.conversations.visible().count == 20
    assert amina.conversations.get(opened.id).hidden_at is None
    assert len(amina.conversations.list(limit=200, hidden=True).items) == 61


def test_creating_and_restoring_at_once_never_exceeds_the_cap(sync_store):
    sync_store.system().identity.configure_tenant({"visible_conversations": 5}, tenant="acme")
    amina = sync_store.tenant("acme").user("amina@acme.test")
    put_away = [amina.conversations.archive(amina.conversations.create().id).id for _ in range(20)]
    with ThreadPoolExecutor(8) as threads:
        done = [threads.submit(amina.conversations.restore, one) for one in put_away]
        done += [threads.submit(amina.conversations.create) for _ in range(20)]
    assert all(future.exception() is None for future in done)
    assert amina.conversations.visible().count == 5
