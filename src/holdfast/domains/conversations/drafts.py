"""From what a caller gives to what is stored: every check of a message, and its digest, before any database."""

import hashlib
import os
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from holdfast.core.clock import as_utc, now
from holdfast.core.database.types import Spelled
from holdfast.core.errors import InvalidInput
from holdfast.core.ids import new_id
from holdfast.core.inputs import check_and_spell, check_choice, check_json, check_text
from holdfast.core.settings import Settings
from holdfast.domains.conversations.chain import SALT_BYTES, content_digest
from holdfast.domains.conversations.errors import EmptyMessage
from holdfast.domains.conversations.models import ROLES, NewMessage

Draft = dict[str, Any]
"""A checked message: the columns it will have, `body`, the text that search reads, and `spelled_metadata`, which is
stored: its JSON, that digest and column share."""

REQUEST_ID_BYTES = 200


def check_message(new: NewMessage, settings: Settings) -> Draft:
    """The draft of a message. Raises `InvalidInput`, naming the field, for anything that cannot be stored."""
    role = check_choice(new.role, ROLES, field="role")
    content = check_text(new.content, field="content", most_bytes=settings.message_bytes)
    parts = _check_parts(new.parts, settings)
    if not content.strip() and not parts:
        raise EmptyMessage
    metadata, text = check_and_spell(
        new.metadata, field="metadata", most_bytes=settings.metadata_bytes, most_depth=settings.metadata_depth
    )
    salt, spelled = os.urandom(SALT_BYTES), Spelled(text)
    return {
        "id": new_id(),
        "role": role,
        "content": content,
        "parts": parts,
        "metadata": metadata,
        "spelled_metadata": spelled,
        "request_id": _check_request_id(new.request_id),
        "created_at": now() if new.created_at is None else _original_time(new.created_at),
        "salt": salt,
        "digest": content_digest(salt, content, parts, spelled),
        "body": readable_text(content, parts),
    }


def readable_text(content: str, parts: Sequence[Mapping[str, object]] | None) -> str:
    """What a person would read of a message: its content, else the texts of its parts."""
    if content.strip() or not parts:
        return content
    return "\n".join(text for part in parts for text in _texts(part))


def _texts(part: Mapping[str, object]) -> list[str]:
    return [value for key in ("title", "text", "code", "output") if isinstance(value := part.get(key), str)]


def _check_parts(parts: Sequence[Mapping[str, object]] | None, settings: Settings) -> list[dict[str, object]] | None:
    if parts is None:
        return None
    if isinstance(parts, (str, bytes)) or not isinstance(parts, Sequence):
        raise InvalidInput(f"parts: a list of objects is needed, got {type(parts).__name__}", field="parts")
    checked = [_check_part(part, number) for number, part in enumerate(parts)]
    check_json(checked, field="parts", most_bytes=settings.message_bytes, most_depth=settings.metadata_depth)
    return checked or None


def _check_part(part: object, number: int) -> dict[str, object]:
    if not isinstance(part, Mapping) or not isinstance(part.get("type"), str) or not part["type"]:
        raise InvalidInput(
            f"parts.{number}: needs a 'type' (text, image, code, card, button, tool_call, tool_result, attachment, …)",
            field="parts",
        )
    return dict(part)


def _check_request_id(request_id: str | None) -> str | None:
    if request_id is None:
        return None
    text = check_text(request_id, field="request_id", most_bytes=REQUEST_ID_BYTES)
    if not text:
        raise InvalidInput("request_id: is empty; leave it out or give one", field="request_id")
    return text


def _original_time(created_at: datetime) -> datetime:
    moment = as_utc(created_at, field="created_at")
    if moment > now():
        raise InvalidInput(f"created_at: {moment.isoformat()} has not come yet", field="created_at")
    return moment


def marks_of(tenant_id: UUID, owner_id: UUID, conversation_id: UUID, workspace_id: UUID | None) -> str:
    """Where a message is found in the search index: whose, in which conversation, in which workspace."""
    marks = f"{owner_mark(tenant_id, owner_id)} {conversation_mark(conversation_id)}"
    return marks if workspace_id is None else f"{marks} {workspace_mark(workspace_id)}"


def owner_mark(tenant_id: UUID, owner_id: UUID) -> str:
    """Of a person within one tenant; not a secret, only short and the same on both engines."""
    return "o" + hashlib.md5(f"{tenant_id}{owner_id}".encode(), usedforsecurity=False).hexdigest()


def conversation_mark(conversation_id: UUID) -> str:
    """Of a conversation."""
    return "c" + conversation_id.hex


def workspace_mark(workspace_id: UUID) -> str:
    """Of a workspace."""
    return "w" + workspace_id.hex
