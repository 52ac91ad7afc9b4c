"""The OpenAPI document: what each route takes and every answer it can give, from the operations themselves."""

import inspect
from collections.abc import Callable
from http import HTTPStatus
from inspect import Parameter as Argument
from typing import Annotated, Any, get_args, get_origin

from fastapi import Body, Header, Path, Query

from holdfast.core.pages import Page
from holdfast.core.results import ResultPage, Results
from holdfast.faces.http.answers import Download
from holdfast.faces.http.problems import MEDIA_TYPE
from holdfast.faces.http.reading import body_model
from holdfast.faces.http.routes import Parameter, Route, without_none

_KEY_TEXT = "Makes the request take effect once, however often it is sent with this key (for 24 hours at least)."
_WHENEVER = (429, 500, 503)
_PROBLEM = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
_OCTETS = {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}


def endpoint(route: Route) -> Callable[..., Any]:
    """A function whose signature tells FastAPI of the route. It is never called: `Operation` answers."""

    def described() -> None:
        """Nothing: see above."""

    described.__name__ = route.called.__name__
    described.__doc__ = inspect.getdoc(route.called)
    described.__signature__ = inspect.Signature(_arguments(route))  # type: ignore[attr-defined]  # read by FastAPI
    return described


def _arguments(route: Route) -> list[Argument]:
    made = [_argument(p) for p in route.parameters if p.place in ("path", "query")]
    model = body_model(route)
    if model is not None:
        needed = any(field.is_required() for field in model.model_fields.values())
        made.append(_keyword("body", Annotated[model, Body()], Argument.empty if needed else None))
    if route.takes_key:
        key = Header(alias="Idempotency-Key", pattern="^[!-~]{1,200}$", description=_KEY_TEXT)
        made.append(_keyword("idempotency_key", Annotated[str, key], None))
    if any(p.place == "if_match" for p in route.parameters):
        made.append(_keyword("if_match", Annotated[str, Header(alias="If-Match")], None))
    if route.etag and route.method == "GET":
        made.append(_keyword("if_none_match", Annotated[str, Header(alias="If-None-Match")], None))
    return made


def _argument(parameter: Parameter) -> Argument:
    if parameter.place == "path":
        return _keyword(parameter.wire, Annotated[parameter.type, Path()], Argument.empty)
    if dict in (get_origin(kind) for kind in (parameter.type, *get_args(parameter.type))):
        as_json = Query(description="A JSON object.", json_schema_extra={"contentMediaType": "application/json"})
        return _keyword(parameter.wire, Annotated[str, as_json], None)
    default = Argument.empty if parameter.required else parameter.default
    return _keyword(parameter.wire, Annotated[without_none(parameter.type), Query()], default)


def _keyword(name: str, kind: Any, default: Any) -> Argument:
    return Argument(name, Argument.KEYWORD_ONLY, annotation=kind, default=default)


def answer_model(route: Route) -> Any:
    """What the route gives, as a type: a list is a page."""
    if route.returns in (None, type(None), object, bytes, Download):
        return None
    if get_origin(route.returns) is list:
        return Page[get_args(route.returns)[0]]  # type: ignore[misc]  # made while running
    if get_origin(route.returns) is Results:
        return ResultPage[get_args(route.returns)[0]]  # type: ignore[misc]
    return route.returns


def answers(route: Route) -> dict[int | str, dict[str, Any]]:
    """Every answer but the success that `answer_model` describes."""
    made: dict[int | str, dict[str, Any]] = {status: problem(status) for status in sorted(statuses(route))}
    if route.returns is bytes:
        made[200] = {"description": "The bytes.", "content": _OCTETS}
    if route.returns is Download:
        made[200] = {"description": "The lines.", "content": {"application/jsonl": {"schema": {"type": "string"}}}}
    if route.returns is str and route.room == "events":
        made[200] = {"description": "Events, until the client leaves.", "content": {"text/event-stream": {}}}
    if route.name == "append":
        made[200] = {"description": "It was there already: what was stored the first time.", "model": route.returns}
    if route.etag and route.method == "GET":
        made[304] = {"description": "It is as If-None-Match says."}
    return made


def statuses(route: Route) -> set[int]:
    """The problems that a route can answer with."""
    places = {parameter.place for parameter in route.parameters}
    found = {*_WHENEVER, 401, 403} | ({422} if places or route.takes_key else set())
    if places or route.writes:
        found |= {404}
    if route.writes:
        found |= {400, 408, 409, 413, 507}
    if "body" in places:
        found |= {415}
    if "if_match" in places:
        found |= {412}
    return found


def problem(status: int) -> dict[str, Any]:
    """A problem document as an answer."""
    return {"description": HTTPStatus(status).phrase, "content": _PROBLEM}


def extra(route: Route) -> dict[str, Any]:
    """What FastAPI has no parameter for: bodies that are not JSON, the policy, the absence of a credential."""
    made: dict[str, Any] = {"x-policy": route.operation}
    if any(p.place in ("data", "upload") for p in route.parameters):
        made["requestBody"] = {"required": True, "content": _OCTETS}
    if route.anonymous:
        made["security"] = []
    return made
