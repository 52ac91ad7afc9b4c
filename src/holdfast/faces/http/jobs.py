"""/v1/jobs: background work."""

from functools import partial

from holdfast.core.jobs import Jobs
from holdfast.faces.http.routes import Route

_route = partial(Route, "jobs")

ROUTES = (
    _route("GET", "/jobs", Jobs.list),
    _route("POST", "/jobs", Jobs.submit, status=202),
    _route("GET", "/jobs/{job}", Jobs.get),
    _route("POST", "/jobs/{job}/cancel", Jobs.cancel),
    _route("POST", "/jobs/{job}/retry", Jobs.retry),
    _route("GET", "/schedules", Jobs.schedules),
)
