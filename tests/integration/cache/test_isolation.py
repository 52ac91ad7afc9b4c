"""No tenant's key or tag meets another's, whatever characters are in it; who is out is not served from the cache."""

import threading
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

import pytest

from holdfast.domains.identity.errors import MembershipSuspended

HOSTILE = [
    "k", "K", "*", "?", "[a]", "a:b", "a|b", "{a}", "../k", "k\0", "\0k", "\r\nFLUSHALL\r\n", "é", "e\u0301", "\ud800",
    "0", "None", "x" * 10_000, " ", "k ", "a/b", "%00", "acme", "globex", "holdfast",
]  # fmt: skip


@pytest.fixture
def people(cached: Any) -> tuple[Any, Any]:
    return cached.tenant("acme").user("amina@acme.test"), cached.tenant("globex").user("gus@globex.test")


def test_the_same_names_and_keys_are_each_tenants_own(cached, people):
    amina, gus = people
    places = list(dict.fromkeys((name, key) for name in HOSTILE for key in (HOSTILE[0], name)))
    caches = (amina.cache, gus.cache, cached.cache)
    for number, cache in enumerate(caches):
        for name, key in places:
            assert cache.get(name, key) is None
            cache.put(name, key, (number, places.index((name, key))))
    for number, cache in enumerate(caches):
        for name, key in places:
            assert cache.get(name, key) == (number, places.index((name, key)))


def test_tags_reach_no_other_tenant(cached, people):
    amina, gus = people
    for cache in (amina.cache, gus.cache, cached.cache):
        for number, tag in enumerate(HOSTILE):
            cache.put("n", tag, number, tags=[tag])
    amina.cache.invalidate(*HOSTILE)
    assert [amina.cache.get("n", tag) for tag in HOSTILE] == [None] * len(HOSTILE)
    for cache in (gus.cache, cached.cache):
        assert [cache.get("n", tag) for tag in HOSTILE] == list(range(len(HOSTILE)))
    gus.cache.clear("n")
    gus.cache.put("n", "k", 1)
    cached.cache.clear_all()
    assert cached.cache.get("n", "k") is None
    assert gus.cache.get("n", "k") == 1


def test_colleagues_share_their_tenants_values(cached, people):
    amina, _ = people
    ben = cached.tenant("acme").user("ben@acme.test")
    amina.cache.put("n", "k", 1)
    assert ben.cache.get("n", "k") == 1


def test_what_one_tenant_has_in_redis_opens_nowhere_else(opens, redis):
    store = opens(redis.url)
    store.tenant("acme").user("amina@acme.test").cache.put("n", "k", "of acme")
    [acme] = redis.keys("v")
    store.tenant("globex").user("gus@globex.test").cache.put("n", "k", "of globex")
    [globex] = set(redis.keys("v")) - {acme}
    with redis.client() as client:
        client.set(globex, client.get(acme))
    assert opens(redis.url).tenant("globex").user("gus@globex.test").cache.get("n", "k") is None


def test_two_stores_that_share_a_redis_do_not_meet(opens, redis, tmp_path):
    import holdfast

    with holdfast.create(f"sqlite:///{tmp_path}/other.db", "k" * 32, cache=redis.url) as other:
        store = opens(redis.url)
        store.cache.put("n", "k", 1, tags=["t"])
        assert other.cache.get("n", "k") is None
        other.cache.put("n", "k", 2, tags=["t"])
        other.cache.invalidate("t")
        assert store.cache.get("n", "k") == 1


def test_a_suspended_member_is_not_served_from_the_cache(cached, people):
    amina, _ = people
    amina.cache.put("n", "k", 1)
    cached.system().identity.set_status("amina@acme.test", "suspended", tenant="acme")
    for call in (
        lambda: amina.cache.get("n", "k"),
        lambda: amina.cache.get_or_load("n", "k", lambda: 2),
        lambda: amina.cache.put("n", "k", 2),
        lambda: amina.cache.invalidate("t"),
    ):
        with pytest.raises(MembershipSuspended):
            call()


