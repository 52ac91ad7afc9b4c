"""Values as bytes, and back: equal, of the same type, without pickle.

MessagePack by msgspec, whose C code does None, bool, int, float, str, bytes, list and dict; the other types travel as
its extensions, made and opened here. What has no faithful form is refused, when it is put and not when it is read. A
class is known by the name it was registered with, never looked up by what the bytes say.
"""

import dataclasses
import enum
import hashlib
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import Any, NamedTuple, TypeVar
from uuid import UUID

import msgspec

from holdfast.core.cache.errors import NotCacheable
from holdfast.core.rooms import bring_in

C = TypeVar("C", bound=type)

DEPTH = 64
"""How deeply values may nest."""

_TUPLE, _SET, _FROZENSET, _PAIRS, _INT, _DECIMAL, _DATETIME, _DATE, _UUID, _REGISTERED = range(1, 11)
_SMALL = range(-(2**63), 2**64)
_ATOMS = frozenset((type(None), bool, float, bytes))
_Ext = msgspec.msgpack.Ext


class Encoded(NamedTuple):
    """A value as bytes. `shared`: nothing in it can be changed, so everybody may be given the same object."""

    data: bytes
    shared: bool


class _Known(NamedTuple):
    """A registered class: its name on the wire, and what makes an object of its fields again."""

    name: str
    fields: tuple[str, ...]
    made: Callable[[list[Any]], Any]


_by_class: dict[type, _Known] = {}
_by_name: dict[str, _Known] = {}


def cacheable(kind: C) -> C:
    """Let the cache keep objects of a frozen dataclass or an enum. A decorator; of use before the first put.

    Its name on the wire is module, class and the names of its fields (members of an enum): where two versions of a
    program share a Redis, what the other one wrote of another shape is a miss.
    """
    if issubclass(kind, enum.Enum):
        shape: tuple[str, ...] = tuple(member.name for member in kind)
        fields: tuple[str, ...] = ("name",)
        made = _member(kind)
    elif dataclasses.is_dataclass(kind) and kind.__dataclass_params__.frozen:  # type: ignore[attr-defined]  # it has
        fields = shape = tuple(field.name for field in dataclasses.fields(kind))
        made = _remaker(kind, fields)
    else:
        raise NotCacheable(kind, f"{kind.__qualname__} is neither a frozen dataclass nor an enum")
    text = "\0".join((kind.__module__, kind.__qualname__, *shape))
    known = _Known(hashlib.blake2b(text.encode(), digest_size=12).hexdigest(), fields, made)
    _by_class[kind] = _by_name[known.name] = known
    return kind


def _member(kind: type[enum.Enum]) -> Callable[[list[Any]], Any]:
    return lambda values: kind[values[0]]


def _remaker(kind: type, fields: tuple[str, ...]) -> Callable[[list[Any]], Any]:
    """The fields are put back as they were, past any `__init__` that would change or refuse them."""

    def remake(values: list[Any]) -> Any:
        made: Any = object.__new__(kind)
        for name, value in zip(fields, values, strict=True):
            object.__setattr__(made, name, value)
        return made

    return remake


class _Wrapping:
    """One value on its way to bytes; notes whether anything in it can be changed."""

    def __init__(self) -> None:
        self.shared = True

    def wrap(self, value: Any, depth: int = 0) -> Any:
        kind = type(value)
        if kind is str or kind in _ATOMS:
            return value
        if kind is int:
            return value if value in _SMALL else _Ext(_INT, b"%x" % value)  # decimal digits are limited
        if depth >= DEPTH:
            raise NotCacheable(value, f"nests more than {DEPTH} levels deep")
        wrapper = _WRAPPERS.get(kind)
        if wrapper is not None:
            return wrapper(self, value, depth + 1)
        known = _by_class.get(kind)
        if known is None:
            raise NotCacheable(value, "cannot be kept")
        parts = [self.wrap(getattr(value, name), depth + 1) for name in known.fields]
        return _ext(_REGISTERED, [known.name, *parts])

    def list(self, value: list[Any], depth: int) -> Any:
        self.shared = False
        return [self.wrap(part, depth) for part in value]

    def dict(self, value: dict[Any, Any], depth: int) -> Any:
        self.shared = False
        plain = True
        for key in value:
            if type(key) is not str:
                if type(key) is not int:
                    raise NotCacheable(key, "is no key: a dict has str or int keys")
                plain = plain and key in _SMALL
        if plain:
            return {key: self.wrap(part, depth) for key, part in value.items()}
        return _ext(_PAIRS, [[self.wrap(key), self.wrap(part, depth)] for key, part in value.items()])

    def set(self, value: set[Any], depth: int) -> Any:
        self.shared = False
        return _ext(_SET, [self.wrap(part, depth) for part in value])

    def frozenset(self, value: frozenset[Any], depth: int) -> Any:
        return _ext(_FROZENSET, [self.wrap(part, depth) for part in value])

    def tuple(self, value: tuple[Any, ...], depth: int) -> Any:
        return _ext(_TUPLE, [self.wrap(part, depth) for part in value])

    def time(self, value: datetime, _depth: int) -> Any:
        return _Ext(_DATETIME, _time_text(value).encode())


