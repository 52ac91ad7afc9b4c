"""OpenAI's chat messages: `{"messages": [{"role", "content"}]}`, one conversation a line, as for fine-tuning.

`parts_of` reads one such message; other formats borrow it where they store the same thing.
"""

from .fields import (
    Item,
    Malformed,
    Reading,
    digest,
    entries,
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

_ABOUT_CONVERSATION = same("tools", "functions", "parallel_tool_calls", "metadata")
_ABOUT_MESSAGE = same("name", "weight", "refusal")


def recognises(paths: set[str]) -> bool:
    """A list of messages with a role each, and nothing around it that another format has."""
    return "messages.item.role" in paths


def read(item: Item, reading: Reading) -> ReadConversation:
    """The conversation. It has no id and no times: a digest of its content stands for the id."""
    raw = required_list(item.get("messages"), "messages", ".messages")
    messages = (_message(number, entry, reading) for number, entry in enumerate(raw))
    return ReadConversation(
        source="openai",
        external_id=digest(item),
        title="",
        created_at=None,
        updated_at=None,
        messages=tuple(message for message in messages if message is not None),
        branches=(),
        archived=False,
        metadata=kept(item, _ABOUT_CONVERSATION),
        place=reading.place,
    )


def _message(number: int, raw: object, reading: Reading) -> ReadMessage | None:
    at = f".messages[{number}]"
    try:
        message = required_object(raw, "message", at)
        parts = parts_of(message, at)
        return ReadMessage(
            external_id=str(number),
            role=role(message.get("role"), f"{at}.role"),
            content=text_of(parts),
            parts=structured(parts),
            created_at=None,
            metadata=kept(message, _ABOUT_MESSAGE),
            place=reading.place + at,
        )
    except Malformed as error:
        reading.report(error.reason, error.value, error.at)
        return None


def parts_of(message: Item, at: str) -> list[Part]:
    """The parts of one message: its content, then its calls. A tool's message is one tool_result.

    Raises Malformed when the content is neither text nor a list.
    """
    content = message.get("content")
    if not isinstance(content, str | list | None):
        raise Malformed("'content' is neither text nor a list", content, f"{at}.content")
    parts: list[Part] = [{"type": "text", "text": content}] if isinstance(content, str) and content else []
    parts += [_part(part) for part in entries(content)]
    if message.get("role") in ("tool", "function"):
        about = kept(message, same("tool_call_id", "name"))
        others = [part for part in parts if part["type"] != "text"]
        return [{"type": "tool_result", **about, "text": text_of(parts)}, *others]
    return parts + [_call(call) for call in [*objects(message.get("tool_calls")), *_legacy_call(message)]]


def _part(raw: object) -> Part:
    if isinstance(raw, str):
        return {"type": "text", "text": raw}
    if not isinstance(raw, dict):
        return {"type": "unknown", "value": raw}
    image = raw.get("image_url")
    if raw.get("type") == "image_url" and image is not None:
        return {**(image if isinstance(image, dict) else {"url": image}), "type": "image"}
    return {**raw, "type": text(raw.get("type")) or "unknown"}


def _legacy_call(message: Item) -> list[Item]:
    call = message.get("function_call")
    return [{"function": call}] if isinstance(call, dict) else []


def _call(raw: Item) -> Part:
    """Arguments stay the text that the model wrote: it need not be JSON."""
    function = raw.get("function")
    if not isinstance(function, dict):
        return {**raw, "type": "tool_call"}
    return {"type": "tool_call", **kept(raw, same("id")), **kept(function, (("name", "name"), ("arguments", "input")))}
