"""Importing exported chats: every line of a conversation's tree becomes a conversation, sharing what they share.

A message is known by the id it had at its source, kept as its `request_id`. For each line of the export the stored
line that shares most with it is looked up: what is there stays, what goes on beyond its end is appended, what
leaves it becomes a fork. So a second import adds nothing, a later export adds what is new, and a conversation that
was continued here is never mixed with its continuation there.
"""

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from holdfast.core.clock import now
from holdfast.core.database import Transaction
from holdfast.core.errors import InvalidInput
from holdfast.core.ids import new_id
from holdfast.core.inputs import check_document, check_name
from holdfast.core.settings import Settings
from holdfast.domains.conversations import append_queries, lineage, queries, statuses, visibility
from holdfast.domains.conversations.append import append_all
from holdfast.domains.conversations.creation import fork, insert
from holdfast.domains.conversations.drafts import REQUEST_ID_BYTES, Draft, check_message
from holdfast.domains.conversations.models import Conversation, NewMessage
from holdfast.domains.conversations.readers import ReadConversation, ReadMessage, Unreadable

Key = tuple[str | None, str]
"""What a message is known by: its id at the source, and its role."""


@dataclass
class Checked:
    """A conversation of an export whose messages were checked: one list of drafts for each line, the main one first."""

    found: ReadConversation
    title: str | None
    metadata: dict[str, object]
    lines: list[list[Draft]]
    workspace_id: UUID | None = None
    unreadable: list[Unreadable] = field(default_factory=list)


@dataclass
class Added:
    """What one conversation of an export added."""

    conversations: int = 0
    forks: int = 0
    messages: int = 0
    elsewhere: bool = False
    """It is there already, in another workspace than was said; nothing was added."""


@dataclass
class _Line:
    """A stored line: message n of `path` has seq n + 1."""

    conversation: Conversation
    path: list[Key]

    def shared(self, keys: Sequence[Key]) -> int:
        pairs = zip(self.path, keys, strict=False)
        return next((n for n, (ours, theirs) in enumerate(pairs) if ours != theirs), min(len(self.path), len(keys)))


# -- before the transaction --------------------------------------------------------------------------------------------


def check(found: ReadConversation, settings: Settings, *, workspace_id: UUID | None = None) -> Checked:
    """Check every message. One that cannot be stored is named in `unreadable`; the rest goes in."""
    checked = Checked(found, None, {}, [], workspace_id)
    try:
        checked.title = check_name(found.title[: settings.title_chars], field="title", most_chars=settings.title_chars)
    except InvalidInput:
        checked.title = None  # exports have conversations without one
    try:
        limits = {"most_bytes": settings.metadata_bytes, "most_depth": settings.metadata_depth}
        checked.metadata = check_document(found.metadata, field="metadata", **limits)
    except InvalidInput as error:
        checked.unreadable.append(Unreadable(place=f"{found.place}.metadata", reason=str(error), value=""))
    _check_lines(checked, settings)
    return checked


def _check_lines(checked: Checked, settings: Settings) -> None:
    found = checked.found
    drafter = _Drafter(checked, settings)
    whole: dict[str | None, list[Draft | None]] = {None: drafter.line(found.messages)}
    for branch in found.branches:
        shared = whole[branch.parent][: branch.at]
        whole[branch.external_id] = shared + drafter.line(branch.messages)
    checked.lines = [[draft for draft in line if draft is not None] for line in whole.values()]


class _Drafter:
    """Makes drafts of messages, each id used once."""

    def __init__(self, checked: Checked, settings: Settings) -> None:
        self._checked = checked
        self._settings = settings
        self._used: Counter[Key] = Counter()
        self._time = checked.found.created_at or now()

    def line(self, messages: Sequence[ReadMessage]) -> list[Draft | None]:
        return [self._draft(message) for message in messages]

    def _draft(self, message: ReadMessage) -> Draft | None:
        if message.created_at is not None:
            self._time = min(message.created_at, now())
        new = NewMessage(
            role=message.role,
            content=message.content,
            parts=message.parts,
            metadata=message.metadata,
            request_id=self._key(message),
            created_at=min(self._time, now()),
        )
        try:
            return check_message(new, self._settings)
        except InvalidInput as error:
            left_out = Unreadable(place=message.place, reason=str(error), value=error.code)
            self._checked.unreadable.append(left_out)
            return None

    def _key(self, message: ReadMessage) -> str:
        """The id at the source; a digest of one too long; numbered where the source gave it twice."""
        name = message.external_id
        if not name or "\0" in name or len(name.encode(errors="replace")) > REQUEST_ID_BYTES - 10:
            name = hashlib.sha256(name.encode(errors="replace")).hexdigest()
        self._used[name, message.role] += 1
        times = self._used[name, message.role]
        return name if times == 1 else f"{name}#{times}"


