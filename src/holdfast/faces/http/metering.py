"""/v1/usage, /v1/limits, /v1/holds: what was used and what it cost, and how much may be. /v1/platform/health."""

from functools import partial

from holdfast.domains.metering import Metering
from holdfast.faces.http.routes import Route

_route = partial(Route, "metering")

ROUTES = (
    _route("POST", "/usage", Metering.record, status=201),
    _route("POST", "/usage/batches", Metering.record_many, status=201),
    _route("GET", "/usage", Metering.events),
    _route("GET", "/usage/report", Metering.report),
    _route("GET", "/usage/analytics", Metering.analytics),
    _route("GET", "/usage/price", Metering.price),
    _route("GET", "/usage/prices", Metering.prices),
    _route("PUT", "/usage/prices", Metering.set_price),
    _route("GET", "/limits", Metering.limits),
    _route("PUT", "/limits", Metering.set_limit),
    _route("DELETE", "/limits/{limit}", Metering.end_limit),
    _route("POST", "/limits/{limit}/recount", Metering.recount, repeatable=True),
    _route("GET", "/platform/health", Metering.health),
    _route("POST", "/holds", Metering.hold, status=201, location="/v1/holds/{id}"),
    _route("GET", "/holds/{hold}", Metering.hold_state),
    _route("POST", "/holds/{hold}/settlement", Metering.settle, repeatable=True),
    _route("DELETE", "/holds/{hold}", Metering.release),
    _route("POST", "/reclaimed-holds", Metering.reclaim, repeatable=True),
)
