"""Claude's data export: `chat_messages` in order, which in newer exports also name their parents."""

from .fields import (
    Item,
    Malformed,
    Reading,
    digest,
    entries,
    identifier,
    kept,
    objects,
    required_list,
    required_object,
    role,
    same,
    structured,
    text,
)
from .models import Part, ReadConversation, ReadMessage
from .tree import Node, Tree

_ROOT = "00000000-0000-4000-8000-000000000000"
_ABOUT_CONVERSATION = same("summary", "model", "is_starred", "account", "project", "project_uuid", "platform")
_ABOUT_MESSAGE = same("model", "stop_reason", "truncated", "input_mode", "updated_at")
_FILE = (
    ("file_uuid", "id"),
    ("file_name", "name"),
    ("file_type", "mime_type"),
    ("file_kind", "kind"),
    ("file_size", "size"),
    ("extracted_content", "text"),
)
# Their text is not something said; a block of a type that is not known here may well be.
_NOT_SAID = frozenset({"thinking", "tool_call", "tool_result", "file"})
_CALL = (("id", "id"), ("name", "name"), ("input", "input"))
_RESULT = (("tool_use_id", "tool_call_id"), ("name", "name"), ("content", "content"), ("is_error", "is_error"))


def recognises(paths: set[str]) -> bool:
    """Only Claude calls them `chat_messages`."""
    return "chat_messages" in paths


def read(item: Item, reading: Reading) -> ReadConversation:
    """The conversation; its main line ends at `current_leaf_message_uuid` or, without one, at the last message."""
    raw = required_list(item.get("chat_messages"), "chat_messages", ".chat_messages")
    nodes = _nodes(raw, reading)
    current = identifier(item.get("current_leaf_message_uuid"))
    messages, branches = Tree(nodes, reading).lines(current if current in nodes else None)
    return ReadConversation(
        source="claude",
        external_id=identifier(item.get("uuid")) or digest(item),
        title=text(item.get("name")),
        created_at=reading.time(item.get("created_at"), ".created_at"),
        updated_at=reading.time(item.get("updated_at"), ".updated_at"),
        messages=messages,
        branches=branches,
        archived=item.get("is_archived") is True,
        metadata=kept(item, _ABOUT_CONVERSATION),
        place=reading.place,
    )


def _nodes(raw: list[object], reading: Reading) -> dict[str, Node]:
    nodes: dict[str, Node] = {}
    before: str | None = None
    for number, entry in enumerate(raw):
        node = _node(number, entry, before, reading)
        if node.id in nodes:
            reading.report("another message has the same id", node.id, node.at)
            continue
        nodes[node.id] = node
        before = node.id
    return nodes


def _node(number: int, raw: object, before: str | None, reading: Reading) -> Node:
    """A message without a parent's name follows the one before it in the file."""
    at = f".chat_messages[{number}]"
    links = raw if isinstance(raw, dict) else {}
    name = identifier(links.get("uuid")) or str(number)
    message = None
    try:
        message = _message(name, required_object(raw, "message", at), reading, at)
    except Malformed as error:
        reading.report(error.reason, error.value, error.at)
    parent = identifier(links.get("parent_message_uuid"))
    parent = before if parent is None else None if parent == _ROOT else parent
    return Node(id=name, parent=parent, message=message, at=at)


def _message(name: str, message: Item, reading: Reading, at: str) -> ReadMessage:
    parts = _parts(message, at)
    metadata = kept(message, _ABOUT_MESSAGE)
    if metadata.get("updated_at") == message.get("created_at"):
        metadata.pop("updated_at", None)
    return ReadMessage(
        external_id=name,
        role=role(message.get("sender"), f"{at}.sender"),
        content=_said(parts),
        parts=structured(parts),
        created_at=reading.time(message.get("created_at"), f"{at}.created_at"),
        metadata=metadata,
        place=reading.place + at,
    )


def _said(parts: list[Part]) -> str:
    found = (text(part.get("text")) for part in parts if part["type"] not in _NOT_SAID)
    return "\n".join(filter(None, found))


def _parts(message: Item, at: str) -> list[Part]:
    """The content blocks and the files. Older exports have only `text`; in newer ones it repeats the blocks."""
    blocks = message.get("content")
    if blocks is not None:
        required_list(blocks, "content", f"{at}.content")
    parts = [_block(block) for block in entries(blocks)]
    if not parts and text(message.get("text")):
        parts = [{"type": "text", "text": message["text"]}]
    files = objects(message.get("attachments")) + objects(message.get("files_v2") or message.get("files"))
    return parts + [{"type": "file", **kept(file, _FILE)} for file in files]


def _block(raw: object) -> Part:
    if not isinstance(raw, dict):
        return {"type": "unknown", "value": raw}
    match raw.get("type"):
        case "text":
            return {"type": "text", "text": text(raw.get("text")), **kept(raw, same("citations"))}
        case "thinking":
            return {"type": "thinking", "text": text(raw.get("thinking")), **kept(raw, same("summaries"))}
        case "tool_use":
            return {"type": "tool_call", **kept(raw, _CALL)}
        case "tool_result":
            return {"type": "tool_result", **kept(raw, _RESULT)}
        case kind:
            return {**raw, "type": text(kind) or "unknown"}
