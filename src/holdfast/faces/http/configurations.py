"""/v1/configurations: documents at addresses. An address has slashes, so it travels in the query, or in the body."""

from functools import partial

from holdfast.domains.configurations import Configurations
from holdfast.faces.http.routes import Route

_route = partial(Route, "configurations", given=("address",))
_DOCUMENT = "/configurations/document"

_REQUEST = "/configurations/requests/{request}"
_proposed = partial(_route, status=201, location="/v1/configurations/requests/{id}")

ROUTES = (
    _route("GET", "/configurations", Configurations.list),
    _route("GET", "/configurations/found", Configurations.find),
    _route("GET", _DOCUMENT, Configurations.get, policy="configurations.read", etag=True),
    _route("PUT", _DOCUMENT, Configurations.put, etag=True, reads="read"),
    _route("GET", "/configurations/stored", Configurations.read, etag=True),
    _route("GET", "/configurations/versions", Configurations.history),
    _route("GET", "/configurations/difference", Configurations.diff),
    _route("PUT", "/configurations/rollback", Configurations.rollback),
    _route("GET", "/configurations/requests", Configurations.requests),
    _proposed("POST", "/configurations/requests", Configurations.propose),
    _route("GET", _REQUEST, Configurations.request),
    _route("PUT", f"{_REQUEST}/document", Configurations.revise),
    _route("PUT", f"{_REQUEST}/approval", Configurations.approve),
    _route("PUT", f"{_REQUEST}/rejection", Configurations.reject),
    _route("PUT", f"{_REQUEST}/withdrawal", Configurations.withdraw),
    _route("POST", f"{_REQUEST}/publication", Configurations.publish),
    _route("GET", f"{_REQUEST}/comments", Configurations.comments),
    _route("POST", f"{_REQUEST}/comments", Configurations.comment, status=201),
    _route("GET", "/configurations/standing", Configurations.standing),
    _route("POST", "/configurations/uses", Configurations.count_use),
    _route("GET", "/configurations/feedback", Configurations.feedback),
    _route("POST", "/configurations/feedback", Configurations.rate, status=201),
    _route("GET", "/configurations/rules", Configurations.rules),
    _route("PUT", "/configurations/rules", Configurations.set_rule),
    _route("GET", "/configurations/inbox", Configurations.inbox),
    _route("PUT", "/configurations/inbox", Configurations.mark_read),
    _route("GET", "/configurations/search", Configurations.search, names={"query": "q"}),
    _route("GET", "/configurations/similar", Configurations.similar),
    _route("GET", "/configurations/branches", Configurations.branches),
    _route("PUT", "/configurations/branches", Configurations.branch),
    _route("GET", "/configurations/conflicts", Configurations.conflicts),
    _route("PUT", "/configurations/merge", Configurations.merge),
    _route("PUT", "/configurations/visibility", Configurations.set_visibility),
    _route("GET", "/configurations/shares", Configurations.shares),
    _route("PUT", "/configurations/shares", Configurations.share),
    _route("DELETE", "/configurations/shares", Configurations.unshare),
)