def test_values_can_vary_by_clearance(opens, cache_url):
    """Scopes get levels later; what varies by them is apart already, whoever asks."""
    store = opens(cache_url)
    cache = store.tenant("acme").user("amina@acme.test").cache

    def as_one_with(*levels: str) -> Any:
        access = SimpleNamespace(checked=lambda: None, scope=SimpleNamespace(levels=frozenset(levels)))
        return type(cache)(store.engine.levels, realm=cache._realm, access=access)

    secret, public = as_one_with("secret", "public"), as_one_with("public")
    secret.put("answers", "k", "all of it", per_clearance=True)
    assert public.get("answers", "k", per_clearance=True) is None
    assert as_one_with().get("answers", "k", per_clearance=True) is None
    assert cache.get("answers", "k", per_clearance=True) is None
    assert as_one_with("public", "secret").get("answers", "k", per_clearance=True) == "all of it"
    assert public.get_or_load("answers", "k", lambda: "a part", per_clearance=True) == "a part"
    assert secret.get("answers", "k", per_clearance=True) == "all of it"
    assert secret.get("answers", "k", vary=["levels", "public", "secret"], per_clearance=False) == "all of it"


def test_what_is_loaded_while_somebodys_levels_change_is_kept_for_nobody(opens, cache_url):
    store = opens(cache_url)
    root = store.system().identity
    for email in ("amina@acme.test", "ben@acme.test"):
        root.set_clearance(email, ["D"], tenant="acme")
    amina, ben = (store.tenant("acme").user(f"{name}@acme.test") for name in ("amina", "ben"))

    def as_read_by(scope: Any) -> str:
        scope.knowledge.list_bases()
        return "".join(sorted(scope.scope.levels))

    def promoted_meanwhile() -> str:
        root.set_clearance("amina@acme.test", ["D", "S"], tenant="acme")
        return as_read_by(amina)

    assert amina.cache.get_or_load("n", "k", promoted_meanwhile, per_clearance=True) == "DS"
    assert ben.cache.get("n", "k", per_clearance=True) is None
    assert ben.cache.get_or_load("n", "k", lambda: as_read_by(ben), per_clearance=True) == "D"
    assert amina.cache.get_or_load("n", "k", lambda: as_read_by(amina), per_clearance=True) == "DS"

    def there_and_back() -> str:
        root.set_clearance("ben@acme.test", ["S"], tenant="acme")
        seen = as_read_by(ben)
        root.set_clearance("ben@acme.test", ["D"], tenant="acme")
        return seen + as_read_by(ben)

    assert ben.cache.get_or_load("n", "2", there_and_back, per_clearance=True) == "SD"
    assert ben.cache.get("n", "2", per_clearance=True) is None


def test_who_waits_for_what_another_loads_is_not_given_what_only_that_one_may_see(opens, cache_url):
    store = opens(cache_url)
    root = store.system().identity
    for email in ("amina@acme.test", "ben@acme.test"):
        root.set_clearance(email, ["D"], tenant="acme")
    amina, ben = (store.tenant("acme").user(f"{name}@acme.test") for name in ("amina", "ben"))
    loading, waited = threading.Event(), threading.Event()

    def promoted_meanwhile() -> str:
        loading.set()
        waited.wait(0.3)
        root.set_clearance("amina@acme.test", ["D", "S"], tenant="acme")
        amina.knowledge.list_bases()
        return "secret"

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(amina.cache.get_or_load, "n", "k", promoted_meanwhile, per_clearance=True)
        loading.wait(5)
        second = pool.submit(ben.cache.get_or_load, "n", "k", lambda: "open", per_clearance=True)
        assert (first.result(10), second.result(10)) == ("secret", "open")


def test_a_deleted_tenant_leaves_nothing_in_the_cache(cached, people):
    amina, gus = people
    scope_cache = amina.cache
    scope_cache.put("n", "k", 1)
    gus.cache.put("n", "k", 2)
    inner = scope_cache._cache if hasattr(scope_cache, "_cache") else scope_cache
    cached.system().identity.delete_tenant("acme", reason="they asked for it")
    levels = inner._levels
    again = type(inner)(levels, realm=inner._realm)
    assert again.get("n", "k") is None
    assert gus.cache.get("n", "k") == 2
