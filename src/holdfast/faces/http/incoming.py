"""One request as the server knows it: its id, where it comes from, and what it costs its sender."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from holdfast.core.ids import new_id
from holdfast.faces.http.limits import Allowance

_REQUEST_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}")
AGENT_CHARS = 300


@dataclass(slots=True)
class Incoming:
    """What is known of a request before its body is read, and while it is answered."""

    id: str
    method: str
    headers: Mapping[bytes, bytes]
    address: str | None
    route: str = "none"
    """The template of its path, for the metrics: paths hold ids."""
    operation: str = ""
    allowance: Allowance | None = None
    status: int = 0
    begun: bool = False
    """Whether an answer is on its way."""

    @classmethod
    def of(cls, scope: Mapping[str, Any]) -> "Incoming":
        """The request of an ASGI scope. Its id is the one it brings, if that is well formed."""
        headers = dict(scope["headers"])
        given = headers.get(b"x-request-id", b"")
        client = scope["client"]
        return cls(
            id=given.decode() if _REQUEST_ID.fullmatch(given) else str(new_id()),
            method=scope["method"],
            headers=headers,
            address=client[0] if client else None,
        )

    def header(self, name: bytes) -> str | None:
        """A header's value."""
        value = self.headers.get(name)
        return None if value is None else value.decode("latin-1")

    @property
    def agent(self) -> str | None:
        """The client's program, as it says."""
        value = self.header(b"user-agent")
        return None if value is None else value[:AGENT_CHARS]

    @property
    def length(self) -> int | None:
        """How long the body is said to be."""
        value = self.header(b"content-length")
        return int(value) if value is not None and value.isdigit() else None
