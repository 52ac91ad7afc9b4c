"""/v1/knowledge: bases, documents, chunks, search, citations. A file is sent as it is, a text as JSON."""

from functools import partial

from holdfast.domains.knowledge import Knowledge
from holdfast.faces.http.routes import Route

_route = partial(Route, "knowledge")
_BASE = "/knowledge/bases/{base}"
_DOCUMENT = "/knowledge/documents/{document}"
_added = partial(_route, status=201, policy="knowledge.edit", location="/v1/knowledge/documents/{id}", repeatable=True)
_RETRIEVAL = "/knowledge/retrievals/{retrieval}"

# What is kept for repeated requests would keep titles and metadata after a document was deleted, and show them to who
# lost the level. The same content again is the same document, so documents need no keys. Bases do: who repeats a lost
# answer would be told that the name is taken. What is kept for a day then is a base's name, description and metadata,
# which have no level: whoever made it is shown it again, and nobody else.
ROUTES = (
    _route("GET", "/knowledge/search", Knowledge.search, names={"query": "q"}, policy="knowledge.search"),
    _route("GET", "/knowledge/bases", Knowledge.list_bases),
    _route("POST", "/knowledge/bases", Knowledge.create_base, status=201, location="/v1/knowledge/bases/{id}"),
    _route("GET", _BASE, Knowledge.base),
    _route("PATCH", _BASE, Knowledge.edit_base),
    _route("DELETE", _BASE, Knowledge.delete_base),
    _route("PUT", f"{_BASE}/vectors", Knowledge.embed_some, outside=True, policy="knowledge.embed"),
    _route("PUT", f"{_BASE}/reindexing", Knowledge.reindex_some, outside=True, policy="knowledge.embed"),
    _route("GET", f"{_BASE}/documents", Knowledge.documents),
    _added("POST", f"{_BASE}/documents", Knowledge.add_text),
    _added("POST", f"{_BASE}/files", Knowledge.add_file),
    _route("GET", _DOCUMENT, Knowledge.document),
    _route("PATCH", _DOCUMENT, Knowledge.edit),
    _route("DELETE", _DOCUMENT, Knowledge.delete),
    _route("GET", f"{_DOCUMENT}/chunks", Knowledge.chunks),
    _route("GET", f"{_DOCUMENT}/text", Knowledge.text),
    _route("PUT", f"{_DOCUMENT}/text", Knowledge.replace_text, policy="knowledge.edit"),
    _route("POST", f"{_DOCUMENT}/file", Knowledge.replace_file, policy="knowledge.edit", repeatable=True),
    _route("PUT", f"{_DOCUMENT}/clearance", Knowledge.set_clearance),
    _route("PUT", f"{_DOCUMENT}/metadata", Knowledge.set_metadata),
    _route("GET", "/knowledge/chunks/{chunk}/similar", Knowledge.similar),
    _route("GET", "/knowledge/retrievals", Knowledge.retrievals),
    _route("GET", _RETRIEVAL, Knowledge.retrieval),
    _route("POST", f"{_RETRIEVAL}/citations", Knowledge.cite),
    _route("GET", "/knowledge/report", Knowledge.report),
)
