"""ChatGPT's data export: a `mapping` of nodes that name their parents, and the `current_node` last shown."""

from collections.abc import Callable

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
from .models import Part, ReadConversation, ReadMessage
from .tree import Node, Tree

_ABOUT_CONVERSATION = (
    ("default_model_slug", "model"),
    *same("gizmo_id", "conversation_template_id", "conversation_origin", "workspace_id", "memory_scope", "plugin_ids"),
    *same("is_starred", "is_study_mode", "voice"),
)
_ABOUT_MESSAGE = (
    ("model_slug", "model"),
    *same("finish_details", "citations", "content_references", "thinking_effort", "finished_duration_sec", "command"),
)
_ABOUT_DELIVERY = same("status", "channel")
_ABOUT_AUTHOR = same("name")
# Beside `parts`, where content types that are not known here keep their text; the first that is there is taken.
_TEXT_FIELDS = ("text", "result", "content", "user_instructions")


def recognises(paths: set[str]) -> bool:
    """Only ChatGPT keeps a `mapping`."""
    return "mapping" in paths


def read(item: Item, reading: Reading) -> ReadConversation:
    """The conversation; its main line runs from the root to `current_node`."""
    mapping = required_object(item.get("mapping"), "mapping", ".mapping")
    tree = Tree({name: _node(name, raw, reading) for name, raw in mapping.items()}, reading)
    messages, branches = tree.lines(_current(item, mapping, reading))
    return ReadConversation(
        source="chatgpt",
        external_id=identifier(item.get("id")) or identifier(item.get("conversation_id")) or digest(item),
        title=text(item.get("title")),
        created_at=reading.time(item.get("create_time"), ".create_time"),
        updated_at=reading.time(item.get("update_time"), ".update_time"),
        messages=messages,
        branches=branches,
        archived=item.get("is_archived") is True,
        metadata=kept(item, _ABOUT_CONVERSATION),
        place=reading.place,
    )


def _current(item: Item, mapping: Item, reading: Reading) -> str | None:
    current = item.get("current_node")
    if isinstance(current, str) and current in mapping:
        return current
    if current is not None:
        reading.report("the current node is not in the conversation; the last line is taken", current, ".current_node")
    return None


def _node(name: str, raw: object, reading: Reading) -> Node:
    at = f".mapping.{name}"
    message = None
    try:
        node = required_object(raw, name, at)
        message = _message(name, node.get("message"), reading)
    except Malformed as error:
        reading.report(error.reason, error.value, error.at)
    links = raw if isinstance(raw, dict) else {}
    children = tuple(child for child in entries(links.get("children")) if isinstance(child, str))
    return Node(id=name, parent=identifier(links.get("parent")), message=message, at=at, children=children)


def _message(name: str, raw: object, reading: Reading) -> ReadMessage | None:
    """The message of a node; None for nodes without one, hidden ones and empty placeholders."""
    if raw is None:
        return None
    at = f".mapping.{name}.message"
    message = required_object(raw, "message", at)
    about = message.get("metadata")
    about = about if isinstance(about, dict) else {}
    author = required_object(message.get("author"), "author", f"{at}.author")
    content, parts = _content(message, author, about, at)
    if about.get("is_visually_hidden_from_conversation") is True or not (content or parts):
        return None
    return ReadMessage(
        external_id=name,
        role=role(author.get("role"), f"{at}.author.role"),
        content=content,
        parts=structured(parts),
        created_at=reading.time(message.get("create_time"), f"{at}.create_time"),
        metadata=_metadata(name, message, author, about),
        place=f"{reading.place}.mapping.{name}",
    )


def _metadata(name: str, message: Item, author: Item, about: Item) -> Item:
    found = kept(about, _ABOUT_MESSAGE) | kept(message, _ABOUT_DELIVERY) | kept(author, _ABOUT_AUTHOR)
    if message.get("recipient") not in (None, "all"):
        found["recipient"] = message["recipient"]
    if message.get("id") not in (None, name):
        found["message_id"] = message["id"]
    return found


def _content(message: Item, author: Item, about: Item, at: str) -> tuple[str, list[Part]]:
    """The plain text and the parts. A message to a tool is a tool call: its text is input, not something said."""
    content = required_object(message.get("content"), "content", f"{at}.content")
    kind = content.get("content_type")
    said, parts = _BY_TYPE.get(kind if isinstance(kind, str) else "", _other)(content)
    recipient = message.get("recipient")
    if author.get("role") == "assistant" and isinstance(recipient, str) and recipient != "all" and said:
        parts = [{"type": "tool_call", "name": recipient, "input": said}, *_beside_text(parts)]
        said = ""
    elif author.get("role") == "tool" and said and structured(parts) is None:
        parts = [{"type": "tool_result", **kept(author, _ABOUT_AUTHOR), "text": said}]
    return said, parts + [_file(attachment) for attachment in objects(about.get("attachments"))]


def _beside_text(parts: list[Part]) -> list[Part]:
    """The parts that a tool call's input does not already hold."""
    return [part for part in parts if part["type"] not in ("text", "code")]


def _file(attachment: Item) -> Part:
    return {"type": "file", **kept(attachment, same("id", "name", "mime_type", "size", "width", "height"))}


def _text(content: Item) -> tuple[str, list[Part]]:
    """`parts` of strings and, in newer exports, of objects such as pointers to images."""
    parts = [_part(part) for part in entries(content.get("parts")) if part not in (None, "")]
    return text_of(parts), parts


def _part(part: object) -> Part:
    if isinstance(part, str):
        return {"type": "text", "text": part}
    if not isinstance(part, dict):
        return {"type": "unknown", "value": part}
    kind = text(part.get("content_type")) or "unknown"
    rest = {name: value for name, value in part.items() if name != "content_type"}
    return {**rest, "type": "image" if kind == "image_asset_pointer" else kind}


def _code(content: Item) -> tuple[str, list[Part]]:
    said = text(content.get("text"))
    return said, [{"type": "code", **kept(content, same("language", "response_format_name")), "text": said}]


def _output(content: Item) -> tuple[str, list[Part]]:
    """What a tool printed; `_content` makes the tool's result of it."""
    said = text(content.get("text"))
    return said, [{"type": "text", "text": said}] if said else []


def _thoughts(content: Item) -> tuple[str, list[Part]]:
    """Reasoning is structure only: it was never said to the user."""
    thoughts: list[Part] = [
        {"type": "thinking", **kept(thought, (("summary", "summary"), ("content", "text")))}
        for thought in objects(content.get("thoughts"))
    ]
    told = (part for part in entries(content.get("parts")) if isinstance(part, str) and part)
    return "", thoughts + [{"type": "thinking", "text": part} for part in told]


def _recap(content: Item) -> tuple[str, list[Part]]:
    recap = text(content.get("content")) or _text(content)[0]
    return "", [{"type": "reasoning_recap", "text": recap}] if recap else []


def _other(content: Item) -> tuple[str, list[Part]]:
    """A content type that is not known here is kept whole, under its own name, with what text it has beside it."""
    rest = {name: value for name, value in content.items() if name != "content_type"}
    said = _text(content)[0]
    found = [said, *(text(content.get(name)) for name in _TEXT_FIELDS)]
    said = next(filter(None, found), "")
    return said, [{**rest, "type": text(content.get("content_type")) or "unknown"}]


_BY_TYPE: dict[str, Callable[[Item], tuple[str, list[Part]]]] = {
    "text": _text,
    "multimodal_text": _text,
    "code": _code,
    "execution_output": _output,
    "thoughts": _thoughts,
    "reasoning_recap": _recap,
}
