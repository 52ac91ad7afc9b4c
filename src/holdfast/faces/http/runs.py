"""/v1/workflows, /v1/runs and /v1/decisions.

A subject of decisions is asked for in a body, never in an address: addresses stand in the logs of what is in between.
"""

from functools import partial

from holdfast.domains.runs import Runs
from holdfast.faces.http.routes import Route

_route = partial(Route, "runs")

ROUTES = (
    _route("GET", "/workflows", Runs.workflows),
    _route("POST", "/workflows", Runs.create_workflow, status=201, location="/workflows/{id}"),
    _route("GET", "/workflows/by-external-id", Runs.workflow_of),
    _route("GET", "/workflows/{workflow}", Runs.workflow),
    _route("PATCH", "/workflows/{workflow}", Runs.update_workflow),
    _route("GET", "/runs", Runs.list),
    _route("POST", "/runs", Runs.start, status=201, location="/runs/{id}"),
    _route("GET", "/runs/statistics", Runs.statistics),
    _route("POST", "/runs/events", Runs.tell, repeatable=True),
    _route("GET", "/runs/{run}", Runs.get),
    _route("POST", "/runs/{run}/begin", Runs.begin),
    _route("POST", "/runs/{run}/finish", Runs.finish),
    _route("POST", "/runs/{run}/wait", Runs.wait),
    _route("POST", "/runs/{run}/resolve", Runs.resolve),
    _route("POST", "/decisions", Runs.record_decision, status=201, location="/decisions/{id}"),
    _route("POST", "/decisions/search", Runs.decisions, repeatable=True),
    _route("GET", "/decisions/{decision}", Runs.decision),
)
