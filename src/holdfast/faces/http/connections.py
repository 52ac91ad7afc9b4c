"""/v1/connections: outside platforms and AI providers, for each workspace. Secrets are given out one at a time."""

from functools import partial

from holdfast.domains.connections import Connections
from holdfast.faces.http.routes import Route

_route = partial(Route, "connections")
_ONE = "/workspaces/{workspace}/connections/{platform}"

ROUTES = (
    _route("GET", "/connections", Connections.list),
    _route("GET", _ONE, Connections.get),
    _route("PUT", _ONE, Connections.put),
    _route("DELETE", _ONE, Connections.revoke),
    _route("GET", f"{_ONE}/token", Connections.token, outside=True, policy="connections.token"),
    _route("GET", f"{_ONE}/secret", Connections.secret, names={"provider": "platform"}, policy="connections.token"),
    _route("GET", f"{_ONE}/snapshots", Connections.snapshot_history),
    _route("POST", f"{_ONE}/snapshots", Connections.snapshot, status=201),
    _route("GET", "/workspaces/{workspace}/snapshots", Connections.snapshots),
    _route("GET", "/revocations", Connections.revocations),
    _route("POST", "/revocations/run", Connections.run_revocations, outside=True, policy="connections.run_revocations"),
)
