"""A consultancy's knowledge: everybody asks the same library, and reads of it what their clearance says.

No method takes a level. Who asks is known from the log-in; what they may read follows from that, in every path: search,
filters, lookups by code, a model's context, and the cache.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID

from holdfast import Context, Page, Store
from holdfast.core.cache import NOTHING, cacheable
from holdfast.domains.knowledge.models import Document, Retrieval
from holdfast.domains.memory import Fact
from holdfast.domains.records.errors import RecordNotFound
from holdfast.scopes import UserScope

MINUTES = 60.0
IN_FORCE = "in force"
"""The status of what was not repealed."""

Entry = dict[str, object]


class Model(Protocol):
    """The service that answers."""

    def complete(self, messages: Sequence[dict[str, str]]) -> str:
        """An answer."""
        ...


@cacheable
@dataclass(frozen=True)
class Code:
    """An industry code (KBLI). A repealed one names what took its place."""

    code: str
    title: str
    sector: str
    risk: str
    foreign_ownership: str
    repealed: bool = False
    replaced_by: str | None = None


@dataclass(frozen=True)
class Answer:
    """What the model said, and the documents that it was shown: title and level, best first."""

    text: str
    read: tuple[tuple[str, str], ...]


class Library:
    """The application. `person` comes from your log-in: `store.authenticate(token)`, or `store.tenant(…).user(…)`."""

    def __init__(self, store: Store, model: Model, *, tenant: str, base: str = "library") -> None:
        """`base`: the knowledge that questions are answered from."""
        self._firm = store.tenant(tenant)
        self._model = model
        self._base = base

    def person(self, email: str, request_id: str | None = None) -> UserScope:
        """The scope of somebody who is logged in."""
        return self._firm.user(email, request_id=request_id)

    # questions

    def ask(self, me: UserScope, conversation: UUID, question: str, *, request_id: str) -> Answer:
        """Answer from what the person may read. The question is kept first; what was shown is logged and cited."""
        me.conversations.append(conversation, role="user", content=question, request_id=request_id)
        found = me.knowledge.search(question, base=self._base, k=4, conversation=conversation)
        context = me.conversations.context(conversation, max_tokens=3000, passages=False)
        text = self._model.complete(_prompt(context, found))
        said = me.conversations.append(conversation, role="assistant", content=text, request_id=request_id)
        me.knowledge.cite(found.id, message=said.id, chunks=[hit.chunk.id for hit in found.hits[:1]])
        return Answer(text, tuple((hit.document.title, hit.document.clearance) for hit in found.hits))

    # business records: industry codes, visas, prices

    def code(self, me: UserScope, code: str, *, repealed: bool = False) -> Code | None:
        """The industry code; None when there is none, or it was repealed and `repealed` does not ask for those.

        Read often and changed once in years, so it is cached: for everybody with the same clearance, and for no other.
        """

        def load() -> Any:
            found = self.entry(me, "codes", code, repealed=True)
            return NOTHING if found is None else _code(found)

        known: Code | None = me.cache.get_or_load(
            "code", code, load, ttl=60 * MINUTES, tags=["codes"], per_clearance=True
        )
        return None if known is not None and known.repealed and not repealed else known

    def codes(self, me: UserScope, *, repealed: bool = False, **filters: str) -> list[Code]:
        """The industry codes that are so: `sector="Trade"`, `risk="low"`; in the order of their numbers."""
        return [_code(one) for one in self.entries(me, "codes", repealed=repealed, **filters)]

    def find_codes(self, me: UserScope, words: str, *, repealed: bool = False, k: int = 5) -> list[Code]:
        """The industry codes whose text has these words, best first."""
        return [_code(one) for one in self.find(me, "codes", words, repealed=repealed, k=k)]

    def entry(self, me: UserScope, kind: str, code: str, *, repealed: bool = False) -> Entry | None:
        """One of the `codes`, `visas` or `prices` by its code; None where there is none that the person may read."""
        try:
            found = me.records.get(kind, code).data
        except RecordNotFound:
            return None
        return found if repealed or found["status"] == IN_FORCE else None

    def entries(self, me: UserScope, kind: str, *, repealed: bool = False, **filters: object) -> list[Entry]:
        """Those that are so, in the order of their codes: `entries(me, "visas", months={">=": 12})`."""
        wanted = _wanted(filters, repealed)
        pages = _all(lambda cursor: me.records.find(kind, where=wanted, limit=200, cursor=cursor))
        return [record.data for record in pages]

    def find(self, me: UserScope, kind: str, words: str, *, repealed: bool = False, k: int = 5) -> list[Entry]:
        """Those whose text has these words, best first."""
        return [hit.record.data for hit in me.records.search(kind, words, where=_wanted({}, repealed), k=k)]

    def prices(self, me: UserScope) -> dict[str, str]:
        """Every price list in the library that the person may read, by title. Cached like the codes."""

        def load() -> dict[str, str]:
            lists = _all(lambda cursor: me.knowledge.documents("library", metadata={"kind": "price"}, cursor=cursor))
            return {document.title: me.knowledge.text(document.id) for document in lists}

        return me.cache.get_or_load("prices", "all", load, ttl=10 * MINUTES, tags=["library"], per_clearance=True)

    # changes: committed first, called back from the cache after that

    def publish(self, me: UserScope, text: str, *, title: str, clearance: str, kind: str) -> Document:
        """Put a document into the library, at a level that the person holds."""
        made = me.knowledge.add(
            "library", text, title=title, clearance=clearance, media_type="text/markdown", metadata={"kind": kind}
        )
        me.cache.invalidate("library")
        return made

    def reclassify(self, me: UserScope, document: UUID, clearance: str) -> Document:
        """Move a document to another level. From now on those who lack it find nothing of it, cached or not."""
        moved = me.knowledge.set_clearance(document, clearance)
        me.cache.invalidate("library")
        return moved

    def move_out(self, me: UserScope, index: str, *, embedder: str) -> UUID:
        """A copy of the library whose vectors an outside index keeps; its texts stay here."""
        made = me.knowledge.create_base(f"library in {index}", embedder=embedder, index=index)
        for one in _all(lambda cursor: me.knowledge.documents("library", cursor=cursor)):
            text = me.knowledge.text(one.id)
            me.knowledge.add(made.id, text, title=one.title, clearance=one.clearance, metadata=one.metadata)
        return made.id

    # what is known of the person

    def remember(self, me: UserScope, key: str, value: object, *, source: UUID | None = None) -> Fact:
        """Keep a fact about the person who asks. Said again it is the same fact, and surer."""
        return me.memory.remember(key, value, confidence=0.7, source=source)

    def known(self, me: UserScope) -> tuple[list[Fact], int]:
        """All that is remembered about the person, the newest first, and how much that is."""
        return [*_all(lambda cursor: me.memory.list(cursor=cursor))], me.memory.count()


def _prompt(context: Context, found: Retrieval) -> list[dict[str, str]]:
    # the passages of the search in one base; `context.passages` are of all that are open, logged and cited alike
    told = ["You help consultants. Answer from the passages."]
    told += [f"About the person: {fact.text}" for fact in context.facts]
    told += [f"[{number}] {' '.join(hit.chunk.content.split())}" for number, hit in enumerate(found.hits, 1)]
    said = [{"role": message.role, "content": message.content} for message in context.messages]
    return [{"role": "system", "content": "\n".join(told)}, *said]


def _wanted(filters: dict[str, object], repealed: bool) -> dict[str, object]:
    return filters if repealed else {**filters, "status": IN_FORCE}


def _code(entry: Entry) -> Code:
    about = {name: str(value) for name, value in entry.items()}
    return Code(
        code=about["code"],
        title=about["title"],
        sector=about["sector"],
        risk=about["risk"],
        foreign_ownership=about["foreign_ownership"],
        repealed=about["status"] != IN_FORCE,
        replaced_by=about.get("replaced_by"),
    )


def _all(page_of: Callable[[str | None], Page[Any]]) -> Iterator[Any]:
    """Everything on every page."""
    cursor = None
    while True:
        page = page_of(cursor)
        yield from page.items
        cursor = page.next
        if cursor is None:
            return