def _time_text(value: datetime) -> str:
    """ISO 8601 with the fold. Only UTC and fixed offsets come back with an equal zone."""
    zone = value.tzinfo
    if zone is not None and type(zone).__module__ != "datetime":
        raise NotCacheable(value, "has a zone of another kind than UTC or a fixed offset; convert it to UTC")
    return f"{value.fold}{value.isoformat()}"


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text[1:]).replace(fold=int(text[0]))


_WRAPPERS: dict[type, Callable[[_Wrapping, Any, int], Any]] = {
    list: _Wrapping.list,
    dict: _Wrapping.dict,
    set: _Wrapping.set,
    frozenset: _Wrapping.frozenset,
    tuple: _Wrapping.tuple,
    datetime: _Wrapping.time,
    date: lambda _, value, __: _Ext(_DATE, value.isoformat().encode()),
    Decimal: lambda _, value, __: _Ext(_DECIMAL, str(value).encode()),
    UUID: lambda _, value, __: _Ext(_UUID, value.bytes),
}


def _registered(parts: list[Any]) -> Any:
    if parts[0] not in _by_name:
        bring_in()  # a room's, put by a process that had asked for it
    known = _by_name[parts[0]]  # KeyError: another version's
    return known.made(parts[1:])


_OPENERS: dict[int, Callable[[memoryview], Any]] = {
    _TUPLE: lambda data: tuple(_decode(data)),
    _SET: lambda data: set(_decode(data)),
    _FROZENSET: lambda data: frozenset(_decode(data)),
    _PAIRS: lambda data: {key: value for key, value in _decode(data)},  # noqa: C416  # pairs are lists
    _INT: lambda data: int(bytes(data), 16),
    _DECIMAL: lambda data: Decimal(bytes(data).decode()),
    _DATETIME: lambda data: _time(bytes(data).decode()),
    _DATE: lambda data: date.fromisoformat(bytes(data).decode()),
    _UUID: lambda data: UUID(bytes=bytes(data)),
    _REGISTERED: lambda data: _registered(_decode(data)),
}

_encode = msgspec.msgpack.Encoder().encode
_decode: Callable[[bytes | memoryview], Any] = msgspec.msgpack.Decoder(
    ext_hook=lambda code, data: _OPENERS[code](data)
).decode


def _ext(code: int, parts: list[Any]) -> Any:
    return _Ext(code, _encode(parts))


def encode(value: object) -> Encoded:
    """`value` as bytes. Raises `NotCacheable` for what would not come back equal and of the same type."""
    wrapping = _Wrapping()
    try:
        return Encoded(_encode(wrapping.wrap(value)), wrapping.shared)
    except UnicodeEncodeError:
        raise NotCacheable(value, "holds half a surrogate pair, which is no text") from None


class Unreadable(Exception):
    """Bytes that this version did not write: to be loaded again."""


def decode(data: bytes) -> Any:
    """The value again, a new object each time. Raises `Unreadable`."""
    try:
        return _decode(data)
    except Exception as error:  # noqa: BLE001  # whatever foreign bytes make of an opener
        raise Unreadable(type(error).__name__) from None
