"""Plain text: paragraphs parted by empty lines."""

import re

from .decoding import decode
from .models import Block, Found, Given

_EMPTY_LINES = re.compile(r"\n[^\S\n]*\n\s*")


def read_plain(given: Given) -> Found:
    """Its paragraphs, their lines as they are."""
    decoded = decode(given.data, given.charset)
    return Found(blocks=paragraphs(decoded.text), metadata={"encoding": decoded.encoding})


def paragraphs(text: str) -> list[Block]:
    """What empty lines part."""
    lines = re.sub("\r\n?|\f", "\n", text)
    return [Block(text=found, kind="paragraph") for found in _EMPTY_LINES.split(lines) if found.strip()]
