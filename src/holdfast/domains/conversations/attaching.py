"""Attachments: kept by digest, once a conversation; size and kind checked against the bytes themselves."""

import hashlib
import re
from collections.abc import Iterable
from uuid import UUID

from holdfast.core.database import Transaction
from holdfast.core.inputs import check_name
from holdfast.core.settings import Settings
from holdfast.domains.conversations import beside_queries, lineage
from holdfast.domains.conversations.drafts import Draft
from holdfast.domains.conversations.errors import AttachmentNotFound, AttachmentRefused
from holdfast.domains.conversations.models import Attachment

_DIGEST = re.compile(r"[0-9a-f]{64}")
_MEDIA_TYPE = re.compile(r"[a-z0-9][a-z0-9.+-]*/[a-z0-9][a-z0-9.+-]*")

SIGNATURES: dict[str, tuple[bytes, ...]] = {
    "image/png": (b"\x89PNG\r\n\x1a\n",),
    "image/jpeg": (b"\xff\xd8\xff",),
    "image/gif": (b"GIF87a", b"GIF89a"),
    "application/pdf": (b"%PDF-",),
    "application/zip": (b"PK\x03\x04", b"PK\x05\x06"),
    "application/gzip": (b"\x1f\x8b",),
}
"""How files of a type begin, for the types that say so."""

WEBP = "image/webp"

REFUSED = ("text/html", "image/svg+xml", "application/xhtml+xml", "application/javascript", "text/javascript")
"""Types that a browser would run when they are shown."""


def check_attachment(data: bytes, name: str, media_type: str, settings: Settings) -> dict[str, object]:
    """The row of an attachment. Raises `AttachmentRefused` for bytes that are too many or not of `media_type`."""
    if not isinstance(data, bytes) or not data:
        raise AttachmentRefused("is empty or not bytes")
    if len(data) > settings.attachment_bytes:
        raise AttachmentRefused(f"{len(data):,} bytes, the limit is {settings.attachment_bytes:,}")
    if not isinstance(media_type, str) or not _MEDIA_TYPE.fullmatch(media_type):
        raise AttachmentRefused(f"{media_type!r:.80} is not a media type such as image/png")
    if media_type in REFUSED:
        raise AttachmentRefused(f"{media_type} can carry programs and is not kept; convert it to text or an image")
    _check_signature(data, media_type)
    return {
        "digest": hashlib.sha256(data).hexdigest(),
        "name": check_name(name, field="name", most_chars=settings.title_chars),
        "media_type": media_type,
        "size": len(data),
        "data": data,
    }


def _check_signature(data: bytes, media_type: str) -> None:
    really = _recognised(data)
    if media_type in (*SIGNATURES, WEBP) and really != media_type:
        raise AttachmentRefused(f"does not begin as {media_type} does; name the type it really has")
    if really is not None and really.startswith("image/") and really != media_type:
        raise AttachmentRefused(f"is {really}, not {media_type}; name the type it really has")


def _recognised(data: bytes) -> str | None:
    """The type that the bytes themselves tell."""
    if data.startswith(b"RIFF"):
        return WEBP if data[8:12] == b"WEBP" else None  # sound and video begin with RIFF too
    return next((name for name, beginnings in SIGNATURES.items() if data.startswith(beginnings)), None)


def check_digest(digest: object) -> str:
    """`digest`, when it is 64 hex digits. Raises `AttachmentNotFound`, as for one that is not there."""
    if not isinstance(digest, str) or not _DIGEST.fullmatch(digest):
        raise AttachmentNotFound(str(digest))
    return digest


def check_referenced(tx: Transaction, conversation_id: UUID, drafts: Iterable[Draft]) -> None:
    """Raise `AttachmentNotFound` unless every attachment that the drafts show is kept with the conversation."""
    wanted = {check_digest(part.get("digest")) for draft in drafts for part in _attachment_parts(draft)}
    if not wanted:
        return
    parts = list(lineage.segments(tx, lineage.find(tx, conversation_id)))
    for digest in wanted:
        if find_attachment(tx, parts, digest) is None:
            raise AttachmentNotFound(digest)


def find_attachment(tx: Transaction, parts: Iterable[lineage.Segment], digest: str) -> Attachment | None:
    """The attachment of a conversation, or of the past it shares."""
    for part in parts:
        found = tx.first(beside_queries.attachment, {"conversation_id": part.conversation_id, "digest": digest})
        if found is not None:
            return found
    return None


def _attachment_parts(draft: Draft) -> list[dict[str, object]]:
    return [part for part in draft["parts"] or () if part["type"] == "attachment"]
