"""The model: what conversations promise, in plain Python, without a database."""

from dataclasses import dataclass, field
from itertools import count

_clock = count()


def same(one, other):
    """Equal as JSON values: `true` is not 1."""
    return one == other and isinstance(one, bool) == isinstance(other, bool)


@dataclass(eq=False)
class Said:
    """A message; `home` is the conversation that it was appended to."""

    home: "Chat"
    role: str
    content: str
    request_id: str | None = None

    def shown(self):
        return (self.role, self.content, self.request_id)


@dataclass(eq=False)
class Chat:
    """A conversation; a fork holds its shared past as the same messages."""

    title: str
    metadata: dict
    said: list[Said] = field(default_factory=list)
    status: str = "ACTIVE"
    hidden: bool = False
    active: int = field(default_factory=lambda: next(_clock))
    summaries: list[tuple] = field(default_factory=list)

    @property
    def shared(self):
        return next((n for n, message in enumerate(self.said) if message.home is self), len(self.said))

    def add(self, messages):
        """The places (seq, replayed) of what is appended, or the code of the error."""
        if self.status == "DELETED":
            return "conversation_not_found"
        known = {(m.request_id, m.role): n for n, m in enumerate(self.said, 1) if m.home is self and m.request_id}
        new = [(role, text, key) for role, text, key in messages if (key, role) not in known]
        if new and self.status != "ACTIVE":
            return "conversation_not_active"
        places = []
        for role, text, key in messages:
            if (key, role) in known:
                places.append((known[key, role], True))
                continue
            self.said.append(Said(self, role, text, key))
            self.active = next(_clock)
            places.append((len(self.said), False))
            if key:
                known[key, role] = len(self.said)
        return places

    def change(self, status):
        if self.status == "DELETED" and status != "ACTIVE":
            return "conversation_not_found"
        if status == "ACTIVE":
            self.hidden = False
        self.status = status
        return status

    def summarize(self, through):
        if self.status == "DELETED":
            return "conversation_not_found"
        if not 1 <= through <= len(self.said):
            return "seq_out_of_range"
        self.summaries.append((len(self.summaries) + 1, 1, through))
        return self.summaries[-1]

    def fork(self, at):
        if self.status == "DELETED":
            return "conversation_not_found"
        if not 1 <= at <= len(self.said):
            return "seq_out_of_range"
        return Chat(self.title, self.metadata, said=self.said[:at])

    def counts(self):
        roles = [message.role for message in self.said]
        return {role: roles.count(role) for role in set(roles)}


class Person:
    """Everything of one person."""

    def __init__(self):
        self.chats: list[Chat] = []

    def listed(self, *, status=None, hidden=False, metadata=None):
        """Places of the conversations a list shows, in its order."""
        found = [
            (chat.active, n)
            for n, chat in enumerate(self.chats)
            if (chat.status == status if status else chat.status != "DELETED")
            and (hidden or status == "DELETED" or not chat.hidden)
            and all(key in chat.metadata and same(chat.metadata[key], value) for key, value in (metadata or {}).items())
        ]
        return [n for _, n in sorted(found, reverse=True)]

    def found(self, words, without=()):
        """Contents that a search must find, and those that it may."""

        def matches(message):
            said = message.content.split()
            return all(word in said for word in words) and not any(word in said for word in without)

        open_chats = [chat for chat in self.chats if chat.status != "DELETED"]
        may = {message for chat in open_chats for message in chat.said if matches(message)}
        return {m for m in may if m.home.status != "DELETED"}, may
