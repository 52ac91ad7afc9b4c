"""The raw driver doing the same durable work the plain way, as an application without a data layer would.

An append is: begin, update the conversation, insert the message, commit. No search index, no hash chain, no
row-level security, no `request_id`: what Holdfast does more than this is inside its own figure.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import psycopg
from sqlcipher3 import dbapi2 as sqlite

METADATA = {"model": "llama3.2:3b", "tokens": 212}
"""A value, as an application has it: spelled for each message, which is a part of storing it."""
Message = tuple[Any, ...]

_CONVERSATIONS = "CREATE TABLE conversations (id TEXT PRIMARY KEY, message_count INTEGER, last_message_at TEXT)"
_MESSAGES = """
    CREATE TABLE messages (
        id TEXT PRIMARY KEY, conversation_id TEXT, seq INTEGER, role TEXT, content TEXT, metadata TEXT, created_at TEXT
    )
"""
_INDEX = "CREATE INDEX messages_in_order ON messages (conversation_id, seq)"
_UPDATE = """
    UPDATE conversations SET message_count = message_count + 1, last_message_at = {0}
    WHERE id = {0} RETURNING message_count
"""
_INSERT = "INSERT INTO messages VALUES ({0}, {0}, {0}, {0}, {0}, {0}, {0})"
_CREATE = "INSERT INTO conversations VALUES ({0}, {0}, {0})"
_LAST = "SELECT * FROM messages WHERE conversation_id = {0} ORDER BY seq DESC LIMIT {0}"
_PAGE = "SELECT * FROM conversations ORDER BY last_message_at DESC LIMIT {0}"


def _rows(conversation: str, contents: Iterable[str]) -> Iterable[Message]:
    for seq, content in enumerate(contents, 1):
        yield (str(uuid4()), conversation, seq, "user", content, json.dumps(METADATA), datetime.now(UTC).isoformat())


class RawConnection:
    """One connection, and the few statements on it."""

    def __init__(self, connection: Any, mark: str, begin: str | None) -> None:
        self.connection = connection
        self._begin = begin
        self._update, self._insert, self._create, self._last, self._page = (
            text.format(mark) for text in (_UPDATE, _INSERT, _CREATE, _LAST, _PAGE)
        )

    def append(self, conversation: str, content: str) -> int:
        """One message; durable when it returns."""
        execute = self.connection.execute
        moment = datetime.now(UTC).isoformat()
        if self._begin is not None:
            execute(self._begin)
        seq: int = execute(self._update, (moment, conversation)).fetchone()[0]
        execute(self._insert, (str(uuid4()), conversation, seq, "user", content, json.dumps(METADATA), moment))
        self._commit()
        return seq

    def create(self) -> str:
        """A new conversation's id."""
        conversation = str(uuid4())
        self._run(self._create, [(conversation, 0, datetime.now(UTC).isoformat())])
        return conversation

    def fill(self, conversation: str, contents: list[str]) -> None:
        """Many messages in one transaction."""
        self._run(self._insert, _rows(conversation, contents))

    def _run(self, statement: str, rows: Iterable[Message]) -> None:
        if self._begin is not None:
            self.connection.execute(self._begin)
        self.connection.cursor().executemany(statement, rows)
        self._commit()

    def last(self, conversation: str, count: int = 20) -> list[Message]:
        """The newest messages."""
        return self._read(self._last, (conversation, count))

    def page(self, count: int = 50) -> list[Message]:
        """The most recently active conversations."""
        return self._read(self._page, (count,))

    def _read(self, statement: str, values: tuple[Any, ...]) -> list[Message]:
        rows: list[Message] = self.connection.execute(statement, values).fetchall()
        if self._begin is None:
            self.connection.commit()  # psycopg began a transaction for it
        return rows

    def _commit(self) -> None:
        if self._begin is None:
            self.connection.commit()
        else:
            self.connection.execute("COMMIT")

    def close(self) -> None:
        self.connection.close()


@dataclass(frozen=True)
class RawSqlite:
    """A file of the same kind: WAL, `synchronous=FULL`, encrypted with the same key or not at all."""

    place: str
    key: str | None

    def connect(self) -> RawConnection:
        connection = sqlite.connect(self.place, timeout=30.0, isolation_level=None, check_same_thread=False)
        if self.key is not None:
            connection.execute(f"PRAGMA key = \"x'{self.key}'\"")
        for pragma in ("journal_mode = WAL", "synchronous = FULL"):
            connection.execute(f"PRAGMA {pragma}").fetchall()
        return RawConnection(connection, "?", "BEGIN IMMEDIATE")

    def make(self) -> None:
        _make(self.connect())


@dataclass(frozen=True)
class RawPostgres:
    """A database on the same server, with the driver's defaults."""

    place: str

    def connect(self) -> RawConnection:
        return RawConnection(psycopg.connect(self.place), "%s", None)

    def make(self) -> None:
        _make(self.connect())


def _make(opened: RawConnection) -> None:
    for statement in (_CONVERSATIONS, _MESSAGES, _INDEX):
        opened.connection.execute(statement)
    if isinstance(opened.connection, psycopg.Connection):
        opened.connection.commit()
    opened.close()
