"""The readers whose libraries are an extra, imported when a document needs one."""

from collections.abc import Callable
from importlib import import_module

from holdfast.domains.knowledge.errors import ReaderMissing

from .detecting import DOCX, HTML, MARKDOWN, PDF
from .models import Found, Given

Reader = Callable[[Given], Found]

_MODULES = {MARKDOWN: "markdown", HTML: "html", PDF: "pdf", DOCX: "docx"}


def reader_with_libraries(kind: str) -> Reader:
    """The reader of this media type. Raises `ReaderMissing` when a library of it is not installed."""
    name = _MODULES[kind]
    try:
        module = import_module(f"{__package__}.{name}")
    except ImportError as error:
        raise ReaderMissing(kind, str(error.name)) from error
    found: Reader = getattr(module, f"read_{name}")
    return found
