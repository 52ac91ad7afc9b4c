"""LibreChat's export of one conversation: messages that name their parents, or nested in `children`.

The nested kind is called recursive there: each turn lies two levels deeper than the one before, so that a file may nest
deeper than a conversation normally can. The limit on nesting is held against each message instead.
"""

from collections.abc import Iterator

from .fields import (
    Item,
    Malformed,
    Reading,
    digest,
    entries,
    identifier,
    kept,
    objects,
    required_object,
    role,
    same,
    structured,
    text,
    text_of,
)
from .models import Part, ReadConversation, ReadMessage, Role
from .tree import Node, Tree

NESTING = 20
"""How many times deeper than other formats a file of this one may nest: 1,000 turns at the default limit."""

_NO_PARENT = "00000000-0000-0000-0000-000000000000"
_ABOUT_CONVERSATION = same("endpoint", "endpointType", "model", "options", "tags", "agent_id", "assistant_id")
_ABOUT_MESSAGE = same(
    "model", "endpoint", "sender", "error", "unfinished", "finish_reason", "tokenCount", "feedback", "iconURL"
)
_FILE = (
    ("file_id", "id"),
    ("filename", "name"),
    ("type", "mime_type"),
    ("bytes", "size"),
    ("filepath", "url"),
    *same("width", "height"),
)
_Placed = tuple[object, str | None, str]


def recognises(paths: set[str]) -> bool:
    """An id in camel case beside the messages, flat or nested."""
    known = "conversationId" in paths and "_id.$oid" not in paths  # else it is a collection of MongoDB's
    return known and ("messages" in paths or "messagesTree" in paths)


def read(item: Item, reading: Reading) -> ReadConversation:
    """The conversation; the export does not say what was shown last, so the main line follows the last children."""
    messages, branches = Tree(_nodes(item, reading), reading).lines(None)
    return ReadConversation(
        source="librechat",
        external_id=identifier(item.get("conversationId")) or digest(item),
        title=text(item.get("title")),
        created_at=reading.time(item.get("createdAt"), ".createdAt"),
        updated_at=reading.time(item.get("updatedAt"), ".updatedAt"),
        messages=messages,
        branches=branches,
        archived=item.get("isArchived") is True,
        metadata=kept(item, _ABOUT_CONVERSATION),
        place=reading.place,
    )


def _nodes(item: Item, reading: Reading) -> dict[str, Node]:
    nodes: dict[str, Node] = {}
    for raw, parent, at in _flattened(item):
        node = _node(len(nodes), raw, parent, at, reading)
        if node.id in nodes:
            reading.report("another message has the same id", node.id, at)
        else:
            nodes[node.id] = node
    return nodes


def _flattened(item: Item) -> Iterator[_Placed]:
    """Every message with the id of the one it is nested in and its place, in order, parents first."""
    key = "messagesTree" if "messagesTree" in item else "messages"
    top = item.get(key)
    if not isinstance(top, list | dict):
        raise Malformed(f"{key!r} is not a list", top, f".{key}")
    waiting = _placed(top if isinstance(top, list) else [top], None, f".{key}")
    while waiting:
        raw, parent, at = waiting.pop()
        yield raw, parent, at
        if isinstance(raw, dict):
            name = identifier(raw.get("messageId"))
            waiting += _placed(entries(raw.get("children")), name, f"{at}.children")


def _placed(raw: list[object], parent: str | None, at: str) -> list[_Placed]:
    """Last first, because the walk takes them from the end."""
    return [(entry, parent, f"{at}[{number}]") for number, entry in enumerate(raw)][::-1]


def _node(number: int, raw: object, nested_in: str | None, at: str, reading: Reading) -> Node:
    links = raw if isinstance(raw, dict) else {}
    name = identifier(links.get("messageId")) or str(number)
    parent = nested_in or identifier(links.get("parentMessageId"))
    message = None
    try:
        message = _message(name, required_object(raw, "message", at), reading, at)
    except Malformed as error:
        reading.report(error.reason, error.value, error.at)
    return Node(id=name, parent=None if parent == _NO_PARENT else parent, message=message, at=at)


def _message(name: str, message: Item, reading: Reading, at: str) -> ReadMessage:
    _check_depth({key: value for key, value in message.items() if key != "children"}, reading.max_depth, at)
    parts = _parts(message)
    return ReadMessage(
        external_id=name,
        role=_role(message, at),
        content=text_of(parts),
        parts=structured(parts),
        created_at=reading.time(message.get("createdAt"), f"{at}.createdAt"),
        metadata=kept(message, _ABOUT_MESSAGE),
        place=reading.place + at,
    )


def _role(message: Item, at: str) -> Role:
    by_user = message.get("isCreatedByUser")
    if isinstance(by_user, bool):
        return "user" if by_user else "assistant"
    return role(message.get("role", message.get("sender")), f"{at}.isCreatedByUser")


def _check_depth(value: object, limit: int, at: str) -> None:
    """Level by level instead of recursively: there may be more levels than Python allows calls."""
    level = [value]
    for _ in range(limit):
        level = [child for parent in level for child in _children(parent) if isinstance(child, dict | list)]
        if not level:
            return
    raise Malformed(f"it nests more than {limit} levels deep", value, at)


def _children(value: object) -> list[object]:
    return list(value.values()) if isinstance(value, dict) else entries(value)


def _parts(message: Item) -> list[Part]:
    """The content parts, or the text where there are none, then the files."""
    parts = [_part(part) for part in objects(message.get("content"))]
    if not parts and text(message.get("text")):
        parts = [{"type": "text", "text": message["text"]}]
    files = objects(message.get("files")) + objects(message.get("attachments"))
    return parts + [{"type": "file", **kept(file, _FILE)} for file in files]


def _part(raw: Item) -> Part:
    kind = text(raw.get("type"))
    inner = raw.get(kind)
    match kind:
        case "text":
            return {"type": "text", "text": _value(inner)}
        case "think":
            return {"type": "thinking", "text": _value(inner)}
        case "tool_call" if isinstance(inner, dict):
            return {"type": "tool_call", **kept(inner, (("args", "input"), *same("id", "name", "output")))}
        case "image_file" | "image_url" if isinstance(inner, dict):
            return {**inner, "type": "image"}
        case _:
            return {**raw, "type": kind or "unknown"}


def _value(text_or_object: object) -> str:
    """Assistants write `{"value": …}` where others write the text itself."""
    if isinstance(text_or_object, dict):
        return text(text_or_object.get("value"))
    return text(text_or_object)
