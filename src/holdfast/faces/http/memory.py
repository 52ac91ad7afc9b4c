"""/v1/facts: what is known about a person or a workspace. A key may hold any character, so it travels in the query.

Remembering is a PUT: its answer holds the value, and answers that are kept for repeated requests would keep it from
being forgotten.
"""

from functools import partial

from holdfast.domains.memory import Memory
from holdfast.faces.http.routes import Route

_route = partial(Route, "memory")

ROUTES = (
    _route("PUT", "/facts", Memory.remember),
    _route("GET", "/facts", Memory.list),
    _route("DELETE", "/facts", Memory.forget),
    _route("GET", "/facts/current", Memory.fact),
    _route("GET", "/facts/count", Memory.count),
    _route("GET", "/facts/history", Memory.history),
    _route("GET", "/facts/recall", Memory.recall, names={"query": "q"}, policy="memory.read"),
    _route("PUT", "/facts/vectors", Memory.embed_some, policy="memory.embed"),
    _route("GET", "/facts/as-of", Memory.as_of),
    _route("GET", "/facts/{fact_id}/why", Memory.why),
    _route("GET", "/conversations/{conversation}/unseen", Memory.unseen),
    _route("PUT", "/conversations/{conversation}/facts", Memory.accept),
)
