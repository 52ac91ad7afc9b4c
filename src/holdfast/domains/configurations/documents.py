"""Documents: as everybody may read them and nobody change them; in their one spelling, with its digest."""

import hashlib
from typing import Any, NoReturn

from holdfast.core.database.types import dump_json

_REFUSAL = "this document is shared by all who read it; copy.deepcopy(document) gives one to change"


def _refuse(*_: object, **__: object) -> NoReturn:
    raise TypeError(_REFUSAL)


class ReadOnlyObject(dict[str, Any]):
    """A JSON object that refuses changes. Equal to a dict with the same members; `copy` and `deepcopy` give a dict."""

    __slots__ = ()
    __setitem__ = __delitem__ = clear = pop = popitem = setdefault = update = __ior__ = _refuse

    def __copy__(self) -> dict[str, Any]:
        return dict(self)

    def __deepcopy__(self, _memo: object) -> dict[str, Any]:
        return {name: thawed(value) for name, value in self.items()}

    def __reduce__(self) -> tuple[Any, ...]:
        return thawed, (dict(self),)


class ReadOnlyList(list[Any]):
    """A JSON array that refuses changes. Equal to a list with the same elements; `copy` and `deepcopy` give a list."""

    __slots__ = ()
    __setitem__ = __delitem__ = __iadd__ = __imul__ = _refuse
    append = clear = extend = insert = pop = remove = reverse = sort = _refuse

    def __copy__(self) -> list[Any]:
        return list(self)

    def __deepcopy__(self, _memo: object) -> list[Any]:
        return [thawed(value) for value in self]

    def __reduce__(self) -> tuple[Any, ...]:
        return thawed, (list(self),)


def frozen(value: Any) -> Any:
    """A JSON value that refuses changes, all the way down."""
    if isinstance(value, dict):
        return ReadOnlyObject({name: frozen(inner) for name, inner in value.items()})
    return ReadOnlyList([frozen(inner) for inner in value]) if isinstance(value, list) else value


def thawed(value: Any) -> Any:
    """A copy that can be changed, all the way down."""
    if isinstance(value, dict):
        return {name: thawed(inner) for name, inner in value.items()}
    return [thawed(inner) for inner in value] if isinstance(value, list) else value


def canonical(document: object) -> str:
    """A document in its one spelling."""
    return dump_json(document)


def digest_of(text: str) -> str:
    """The SHA-256 of a spelling, in hex digits."""
    return hashlib.sha256(text.encode()).hexdigest()


def same(one: object, other: object) -> bool:
    """Whether two values are the same JSON: 1, 1.0 and true are three."""
    return dump_json(one) == dump_json(other)
