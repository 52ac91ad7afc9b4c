"""Hit rates, pool use and the breaker's state are on the metrics page."""

import urllib.request

from support.server import serving
from support.waiting import until

from .conftest import linked


def page_of(url: str) -> dict[str, float]:
    with urllib.request.urlopen(f"{url}/metrics") as answer:
        lines = answer.read().decode().splitlines()
    return {line.rpartition(" ")[0]: float(line.rpartition(" ")[2]) for line in lines if not line.startswith("#")}


def test_the_metrics_page_shows_the_cache_and_the_breaker(opens, own_redis):
    store = linked(opens(own_redis.url))
    for _ in range(4):
        store.cache.get_or_load("branding", "secret-key", lambda: 1)
    with serving(store) as server:
        urllib.request.urlopen(f"{server.url}/v1/tenants/acme/profile").close()
        for _ in range(2):
            page = page_of(server.url)
            assert page['holdfast_cache_lookups_total{name="branding",result="l1"}'] == 3
            assert page['holdfast_cache_lookups_total{name="branding",result="miss"}'] == 1
            assert page['holdfast_cache_loads_total{name="branding",outcome="done"}'] == 1
            assert page['holdfast_cache_hit_rate{name="branding"}'] == 0.75
            assert page['holdfast_cache_lookups_total{name="profile",result="miss"}'] == 1
            assert page["holdfast_cache_entries"] == 2
            assert page["holdfast_cache_redis_connections"] == 0
            assert page["holdfast_cache_linked"] == 1
            assert page['holdfast_breaker_state{name="cache"}'] == 0
        own_redis.kill()
        until(lambda: page_of(server.url)['holdfast_breaker_state{name="cache"}'] == 2)
        page = page_of(server.url)
        assert page['holdfast_breaker_opened_total{name="cache"}'] >= 1
        assert page["holdfast_cache_linked"] == 0
        own_redis.start()
        until(lambda: page_of(server.url)['holdfast_breaker_state{name="cache"}'] == 0)
        assert "secret-key" not in str(page)
