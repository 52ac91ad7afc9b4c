"""What a request says, as the arguments of an operation. Each is checked as strictly as its JSON schema says."""

import json
import warnings
from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, fields
from datetime import datetime
from functools import cache
from typing import Any, get_args, get_origin, get_type_hints
from urllib.parse import parse_qsl
from uuid import UUID

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError, create_model

from holdfast.core.errors import InvalidInput
from holdfast.core.inputs import check_text
from holdfast.faces.http.problems import MalformedBody
from holdfast.faces.http.routes import Parameter, Route, is_model, wire_type, without_none

MOST_QUERY_FIELDS = 50
QUERY_BYTES = 16 * 1024

Arguments = dict[str, Any]


class Body(BaseModel):
    """The members of a JSON body. A name that is not known is an error: it is a typo, or meant for another version."""

    model_config = ConfigDict(extra="forbid")


@dataclass(frozen=True)
class _FromText:
    """A parameter in the path or the query."""

    parameter: Parameter
    read: Callable[[str], Any]

    @classmethod
    def of(cls, parameter: Parameter) -> "_FromText":
        """How this parameter is read."""
        return cls(parameter, _from_text(without_none(parameter.type)))

    def __call__(self, text: str) -> Any:
        wire = self.parameter.wire
        try:
            return self.read(check_text(text, field=wire, most_bytes=QUERY_BYTES))
        except ValidationError as error:
            raise InvalidInput(f"{wire}: {text!r:.80}: {_reason(error)}", field=wire) from None


class Reader:
    """Reads the requests of one route."""

    def __init__(self, route: Route) -> None:
        self._texts = {
            place: {
                p.wire: _FromText(p, _from_text(without_none(p.type))) for p in route.parameters if p.place == place
            }
            for place in ("path", "query")
        }
        self._needed = {wire for wire, text in self._texts["query"].items() if text.parameter.required}
        self.body = body_model(route)
        self._models = _model_parameters(route)
        self._names = {p.wire: p.name for p in route.parameters}

    def arguments(self, path: Mapping[str, str], query: bytes, body: bytes) -> Arguments:
        """The arguments of a request. Raises `InvalidInput`, `MalformedBody`."""
        read = {name: self._texts["path"][name](text) for name, text in path.items()}
        read |= self._query(query)
        if self.body is not None:
            read |= self._body(body, self.body)
        return {self._names[wire]: value for wire, value in read.items()}

    def _query(self, query: bytes) -> Arguments:
        given = _split(query) if query else {}
        known = self._texts["query"]
        for wire in given.keys() - known.keys():
            expected = ", ".join(known) or "none"
            raise InvalidInput(f"{wire!r:.40}: is not a parameter of this path, which has: {expected}", field=wire[:40])
        for wire in self._needed - given.keys():
            raise InvalidInput(f"{wire}: is missing from the query", field=wire)
        return {wire: known[wire](text) for wire, text in given.items()}

    def _body(self, body: bytes, model: type[Body]) -> Arguments:
        try:
            found = model.__pydantic_validator__.validate_json(body or b"{}", strict=True)
        except ValidationError as error:
            raise _refusal(error) from None
        given = {wire: getattr(found, wire) for wire in found.model_fields_set}
        for wire, kind in self._models.items():
            if wire in given:
                given[wire] = _as_model(kind, given[wire])
        return given


@cache
def reader_of(route: Route) -> Reader:
    """The reader of a route, made once for all servers of a process: it takes a millisecond."""
    return Reader(route)


def _as_model(kind: type, found: Any) -> Any:
    if isinstance(found, list):
        return [_as_model(kind, item) for item in found]
    return None if found is None else kind(**{name: getattr(found, name) for name in found.model_fields_set})


def _split(query: bytes) -> dict[str, str]:
    try:
        pairs = parse_qsl(
            query.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=MOST_QUERY_FIELDS
        )
    except ValueError as error:
        raise InvalidInput(
            f"the query cannot be read: it is not UTF-8, or has more than {MOST_QUERY_FIELDS} parameters", field="query"
        ) from error
    given = dict(pairs)
    if len(given) != len(pairs):
        twice = next(name for n, (name, _) in enumerate(pairs) if name in dict(pairs[:n]))
        raise InvalidInput(f"{twice!r:.40}: is given twice; give it once", field=twice[:40])
    return given


def _from_text(kind: Any) -> Callable[[str], Any]:
    """How a text becomes a value: numbers, truths and structures as JSON spells them, the rest as it stands."""
    validator: Any = TypeAdapter(kind).validator
    kinds = {get_origin(inner) or inner for inner in (kind, *get_args(kind))}
    if kinds & {int, bool, float, dict, list}:
        return lambda text: validator.validate_json(text, strict=True)
    if kinds & {UUID, datetime}:
        return lambda text: validator.validate_json(json.dumps(text), strict=True)
    return lambda text: validator.validate_strings(text)


def body_model(route: Route) -> type[Body] | None:
    """The JSON body of a route, if it has one."""
    models = _model_parameters(route)
    members: dict[str, Any] = {
        p.wire: (_with_mirror(p.type, models.get(p.wire)), ... if p.required else p.default)
        for p in route.parameters
        if p.place == "body"
    }
    if not members:
        return None
    name = "".join(part.title() for part in route.called.__qualname__.split(".")[-1].split("_"))
    return _made(f"{route.room.title()}{name}", members)


def _made(name: str, members: dict[str, Any]) -> type[Body]:
    """A model of these members, whatever pydantic's own classes call so (`schema`): it is asked by instances alone."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Field name .* shadows an attribute")
        return create_model(name, __base__=Body, **members)


def _model_parameters(route: Route) -> dict[str, type]:
    """The parameters that are models, or lists of them, by which model."""
    found = {p.wire: next(filter(is_model, get_args(p.type)), None) for p in route.parameters if p.place == "body"}
    return {wire: kind for wire, kind in found.items() if kind is not None}


def _with_mirror(kind: Any, model: type | None) -> Any:
    if model is None:
        return kind
    return list[_mirror(model)] if get_origin(kind) is list else _mirror(model) | None  # type: ignore[misc]  # made while running


def _mirror(kind: type) -> type[Body]:
    """A dataclass as a body, so that what it does not know is refused."""
    hints = get_type_hints(kind)
    made: dict[str, Any] = {
        inner.name: (wire_type(hints[inner.name]), ... if inner.default is MISSING else inner.default)
        for inner in fields(kind)
    }
    return _made(kind.__name__, made)


def _refusal(error: ValidationError) -> InvalidInput | MalformedBody:
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    if first["type"] == "json_invalid":
        return MalformedBody(first["msg"].removeprefix("Invalid JSON: "))
    place = ".".join(str(part) for part in first["loc"])
    field = str(first["loc"][0]) if first["loc"] else "body"
    return InvalidInput(f"{place:.200}: {first['msg']}", field=field[:40])


def _reason(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    if first["type"] == "json_invalid":
        return "is not a number, a truth or a structure as JSON spells it"
    return first["msg"]
