"""/v1/record-sets: sets of records, and what is in them. A key may hold any character, so it travels in the query."""

from functools import partial

from holdfast.domains.records import Records
from holdfast.faces.http.routes import Route

_route = partial(Route, "records")
_SET = "/record-sets/{name}"

# Storing is a PUT, and changing needs no key: what is kept for repeated requests would keep records after they were
# deleted, and show them to who lost the level.
ROUTES = (
    _route("GET", "/record-sets", Records.sets),
    _route("PUT", _SET, Records.define),
    _route("GET", _SET, Records.get_set),
    _route("DELETE", _SET, Records.delete_set),
    _route("GET", f"{_SET}/shares", Records.shares),
    _route("PUT", f"{_SET}/shares/{{tenant}}", Records.share, policy="records.share"),
    _route("DELETE", f"{_SET}/shares/{{tenant}}", Records.unshare),
    _route("GET", f"{_SET}/records", Records.find),
    _route("PUT", f"{_SET}/records", Records.put_some, policy="records.write"),
    _route("GET", f"{_SET}/count", Records.count),
    _route("GET", f"{_SET}/groups", Records.group),
    _route("GET", f"{_SET}/search", Records.search, names={"query": "q"}),
    _route("GET", f"{_SET}/picks", Records.pick, policy="records.read"),
    _route("GET", f"{_SET}/record", Records.get),
    _route("GET", f"{_SET}/versions", Records.history),
    _route("PUT", f"{_SET}/record", Records.put),
    _route("PATCH", f"{_SET}/record", Records.update),
    _route("DELETE", f"{_SET}/record", Records.delete),
)
