"""Open WebUI's export: `chat.history.messages` by id, with `currentId` the last shown; older ones only a list."""

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
    text_of,
)
from .models import Part, ReadConversation, ReadMessage
from .openai_jsonl import parts_of
from .tree import Node, Tree

_ABOUT_RECORD = same("user_id", "folder_id", "share_id", "pinned", "meta")
_ABOUT_CHAT = same("models", "tags", "params", "system", "files")
_ABOUT_MESSAGE = same(
    "model", "models", "modelName", "done", "error", "usage", "info", "sources", "citations", "annotation"
)
_FILE = same("id", "name", "url", "size", "content_type", "collection_name")


def recognises(paths: set[str]) -> bool:
    """A chat inside a record, which holds its history or at least its messages."""
    return "chat.history" in paths or "chat.messages" in paths


def read(item: Item, reading: Reading) -> ReadConversation:
    """The conversation; its main line ends at `currentId`."""
    chat = required_object(item.get("chat"), "chat", ".chat")
    nodes, current = _history(chat, reading)
    messages, branches = Tree(nodes, reading).lines(current if current in nodes else None)
    return ReadConversation(
        source="openwebui",
        external_id=identifier(item.get("id")) or identifier(chat.get("id")) or digest(item),
        title=text(item.get("title")) or text(chat.get("title")),
        created_at=reading.time(item.get("created_at", chat.get("timestamp")), ".created_at"),
        updated_at=reading.time(item.get("updated_at"), ".updated_at"),
        messages=messages,
        branches=branches,
        archived=item.get("archived") is True,
        metadata=kept(item, _ABOUT_RECORD) | kept(chat, _ABOUT_CHAT),
        place=reading.place,
    )


def _history(chat: Item, reading: Reading) -> tuple[dict[str, Node], str | None]:
    """The nodes and the current one. `chat.messages` repeats the main line; it counts where there is no history."""
    history = chat.get("history")
    if history is None:
        listed = required_list(chat.get("messages"), "messages", ".chat.messages")
        return _listed(listed, reading), None
    at = ".chat.history"
    stored = required_object(history, "history", at)
    by_id = required_object(stored.get("messages"), "messages", f"{at}.messages")
    nodes = {name: _node(name, raw, None, reading, f"{at}.messages.{name}") for name, raw in by_id.items()}
    return nodes, identifier(stored.get("currentId"))


def _listed(listed: list[object], reading: Reading) -> dict[str, Node]:
    nodes: dict[str, Node] = {}
    before: str | None = None
    for number, raw in enumerate(listed):
        at = f".chat.messages[{number}]"
        name = (identifier(raw.get("id")) if isinstance(raw, dict) else None) or str(number)
        if name in nodes:
            reading.report("another message has the same id", name, at)
            continue
        nodes[name] = _node(name, raw, before, reading, at)
        before = name
    return nodes


def _node(name: str, raw: object, before: str | None, reading: Reading, at: str) -> Node:
    links = raw if isinstance(raw, dict) else {}
    message = None
    try:
        message = _message(name, required_object(raw, "message", at), reading, at)
    except Malformed as error:
        reading.report(error.reason, error.value, error.at)
    children = tuple(child for child in entries(links.get("childrenIds")) if isinstance(child, str))
    parent = identifier(links.get("parentId")) or before
    return Node(id=name, parent=parent, message=message, at=at, children=children)


def _message(name: str, message: Item, reading: Reading, at: str) -> ReadMessage:
    parts = parts_of(message, at) + [_file(file) for file in objects(message.get("files"))] + _output(message)
    return ReadMessage(
        external_id=name,
        role=role(message.get("role"), f"{at}.role"),
        content=text_of(parts),
        parts=structured(parts),
        created_at=reading.time(message.get("timestamp"), f"{at}.timestamp"),
        metadata=kept(message, _ABOUT_MESSAGE),
        place=reading.place + at,
    )


def _file(raw: Item) -> Part:
    kind = "image" if raw.get("type") == "image" else "file"
    return {"type": kind, **kept(raw, _FILE)}


def _output(message: Item) -> list[Part]:
    """Newer versions also keep the model's raw output; its `message` entries repeat the content."""
    found = [entry for entry in objects(message.get("output")) if entry.get("type") != "message"]
    return [{**entry, "type": text(entry.get("type")) or "unknown"} for entry in found]
