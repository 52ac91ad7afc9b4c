"""/v1/audit: the trail."""

import tempfile
from functools import partial
from io import TextIOWrapper
from typing import IO, cast

from holdfast.domains.audit import Audit
from holdfast.faces.http.answers import Download
from holdfast.faces.http.routes import Route

_route = partial(Route, "audit")
JSON_LINES = "application/jsonl"


def export(audit: Audit) -> Download:
    """Every line, oldest first, as JSON Lines."""
    file = cast("IO[bytes]", tempfile.TemporaryFile(prefix="holdfast-export-"))  # noqa: SIM115  # closed when it was sent
    try:
        text = TextIOWrapper(file, "utf-8", write_through=True)
        audit.export(text)
        text.detach()
    except BaseException:
        file.close()  # nobody is sent what was refused
        raise
    return Download(file=file, media_type=JSON_LINES, name="audit.jsonl")


ROUTES = (
    _route("GET", "/audit", Audit.list),
    _route("POST", "/audit/verification", Audit.verify, policy="audit.verify"),
    _route("POST", "/audit/checkpoints", Audit.checkpoint, status=201, policy="audit.checkpoint"),
    _route("POST", "/audit/exports", Audit.export, calls=export, policy="audit.export"),
    _route("GET", "/audit/events", Audit.events),
)
