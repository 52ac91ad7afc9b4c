"""/v1/conversations: the log, summaries, feedback, attachments, forks, search, context, import."""

from datetime import datetime
from functools import partial
from uuid import UUID

from holdfast.core.errors import InvalidInput
from holdfast.core.pages import Page
from holdfast.domains.conversations import Conversations, Message
from holdfast.faces.http.routes import Route

_route = partial(Route, "conversations")
_ONE = "/conversations/{conversation}"
_MESSAGES = f"{_ONE}/messages"


def read_messages(
    conversations: Conversations,
    conversation: UUID,
    *,
    last: int | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    limit: int = 50,
    cursor: str | None = None,
) -> Page[Message]:
    """The messages of a conversation, oldest first.

    `last`: the latest so many. `since` and `until`: those of a period. Otherwise a page; `cursor` continues one.
    """
    if last is not None:
        _check_alone("last", since=since, until=until, cursor=cursor)
        return Page(items=tuple(conversations.last(conversation, last)))
    if since is not None:
        _check_alone("since", cursor=cursor)
        return Page(items=tuple(conversations.between(conversation, since, until, limit=limit)))
    _check_alone("messages without since", until=until)
    return conversations.messages(conversation, limit=limit, cursor=cursor)


def _check_alone(what: str, **others: object) -> None:
    for name, value in others.items():
        if value is not None:
            raise InvalidInput(f"{name}: does not go with {what}; leave one out", field=name)


ROUTES = (
    # The two that are asked for most are looked for first.
    _route("POST", _MESSAGES, Conversations.append, status=201, location="/v1/messages/{id}"),
    _route("GET", _MESSAGES, Conversations.messages, calls=read_messages),
    _route("POST", "/conversations", Conversations.create, status=201, etag=True, location="/v1/conversations/{id}"),
    _route("GET", "/conversations", Conversations.list),
    _route("GET", _ONE, Conversations.get, etag=True),
    _route("PATCH", _ONE, Conversations.edit, etag=True),
    _route("DELETE", _ONE, Conversations.delete),
    _route("POST", f"{_ONE}/archive", Conversations.archive),
    _route("POST", f"{_ONE}/close", Conversations.close),
    _route("POST", f"{_ONE}/restore", Conversations.restore),
    _route("POST", f"{_ONE}/hide", Conversations.hide),
    _route("POST", f"{_ONE}/forks", Conversations.fork, status=201, location="/v1/conversations/{id}"),
    _route("POST", f"{_MESSAGES}/batch", Conversations.append_many, status=201),
    _route("GET", f"{_ONE}/counts", Conversations.counts),
    _route("GET", f"{_ONE}/context", Conversations.context, policy="conversations.read"),
    _route("GET", f"{_ONE}/summaries", Conversations.summaries),
    _route("POST", f"{_ONE}/summaries", Conversations.summarize, status=201),
    _route("GET", f"{_ONE}/feedback", Conversations.feedback),
    _route("GET", f"{_ONE}/cost", Conversations.cost),
    _route("GET", f"{_ONE}/verification", Conversations.verify),
    _route("POST", f"{_ONE}/attachments", Conversations.attach, status=201),
    _route("GET", f"{_ONE}/attachments/{{digest}}", Conversations.attachment),
    _route("GET", "/messages/{message_id}", Conversations.message),
    _route("PUT", "/messages/{message_id}/feedback", Conversations.rate),
    _route("GET", "/search", Conversations.search, names={"query": "q"}, policy="conversations.read"),
    _route("PUT", "/messages/vectors", Conversations.embed_some, policy="conversations.embed"),
    _route("GET", "/due-summaries", Conversations.due_summaries),
    _route("GET", "/visible", Conversations.visible),
    _route("POST", "/imports", Conversations.import_export, policy="conversations.import"),
)
READ_ELSEWHERE = (
    _route("GET", _MESSAGES, Conversations.messages),
    _route("GET", _MESSAGES, Conversations.last, names={"n": "last"}),
    _route("GET", _MESSAGES, Conversations.between),
)
"""Operations that share a path: how a client asks for them."""
