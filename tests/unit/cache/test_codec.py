"""What is put comes back equal and of the same type; what would not is refused."""

import contextlib
import enum
import math
from collections import OrderedDict, namedtuple
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.core.cache import cacheable, codec
from holdfast.core.cache.errors import NotCacheable


@cacheable
class Colour(enum.Enum):
    RED = 1
    BLUE = "blue"


@cacheable
@dataclass(frozen=True)
class Branch:
    name: str
    colours: tuple[Colour, ...]
    extra: dict[str, object] = field(default_factory=dict, hash=False)


@cacheable
@dataclass(frozen=True, slots=True)
class Leaf:
    weight: Decimal

    def __post_init__(self) -> None:
        object.__setattr__(self, "weight", abs(self.weight))


_OFFSETS = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
_TEXT = st.text(st.characters(codec="utf-8"))
_HASHABLE = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(min_value=-(2**300), max_value=2**300),
    st.floats(allow_nan=False),
    _TEXT,
    st.binary(),
    st.decimals(allow_nan=False),
    st.datetimes(),
    st.datetimes(timezones=st.just(UTC) | _OFFSETS),
    st.dates(),
    st.uuids(),
    st.sampled_from(Colour),
    st.builds(Leaf, st.decimals(allow_nan=False, allow_infinity=False)),
)
_HASHABLE_TREES = st.recursive(_HASHABLE, lambda inner: st.tuples(inner, inner) | st.lists(inner).map(frozenset))
VALUES = st.recursive(
    _HASHABLE_TREES,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.tuples(inner),
        st.lists(_HASHABLE_TREES, max_size=3).map(set),
        st.lists(st.tuples(_TEXT, inner), max_size=4).map(dict),
        st.lists(st.tuples(st.integers(-(2**70), 2**70), inner), max_size=4).map(dict),
        st.builds(
            Branch, _TEXT, st.tuples(st.sampled_from(Colour)), st.lists(st.tuples(_TEXT, inner), max_size=2).map(dict)
        ),
    ),
    max_leaves=12,
)


def same(one: object, other: object) -> bool:
    """Equal, and of the same types all through: 1, 1.0 and True are equal, and are not the same."""
    if type(one) is not type(other) or one != other:
        return False
    if isinstance(one, (list, tuple)):
        return all(same(a, b) for a, b in zip(one, other, strict=True))  # type: ignore[call-overload]
    if isinstance(one, dict):
        return list(map(repr, one)) == list(map(repr, other)) and all(same(one[k], other[k]) for k in one)  # type: ignore
    if isinstance(one, (set, frozenset)):
        return all(any(same(a, b) for b in other) for a in one)  # type: ignore[attr-defined]
    if isinstance(one, Branch):
        return same(one.extra, other.extra) and same(one.colours, other.colours)  # type: ignore[attr-defined]
    return not isinstance(one, (float, datetime, Decimal)) or repr(one) == repr(other)


@given(VALUES)
def test_any_value_comes_back_equal_and_of_the_same_type(value):
    encoded = codec.encode(value)
    assert same(codec.decode(encoded.data), value)


@given(VALUES)
def test_a_value_is_shared_only_if_nothing_in_it_can_be_changed(value):
    def changeable(part: object) -> bool:
        if isinstance(part, (list, dict, set)):
            return True
        if isinstance(part, (tuple, frozenset)):
            return any(changeable(inner) for inner in part)
        return isinstance(part, Branch)

    assert codec.encode(value).shared != changeable(value)


@pytest.mark.parametrize(
    "value", [math.inf, -math.inf, -0.0, 2**64, -(2**63) - 1, 10**4000, datetime.max, date.min], ids=str
)
def test_the_edges_of_numbers_and_times_come_back(value):
    assert same(codec.decode(codec.encode(value).data), value)


def test_what_is_not_a_number_comes_back_as_such():
    assert math.isnan(codec.decode(codec.encode(math.nan).data))
    assert codec.decode(codec.encode(Decimal("NaN")).data).is_nan()


def test_the_second_of_two_equal_local_times_stays_the_second():
    late = datetime(2026, 10, 25, 2, 30, fold=1)
    assert codec.decode(codec.encode(late).data).fold == 1


def test_an_object_is_made_again_without_being_checked_and_changed_again():
    leaf = Leaf(Decimal(-3))
    assert leaf.weight == 3
    object.__setattr__(leaf, "weight", Decimal(-3))
    assert codec.decode(codec.encode(leaf).data).weight == -3


class Plain:
    pass


@dataclass
class Changeable:
    name: str


@dataclass(frozen=True)
class Unknown:
    name: str


class Number(int):
    pass


UNKNOWN = [
    object(), Plain(), Changeable("x"), Unknown("x"), Number(3), OrderedDict(), namedtuple("P", "a")(1),
    bytearray(b""), memoryview(b""), 1j, timedelta(1), range(3), lambda: 1, iter(()), Plain, enum.Enum("E", "A").A,
    {1.5: 1}, {True: 1}, {None: 1}, {(1,): 1}, {b"": 1}, {UUID(int=1): 1}, "\ud800", {"\udfff": 1},
    datetime.now(ZoneInfo("Europe/Berlin")),
]  # fmt: skip


@pytest.mark.parametrize("value", UNKNOWN, ids=[f"{n}-{type(v).__name__}" for n, v in enumerate(UNKNOWN)])
def test_what_would_not_come_back_is_refused_by_name(value):
    for wrapped in (value, [value], {"a": (value,)}):
        with pytest.raises(NotCacheable) as refused:
            codec.encode(wrapped)
        assert refused.value.code == "not_cacheable"
        assert "register a frozen dataclass or an enum" in str(refused.value)


def test_a_refusal_repeats_no_content():
    with pytest.raises(NotCacheable) as refused:
        codec.encode({"password": Unknown("s3cret")})
    assert "s3cret" not in str(refused.value)


def test_a_value_without_end_is_refused():
    endless: list[object] = []
    endless.append(endless)
    with pytest.raises(NotCacheable, match="levels deep"):
        codec.encode(endless)


def test_only_frozen_dataclasses_and_enums_can_be_registered():
    for kind in (Plain, Changeable, int):
        with pytest.raises(NotCacheable):
            cacheable(kind)


@given(st.binary(max_size=60))
def test_foreign_bytes_are_unreadable_or_a_value_and_nothing_else(data):
    with contextlib.suppress(codec.Unreadable):
        codec.decode(data)


def test_what_another_version_wrote_of_another_shape_is_unreadable():
    @cacheable
    @dataclass(frozen=True)
    class Shape:
        name: str

    written = codec.encode(Shape("x")).data
    codec._by_name.pop(codec._by_class[Shape].name)
    with pytest.raises(codec.Unreadable):
        codec.decode(written)


def test_a_number_longer_than_python_writes_out_comes_back():
    assert codec.decode(codec.encode(1 << 100_000).data) == 1 << 100_000
