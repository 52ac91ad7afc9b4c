"""A process made to be killed: several threads append, and tell on stdout what they begin and what was acknowledged.

    python -m campaigns.victim URL KEY LIFE THREADS CHAT…

A line to a pipe is one write, which the reader gets even when the writer dies the next moment; so every line
`done …` that the parent reads is an append that had returned. `try …` comes before the append begins.
"""

import os
import sys
import threading

import holdfast

from .places import Place, conversations_of


def content(request: str) -> str:
    """What a request says: its thread and number first, and long enough to fill pages."""
    writer, number = request.rsplit("-", 1)
    return f"{writer} {number} " + f"the loan is repaid in equal parts {request} " * (1 + int(number) % 40)


def chat_of(request: str, chats: list[str]) -> str:
    """The conversation that a request goes to: threads share them, and each stays in one."""
    thread = int(request.rsplit("-", 2)[1])
    return chats[thread % len(chats)]


def append(conversations: object, chats: list[str], request: str) -> holdfast.Message:
    """Make one request."""
    chat = chat_of(request, chats)
    return conversations.append(  # type: ignore[attr-defined,no-any-return]
        chat, role="user", content=content(request), request_id=request
    )


def _tell(line: str) -> None:
    os.write(1, f"{line}\n".encode())


def _append_for_ever(place: Place, store: holdfast.Store, life: str, thread: int, chats: list[str]) -> None:
    conversations = conversations_of(store)
    for number in range(1_000_000):
        request = f"{life}-{thread}-{number}"
        _tell(f"try {request}")
        append(conversations, chats, request)
        _tell(f"done {request}")


def main() -> None:
    """Append until killed."""
    url, key, life, threads, *chats = sys.argv[1:]
    place = Place("", url, key or None)
    store = place.open()
    crew = [
        threading.Thread(target=_append_for_ever, args=(place, store, life, number, chats))
        for number in range(int(threads))
    ]
    for thread in crew:
        thread.start()
    for thread in crew:
        thread.join()


if __name__ == "__main__":
    main()
