"""ShareGPT's format of training data: `conversations` of `{"from", "value"}`, in an array or one a line."""

from .fields import (
    Item,
    Malformed,
    Reading,
    digest,
    identifier,
    kept,
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

_ABOUT_CONVERSATION = same("tools", "model", "source", "category", "language")
_ABOUT_MESSAGE = same("weight", "loss")
_RESULTS = frozenset({"tool", "observation", "function", "function_response"})


def recognises(paths: set[str]) -> bool:
    """`conversations` is its own word; `items` is anyone's, so that it needs messages of the right kind in it."""
    turns = {"conversations.item.from", "conversations.item.role", "items.item.from"}
    return not turns.isdisjoint(paths)


def read(item: Item, reading: Reading) -> ReadConversation:
    """The conversation. Without an id, a digest of its content stands for it. It has no times."""
    key = "conversations" if "conversations" in item else "items"
    raw = required_list(item.get(key), key, f".{key}")
    messages = [_message(number, entry, reading, f".{key}[{number}]") for number, entry in enumerate(raw)]
    return ReadConversation(
        source="sharegpt",
        external_id=identifier(item.get("id")) or digest(item),
        title=text(item.get("title")),
        created_at=None,
        updated_at=None,
        messages=(*_system(item, reading), *(message for message in messages if message is not None)),
        branches=(),
        archived=False,
        metadata=kept(item, _ABOUT_CONVERSATION),
        place=reading.place,
    )


def _system(item: Item, reading: Reading) -> list[ReadMessage]:
    """The system prompt, which some write beside the messages."""
    prompt = text(item.get("system"))
    if not prompt:
        return []
    parts: list[Part] = [{"type": "text", "text": prompt}]
    return [_read("system", {"from": "system"}, parts, reading, ".system")]


def _message(number: int, raw: object, reading: Reading, at: str) -> ReadMessage | None:
    try:
        message = required_object(raw, "message", at)
        return _read(str(number), message, _parts(message, at), reading, at)
    except Malformed as error:
        reading.report(error.reason, error.value, error.at)
        return None


def _read(name: str, message: Item, parts: list[Part], reading: Reading, at: str) -> ReadMessage:
    return ReadMessage(
        external_id=name,
        role=role(message.get("from", message.get("role")), f"{at}.from"),
        content=text_of(parts),
        parts=structured(parts),
        created_at=None,
        metadata=kept(message, _ABOUT_MESSAGE),
        place=reading.place + at,
    )


def _parts(message: Item, at: str) -> list[Part]:
    if "from" not in message:
        return parts_of(message, at)
    value = message.get("value")
    if not isinstance(value, str):
        raise Malformed("'value' is not text", value, f"{at}.value")
    if message["from"] == "function_call":
        return [{"type": "tool_call", "input": value}]
    return [{"type": "tool_result" if text(message["from"]) in _RESULTS else "text", "text": value}]
