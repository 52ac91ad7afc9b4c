"""Rooms are imported when they are first asked for: a program that keeps conversations reads nothing of interop.

What spans rooms (tables, kinds of jobs, sources of context, …) is told by each room, as it is imported, to a `Registry`
or to the metadata of the tables. Whoever reads one of those needs every room, so reading brings them all in.
"""

from collections.abc import Hashable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib import import_module
from typing import Any, Generic, TypeVar, overload

K = TypeVar("K", bound=Hashable)
T = TypeVar("T")

_waiting: list[str] = []


def announce(*modules: str) -> None:
    """Say which modules tell something as they are imported. In the order of their layers, the lower ones first."""
    _waiting.extend(modules)


def bring_in() -> None:
    """Import every room that is not there yet: half a second, once in a process."""
    for module in tuple(_waiting):
        import_module(module)
    _waiting.clear()


@dataclass(frozen=True)
class _Told(Generic[T]):
    what: T
    by: str
    place: str
    """The module whose turn it is in: a room's, where one ever told something under that name."""


class Registry(Generic[K, T]):
    """What rooms, and applications, tell of themselves, by name. A later telling of the same name takes the place of an
    earlier one; but a room's, whenever it is imported, never that of an application.
    """

    def __init__(self) -> None:
        self._told: dict[K, _Told[T]] = {}

    def tell(self, name: K, what: T, *, by: str | None) -> None:
        """`by`: the `__module__` that says so; what an interpreter is given has none."""
        module, earlier = by or "", self._told.get(name)
        if earlier is None:
            self._told[name] = _Told(what, module, module)
        elif _is_room(module) and not _is_room(earlier.by):
            self._told[name] = replace(earlier, place=module)
        else:
            self._told[name] = _Told(what, module, earlier.place)

    def get(self, name: K) -> T | None:
        """What was told under a name, by any room."""
        if name not in self._told:
            bring_in()
        found = self._told.get(name)
        return None if found is None else found.what

    def __getitem__(self, name: K) -> T:
        found = self.get(name)
        if found is None:
            raise KeyError(name)
        return found

    def all(self) -> dict[K, T]:
        """Everything by name, in the order of the modules' names: whichever was imported first."""
        bring_in()
        return {name: told.what for name, told in sorted(self._told.items(), key=lambda item: item[1].place)}

    def forget(self, name: K) -> None:
        """Take away what was told under a name: for tests."""
        self._told.pop(name, None)

    @contextmanager
    def kept(self) -> Iterator[None]:
        """What is told and forgotten within is as before afterwards: for tests."""
        bring_in()
        before = dict(self._told)
        try:
            yield
        finally:
            self._told = before


def _is_room(module: str) -> bool:
    return module.startswith("holdfast.")


class Room(Generic[T]):
    """A room of a scope: `memory: "Room[Memory]" = Room("holdfast.domains.memory")`.

    It is imported, and made with the scope's engine, access and settings, when it is first asked for. The class has the
    name of the attribute, with a capital.
    """

    def __init__(self, module: str) -> None:
        self._module = module
        self._name = ""

    def __set_name__(self, _owner: type, name: str) -> None:
        self._name = name

    @overload
    def __get__(self, scope: None, _owner: type) -> "Room[T]": ...
    @overload
    def __get__(self, scope: object, _owner: type) -> T: ...
    def __get__(self, scope: Any, _owner: type) -> Any:
        if scope is None:
            return self
        kind = getattr(import_module(self._module), self._name.capitalize())
        made = scope.__dict__[self._name] = kind(scope.engine, scope.access, scope.settings)
        return made


def lazily(package: str, homes: Mapping[str, str]) -> Any:
    """A package's `__getattr__` (PEP 562) for names that are imported from the modules they live in, `homes`, when they
    are first used. For type checkers the package imports them `if TYPE_CHECKING`.
    """

    def find(name: str) -> Any:
        if name not in homes:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        return getattr(import_module(homes[name]), name)

    return find
