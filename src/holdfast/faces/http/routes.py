"""A route: where an operation is found, and which of its parameters travels where.

A room's file lists its routes; names, types, defaults and texts come from the operation's own signature, so that the
server, its OpenAPI document and the client say the same. What stands in the path travels there; of GET and DELETE the
rest is the query, of the others the JSON body.
"""

import inspect
import re
import types
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, is_dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints
from uuid import UUID

from pydantic import BeforeValidator

Place = Literal["path", "query", "body", "data", "media_type", "upload", "if_match", "sender"]
"""`data`: the body itself, bytes, whose type is `media_type`. `upload`: the body, as a file. `if_match`: what the thing
must still be, named by its ETag. `sender`: what the server knows of who sends the request."""
SENDER = ("address", "agent")

_IN_PATH = re.compile(r"\{(\w+)\}")
_LISTS = (list, Collection, Iterable, Sequence, tuple)


@dataclass(frozen=True, kw_only=True)
class Parameter:
    """One parameter of an operation: its name there, its name on the wire, and where it travels."""

    name: str
    wire: str
    place: Place
    type: Any
    default: Any
    required: bool


@dataclass(frozen=True, eq=False)
class Route:
    """One operation under one method and path.

    `names`: parameters that are called something else on the wire. `calls`: a function that is called in place of the
    action, with the room first, where one path serves several actions; it has a signature of its own. `policy`: the
    operation in the policy table, for what is made of several actions. `status`: of success.
    """

    room: str
    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
    path: str
    action: Callable[..., Any]
    status: int = 200
    names: Mapping[str, str] = field(default_factory=dict)
    calls: Callable[..., Any] | None = None
    policy: str | None = None
    etag: bool = False
    """The answer carries an ETag."""
    given: tuple[str, ...] = ()
    """Parameters that are called like what the server knows of a sender, and that the request says all the same."""
    reads: str = "get"
    """The operation that says how the thing is now, where `If-Match` names how it was."""
    location: str | None = None
    """Where what was made is found, its fields in braces."""
    anonymous: bool = False
    """Needs no credential."""
    password: bool = False
    """It hashes or checks a password, of `email`: slow on purpose, so it gets threads of its own."""
    outside: bool = False
    """It may ask somebody on the network, who may take seconds to answer: threads of its own as well."""
    repeatable: bool = False
    """A second one changes nothing, so it needs no idempotency key, and none of its answers is kept."""
    secret: str | None = None
    """A field of the answer that is shown once: it is not kept with the answers of requests that take effect once."""

    @cached_property
    def operation(self) -> str:
        """Its row of the policy table."""
        return self.policy or str(self.action.operation)  # type: ignore[attr-defined]  # @action sets it

    @cached_property
    def writes(self) -> bool:
        """Whether it changes something."""
        return self.method != "GET"

    @cached_property
    def success(self) -> int:
        """The status of success: 204 where there is nothing to say."""
        return 204 if self.returns in (None, type(None)) else self.status

    @cached_property
    def takes_key(self) -> bool:
        """Whether an idempotency key makes it take effect once. An import needs none: a second one adds nothing.

        A DELETE takes one so that whoever lost the first answer is not told that there is nothing to delete; not one
        that is made of several transactions.
        """
        if self.method == "DELETE":
            return self.policy is None
        uploads = any(parameter.place == "upload" for parameter in self.parameters)
        return self.method == "POST" and not (self.anonymous or uploads or self.repeatable)

    @cached_property
    def name(self) -> str:
        """The operation's name in its room."""
        return self.action.__name__

    @cached_property
    def called(self) -> Callable[..., Any]:
        """Whose signature and text describe the route."""
        return self.calls or self.action

    @cached_property
    def returns(self) -> Any:
        """What the operation gives."""
        hint = get_type_hints(inspect.unwrap(self.called))["return"]
        return get_args(hint)[-1] if get_origin(hint) is _CALLABLE else hint

    @cached_property
    def parameters(self) -> tuple[Parameter, ...]:
        """Every parameter that travels."""
        called = inspect.unwrap(self.called)
        hints = get_type_hints(called)
        given = list(inspect.signature(called).parameters.values())[1:]
        made = [self._parameter(parameter, hints[parameter.name]) for parameter in given]
        return tuple(parameter for parameter in made if parameter is not None)

    def _parameter(self, given: inspect.Parameter, hint: Any) -> Parameter | None:
        wire = self.names.get(given.name, given.name)
        if _is_callable(hint):
            return None
        return Parameter(
            name=given.name,
            wire=wire,
            place=self._place(wire, hint),
            type=wire_type(hint),
            default=given.default,
            required=given.default is inspect.Parameter.empty,
        )

    def _place(self, wire: str, hint: Any) -> Place:
        if wire in _IN_PATH.findall(self.path):
            return "path"
        if hint is bytes:
            return "data"
        if Path in get_args(hint):
            return "upload"
        if wire == "if_unchanged":
            return "if_match"
        if wire in SENDER and wire not in self.given:
            return "sender"
        if any(Path in get_args(kind) for kind in get_type_hints(inspect.unwrap(self.called)).values()):
            return "query"
        if any(bytes in (kind, *get_args(kind)) for kind in get_type_hints(inspect.unwrap(self.called)).values()):
            return "media_type" if wire == "media_type" else "query"
        return "query" if self.method in ("GET", "DELETE") else "body"


def _moment(value: object) -> datetime:
    """A moment as RFC 3339 spells it. Other parsers take a number for one."""
    if not isinstance(value, str) or not _MOMENT.fullmatch(value):
        raise ValueError("is not a moment; give one like 2026-01-31T12:00:00Z")
    return datetime.fromisoformat(value)


_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)", re.ASCII)
Moment = Annotated[datetime, BeforeValidator(_moment)]


def wire_type(hint: Any) -> Any:
    """The type that travels for a parameter of type `hint`: an id is a UUID, a mapping an object, a sequence a list.

    An object of the program, where a protocol says that one may be given, does not travel.
    """
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        if UUID in arguments:
            arguments = tuple(kind for kind in arguments if kind is not str)
        inner = [wire_type(kind) for kind in arguments if not getattr(kind, "_is_protocol", False)]
        made = inner[0]
        for kind in inner[1:]:
            made = made | kind
        return made
    if origin in (dict, Mapping) or origin is _MAPPING:
        return dict[str, Any]
    if origin in _LISTS or origin in _ABSTRACT_LISTS:
        return list[wire_type(arguments[0])]  # type: ignore[misc]  # made while running
    return {object: Any, datetime: Moment}.get(hint, hint)


_MAPPING = get_origin(Mapping[str, int])
_ABSTRACT_LISTS = tuple(get_origin(kind[int]) for kind in (Collection, Iterable, Sequence))


def without_none(kind: Any) -> Any:
    """A query leaves out what is None: it has no word for it."""
    inner = [one for one in get_args(kind) if one is not type(None)]
    if type(None) not in get_args(kind):
        return kind
    made = inner[0]
    for one in inner[1:]:
        made = made | one
    return made


def _is_callable(hint: Any) -> bool:
    return any(get_origin(kind) is _CALLABLE for kind in (hint, *get_args(hint)))


_CALLABLE = get_origin(Callable[[], int])


def is_model(kind: Any) -> bool:
    """Whether `kind` is one of our models."""
    return isinstance(kind, type) and is_dataclass(kind)