# -- within it ---------------------------------------------------------------------------------------------------------


def store(tx: Transaction, checked: Checked, *, owner_id: UUID) -> Added:
    """Store what is not there yet. A conversation that is whole already costs two statements and one a fork."""
    found = checked.found
    added = Added()
    main = tx.first(queries.conversation_by_source, {"source": found.source, "source_id": _source_id(found)})
    if main is not None and checked.workspace_id not in (None, main.workspace_id):
        tx.unchanged()
        return Added(elsewhere=True)
    stored = [] if main is None else _stored_lines(tx, main, [])
    for drafts in checked.lines:
        if drafts:
            _store_line(tx, checked, drafts, stored, added, owner_id)
    if added.conversations or added.forks:
        visibility.keep_to_cap(tx, moment=now(), keep=())
    if not (added.messages or added.conversations):
        tx.unchanged()
    return added


def _source_id(found: ReadConversation, first_own: Draft | None = None) -> str:
    name = found.external_id if first_own is None else f"{found.external_id}#{first_own['request_id']}"
    sound = "\0" not in name and len(name.encode(errors="replace")) <= 2 * REQUEST_ID_BYTES
    return name if sound else hashlib.sha256(name.encode(errors="replace")).hexdigest()


def _stored_lines(tx: Transaction, conversation: Conversation, before: list[Key]) -> list[_Line]:
    place = {"conversation_id": conversation.id}
    own: list[Key] = [(request_id, role) for request_id, role in tx.all(append_queries.keys_of, place)]
    line = _Line(conversation, before + own)
    forks = [_stored_lines(tx, f, line.path[: f.forked_at]) for f in tx.all(queries.forks_of, place)]
    return [line, *(inner for lines in forks for inner in lines)]


def _store_line(
    tx: Transaction, checked: Checked, drafts: list[Draft], stored: list[_Line], added: Added, owner_id: UUID
) -> None:
    keys: list[Key] = [(draft["request_id"], draft["role"]) for draft in drafts]
    best = max(stored, key=lambda line: line.shared(keys), default=None)
    shared = 0 if best is None else best.shared(keys)
    if shared == len(keys):
        return
    if best is None or shared < len(best.path):
        best = _new_line(tx, checked, best if shared else None, shared, drafts, stored, owner_id)
        if best is None:
            return
        added.conversations += shared == 0
        added.forks += shared > 0
    _append(tx, best.conversation, drafts[shared:], archived=checked.found.archived)
    best.path = keys
    added.messages += len(drafts) - shared


def _new_line(
    tx: Transaction,
    checked: Checked,
    leaves: _Line | None,
    shared: int,
    drafts: list[Draft],
    stored: list[_Line],
    owner_id: UUID,
) -> _Line | None:
    """A conversation for a line that leaves another after `shared` messages, or begins by itself."""
    source_id = _source_id(checked.found, drafts[shared] if stored else None)
    known = {"source": checked.found.source, "source_id": source_id}
    if stored and tx.first(queries.conversation_by_source, known) is not None:
        return None
    if leaves is None:
        made = insert(tx, _conversation(checked, source_id, owner_id))
    else:
        parent = lineage.find(tx, leaves.conversation.id, even_deleted=True)
        source = checked.found.source
        made = fork(tx, parent, at=shared, title=checked.title, owner_id=owner_id, source=source, source_id=source_id)
    line = _Line(made, [])
    stored.append(line)
    return line


def _conversation(checked: Checked, source_id: str, owner_id: UUID) -> Conversation:
    found = checked.found
    begun = _past(found.created_at)
    return Conversation(
        id=new_id(),
        owner_id=owner_id,
        workspace_id=checked.workspace_id,
        title=checked.title,
        metadata=checked.metadata,
        created_at=begun,
        active_at=begun,
        source=found.source,
        source_id=source_id,
    )


def _past(moment: datetime | None) -> datetime:
    return now() if moment is None else min(moment, now())


def _append(tx: Transaction, conversation: Conversation, drafts: list[Draft], *, archived: bool) -> None:
    current = tx.first(queries.conversation_even_deleted, {"conversation_id": conversation.id}) or conversation
    if current.status != "ACTIVE":
        statuses.change(tx, current.id, "ACTIVE")
    append_all(tx, current.id, drafts, imported=True)
    if archived:
        statuses.change(tx, current.id, "ARCHIVED")
    elif current.status != "ACTIVE":
        statuses.change(tx, current.id, current.status)
