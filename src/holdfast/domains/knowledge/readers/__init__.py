"""Readers of documents: plain text, Markdown, HTML, PDF, DOCX and CSV into blocks of structured text.

document = read(Path("handbook.pdf"))
for block in document.blocks: ...

What the formats need beyond the standard library is the extra `holdfast[documents]`, imported when it is first needed.
"""

from .models import Block, BlockKind, ReadDocument, ReadLimits
from .reading import read
from .walking import walk

__all__ = ["Block", "BlockKind", "ReadDocument", "ReadLimits", "read", "walk"]
