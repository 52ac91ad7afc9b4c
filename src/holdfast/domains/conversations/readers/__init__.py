"""Readers for exported chats: ChatGPT, Claude, LibreChat, Open WebUI, ShareGPT, OpenAI's chat messages, MongoDB.

with open_export(path) as export:
    for found in export:
        match found:
            case ReadConversation(): ...
            case Unreadable(): ...
"""

from .errors import (
    ArchiveDamaged,
    ArchiveTooLarge,
    EmptyExport,
    ExportError,
    ExportNotFound,
    UnknownExportFormat,
)
from .models import (
    Part,
    ReadBranch,
    ReadConversation,
    ReadLimits,
    ReadMessage,
    Role,
    Source,
    Unreadable,
)
from .opening import Export, open_export

__all__ = [
    "ArchiveDamaged",
    "ArchiveTooLarge",
    "EmptyExport",
    "Export",
    "ExportError",
    "ExportNotFound",
    "Part",
    "ReadBranch",
    "ReadConversation",
    "ReadLimits",
    "ReadMessage",
    "Role",
    "Source",
    "UnknownExportFormat",
    "Unreadable",
    "open_export",
]
