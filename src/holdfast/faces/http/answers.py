"""Answers: status, headers and a body that was made once."""

import hashlib
import os
import re
from dataclasses import dataclass, field
from typing import IO, Any

from pydantic_core import to_json

from holdfast.core.pages import Page
from holdfast.core.results import ResultPage, Results

JSON = "application/json"
_UNSAFE = re.compile(r"[^\x20-\x7e]")


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What is sent back."""

    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    file: IO[bytes] | None = None
    """In place of the body, when that is large."""

    def raw_headers(self) -> list[tuple[bytes, bytes]]:
        """As ASGI takes them. A value that could end its line, and begin a header of its own, is mended."""
        return [
            (name.lower().encode(), _UNSAFE.sub("_", value).encode())
            for name, value in ({"Content-Length": str(len(self.body))} | self.headers).items()
        ]


@dataclass(frozen=True, kw_only=True)
class Download:
    """A file that was written for one request; it goes when it was sent."""

    file: IO[bytes]
    media_type: str
    name: str

    def headers(self) -> dict[str, str]:
        """Data, to be kept: no browser shows it."""
        size = self.file.seek(0, os.SEEK_END)
        self.file.seek(0)
        kept = f'attachment; filename="{self.name}"'
        return {"Content-Type": self.media_type, "Content-Length": str(size), "Content-Disposition": kept}


def in_json(value: Any, *, page: bool = False) -> bytes:
    """A result as JSON: ids as text, times as ISO 8601 with Z, models as objects; a list as a page, if it is one.

    Written in one go by pydantic's serializer, which takes models by their fields: a page of twenty messages costs
    less than looking at each of its fields once in Python.
    """
    if isinstance(value, Results):
        return to_json(ResultPage(items=tuple(value), mode=value.mode, notes=value.notes))
    return to_json(Page(items=tuple(value)) if page else value)


def etag_of(body: bytes) -> str:
    """A strong validator: what looks the same has the same, and what does not has another."""
    return f'"{hashlib.sha256(body).hexdigest()[:32]}"'


def matches(etag: str, condition: str) -> bool:
    """Whether an If-Match or If-None-Match header names this ETag."""
    return condition.strip() == "*" or etag in {name.strip().removeprefix("W/") for name in condition.split(",")}
