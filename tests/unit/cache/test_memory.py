"""The first level: bounds, who goes first, and that nothing dropped comes in late."""

import math

from holdfast.core.cache import codec
from holdfast.core.cache.entries import OVERHEAD, Entry, Family, Terms
from holdfast.core.cache.keys import Address, address
from holdfast.core.cache.memory import LOG, Memory


def at(key: str) -> Address:
    return address(b"realm", "n", key, ())


def entry(*tokens: bytes, size: int = 10, version: bytes = b"version1") -> Entry:
    value = "x" * size
    terms = Terms(100.0, 0.0, 0.0)
    return Entry(codec.encode(value), family=Family(), tokens=tokens, version=version, terms=terms)


def memory(entries: int = 100, size: int = 1_000_000) -> Memory:
    return Memory(entries=entries, size=size)


def test_it_holds_no_more_values_than_it_may():
    held = memory(entries=10)
    for number in range(100):
        assert held.put(at(str(number)), entry(b"%d" % number), held.mark())
    assert len(held.entries) == 10
    assert held.find(at("99")) is not None
    assert held.find(at("0")) is None
    assert len(held._places) == 10


def test_it_holds_no_more_bytes_than_it_may():
    held = memory(size=20 * (1000 + OVERHEAD))
    for number in range(100):
        held.put(at(str(number)), entry(b"t", size=1000), held.mark())
        assert held.size <= 20 * (1000 + OVERHEAD)
    assert 15 <= len(held.entries) <= 20


def test_a_value_too_large_takes_no_place_and_leaves_no_older_one():
    held = memory(size=100_000)
    held.put(at("k"), entry(b"t"), held.mark())
    assert not held.put(at("k"), entry(b"t", size=50_000), held.mark())
    assert held.find(at("k")) is None
    assert held.size == 0


def test_what_was_used_stays_longer_than_what_was_not():
    held = memory(entries=10)
    for number in range(10):
        held.put(at(str(number)), entry(b"t"), held.mark())
    held.entries[at("0")].used = True
    for number in range(10, 19):
        held.put(at(str(number)), entry(b"t"), held.mark())
    assert held.find(at("0")) is not None
    assert held.find(at("1")) is None


def test_what_was_dropped_after_the_mark_is_not_put_in():
    held = memory()
    mark = held.mark()
    held.drop([b"tag"])
    assert not held.put(at("k"), entry(b"own", b"tag"), mark)
    assert held.put(at("k"), entry(b"own", b"other"), mark)
    assert held.put(at("k"), entry(b"own", b"tag"), held.mark())


def test_a_drop_takes_all_with_its_token_and_nothing_else():
    held = memory()
    for key, tokens in {"a": (b"a", b"t"), "b": (b"b", b"t", b"u"), "c": (b"c", b"u")}.items():
        held.put(at(key), entry(*tokens), held.mark())
    held.drop([b"t"])
    assert [key for key in "abc" if held.find(at(key))] == ["c"]
    held.drop([b"c"])
    assert held.entries == {}
    assert held._places == {}
    assert held.size == 0


def test_the_version_that_a_drop_speaks_of_stays_and_may_come_in():
    held = memory()
    mark = held.mark()
    held.put(at("k"), entry(b"own", version=b"version2"), mark)
    held.drop([b"own"], but=b"version2")
    assert held.find(at("k")) is not None
    assert held.put(at("k"), entry(b"own", version=b"version2"), mark)
    assert not held.put(at("k"), entry(b"own", version=b"version1"), mark)
    held.drop([b"own"], but=b"version3")
    assert held.find(at("k")) is None


def test_a_log_that_is_too_short_counts_as_a_drop():
    held = memory()
    mark = held.mark()
    for number in range(LOG):
        held.drop([b"%d" % number])
    assert held.put(at("k"), entry(b"own"), mark)
    held.drop([b"one more"])
    assert not held.put(at("k"), entry(b"own"), mark)


def test_nothing_is_given_or_kept_while_it_is_not_trusted():
    held = memory()
    held.put(at("k"), entry(b"own"), held.mark())
    mark = held.mark()
    held.distrust()
    assert held.find(at("k")) is None
    assert held.entries == {}
    assert not held.put(at("k"), entry(b"own"), held.mark())
    held.trust(math.inf)
    assert not held.put(at("k"), entry(b"own"), mark), "it was read before the link was lost"
    assert held.put(at("k"), entry(b"own"), held.mark())


def test_trust_that_has_run_out_hides_what_is_there():
    held = memory()
    held.put(at("k"), entry(b"own"), held.mark())
    held.trust(-1.0)
    assert held.find(at("k")) is None
    held.trust(math.inf)
    assert held.find(at("k")) is not None
