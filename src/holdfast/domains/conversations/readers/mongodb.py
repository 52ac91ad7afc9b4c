"""MongoDB's extended JSON: one document for each conversation, its messages embedded in `messages`.

As `mongoexport` writes a collection, canonical or relaxed, as lines or as one array. Applications name their fields
each in its own way, so the usual names are known, in snake case and camel case; every other field is kept in the
metadata, of the conversation or of the message. Nothing is left out without being named.
"""

from collections.abc import Iterable
from datetime import UTC, datetime

from holdfast.core.extended_json import plain

from .fields import (
    ROLES,
    Item,
    Malformed,
    Reading,
    digest,
    entries,
    identifier,
    objects,
    required_list,
    required_object,
    role,
    structured,
    text,
    text_of,
)
from .models import Part, ReadConversation, ReadMessage, Role
from .openai_jsonl import parts_of

_ID = ("_id", "id", "message_id", "messageId")
_ROLE = ("role", "sender", "sender_type", "senderType", "author")
_CONTENT = ("content", "text", "message", "body")
_PARTS = ("parts", "blocks")
_FILES = ("attachments", "files")
_CALLS = ("tool_calls", "function_call")
_BEGUN = ("created_at", "createdAt", "started_at", "startedAt", "timestamp", "sent_at", "sentAt", "time", "date")
_CHANGED = ("updated_at", "updatedAt", "last_message_at", "lastMessageAt")
_TITLE = ("title", "subject", "name")
_OWNER = ("user_id", "userId", "owner_id", "ownerId", "created_by", "createdBy", "user", "owner")
_CLIENT = ("client_id", "clientId", "workspace_id", "workspaceId", "account_id", "accountId", "client", "workspace")
_ARCHIVED = ("archived", "is_archived", "isArchived")
_DELETED = ("deleted", "is_deleted", "isDeleted", "deleted_at", "deletedAt")
_ROLE_PATHS = frozenset(f"messages.item.{name}" for name in _ROLE)


def recognises(paths: set[str]) -> bool:
    """An `_id`, which MongoDB writes first, and embedded messages of somebody."""
    return "_id" in paths and not _ROLE_PATHS.isdisjoint(paths)


def read(item: Item, reading: Reading) -> ReadConversation:
    """The conversation. Raises Malformed for one that was deleted at the source, or that has no message."""
    embedded = required_list(item.get("messages"), "messages", ".messages")
    about = required_object(_plain({**item, "messages": None}, ""), "conversation", "")
    deleted = next((name for name in _DELETED if about.get(name)), None)
    if deleted is not None or about.get("status") == "deleted":
        raise Malformed("it was deleted at the source", None, f".{deleted or 'status'}")
    if not embedded:
        raise Malformed("it has no message", embedded, ".messages")
    title, begun, changed = (_first(about, names) for names in (_TITLE, _BEGUN, _CHANGED))
    known = {"_id", "messages", begun, changed, *_ARCHIVED, *_DELETED}
    if isinstance(about.get(title), str):
        known.add(title)
    messages = (_message(number, raw, reading) for number, raw in enumerate(embedded))
    return ReadConversation(
        source="mongodb",
        external_id=identifier(about.get("_id")) or digest(item),
        title=text(about.get(title)),
        created_at=reading.time(about.get(begun), f".{begun}") or _made(item.get("_id")),
        updated_at=reading.time(about.get(changed), f".{changed}"),
        messages=tuple(message for message in messages if message is not None),
        branches=(),
        archived=about.get("status") == "archived" or any(about.get(one) is True for one in _ARCHIVED),
        metadata=_others(about, known),
        place=reading.place,
        owner=identifier(about.get(_first(about, _OWNER))) or "",
        client=identifier(about.get(_first(about, _CLIENT))) or "",
    )


