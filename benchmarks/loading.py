"""Long conversations, loaded quickly."""

from collections.abc import Callable

from benchmarks.sayings import sample
from holdfast import NewMessage
from holdfast.scopes import UserScope

BATCH = 10_000
_CONTENTS = sample()


def usual(number: int) -> str:
    """One of the usual messages."""
    return _CONTENTS[number % len(_CONTENTS)]


def fill(amina: UserScope, length: int, content: Callable[[int], str] = usual) -> str:
    """A new conversation of `length` messages: its id."""
    chat = amina.conversations.create(title=f"{length:,} messages").id
    for first in range(0, length, BATCH):
        batch = range(first, min(first + BATCH, length))
        amina.conversations.append_many(chat, [NewMessage(role="user", content=content(n)) for n in batch])
    return str(chat)