def _message(number: int, raw: object, reading: Reading) -> ReadMessage | None:
    """One message; None where it cannot be read, which is reported. Without an id its place stands for it."""
    at = f".messages[{number}]"
    try:
        message = required_object(_plain(raw, at), "message", at)
        said_by = _role(message, at)
        parts, known = _parts(message, said_by, at)
        named, begun = _first(message, _ID), _first(message, _BEGUN)
        name = identifier(message.get(named))
        stored = raw.get(named) if isinstance(raw, dict) else None
        return ReadMessage(
            external_id=name or str(number),
            role=said_by,
            content=text_of(parts),
            parts=structured(parts),
            created_at=reading.time(message.get(begun), f"{at}.{begun}") or _made(stored),
            metadata=_others(message, known | {begun} | ({named} if name else set())),
            place=reading.place + at,
        )
    except Malformed as error:
        reading.report(error.reason, error.value, error.at)
        return None


def _plain(value: object, at: str) -> object:
    try:
        return plain(value)
    except (ValueError, TypeError, KeyError, OverflowError, ArithmeticError) as error:
        raise Malformed(f"a value of MongoDB's is not of its type ({type(error).__name__})", value, at) from None


def _first(item: Item, names: Iterable[str]) -> str:
    """The first of some names that has a value; the first of all where none has."""
    found = [*names]
    return next((name for name in found if item.get(name) is not None), found[0])


def _role(message: Item, at: str) -> Role:
    """The first field that says one: a word, or an object that has it as its role or type."""
    name = _first(message, _ROLE)
    for one in _ROLE:
        said = message.get(one)
        word = said.get("role", said.get("type")) if isinstance(said, dict) else said
        if isinstance(word, str) and word.lower() in ROLES:
            return role(word, f"{at}.{one}")
    return role(message.get(name), f"{at}.{name}")


def _parts(message: Item, said_by: Role, at: str) -> tuple[list[Part], set[str]]:
    """What it says, what it shows, its calls, its files; and the fields that this is all of."""
    said = _first(message, _CONTENT)
    content = message.get(said)
    content = [content] if isinstance(content, dict) else content
    if not isinstance(content, str | list | None):
        raise Malformed("the content is neither text nor a list", content, f"{at}.{said}")
    known = {said} | {name for name in (*_PARTS, *_FILES) if isinstance(message.get(name), list)}
    known |= {name for name in _ROLE if text(message.get(name)).lower() in ROLES}
    about = ("tool_call_id",) if said_by == "tool" else _CALLS
    known |= {name for name in about if _is_call(message.get(name))}
    told = {name: message[name] for name in (*known & {*_CALLS, "tool_call_id"}, "name") if name in message}
    parts = parts_of({**told, "content": content, "role": said_by}, at)
    parts += [_shown(part) for name in _PARTS for part in entries(message.get(name))]
    parts += [_file(file) for name in _FILES for file in entries(message.get(name))]
    return parts, known


def _is_call(value: object) -> bool:
    """Whether calls, or the id of one, are as they have to be; what is not stays in the metadata."""
    listed = isinstance(value, list) and len(objects(value)) == len(value)
    return listed or isinstance(value, dict) or (isinstance(value, str) and bool(value))


def _shown(raw: object) -> Part:
    part: Part = dict(raw) if isinstance(raw, dict) else {"value": raw}
    return {**part, "type": text(part.get("type")) or "unknown"}


def _file(raw: object) -> Part:
    about = dict(raw) if isinstance(raw, dict) else {"id": raw}
    kind = about.pop("type", None)
    return {**about, **({} if kind is None else {"mime_type": kind}), "type": "file"}


def _others(item: Item, known: set[str]) -> Item:
    """The fields that have no place of their own; null and empty ones say nothing."""
    return {name: value for name, value in item.items() if name not in known and value not in (None, "", [], {})}


def _made(stored: object) -> datetime | None:
    """When an ObjectId was made: its first four bytes are seconds since 1970."""
    name = stored.get("$oid") if isinstance(stored, dict) else None
    if not isinstance(name, str) or len(name) != 24:
        return None
    try:
        return datetime.fromtimestamp(int(name[:8], 16), UTC)
    except ValueError:
        return None
