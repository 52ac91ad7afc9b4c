"""What callers get from knowledge."""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from holdfast.core.results import SearchMode


@dataclass(frozen=True, kw_only=True)
class KnowledgeBase:
    """Documents that are searched together.

    `clearance`: the level of documents that are added without one. `window`: with how many chunks before and after it
    a chunk is indexed. `embedder`: who makes its vectors, if anybody; `index`: the
    outside index that keeps them, if not Holdfast. How many documents there are is not told: it
    would tell of those that the reader may not see.
    """

    id: UUID
    name: str
    description: str | None = None
    workspace_id: UUID | None = None
    embedder: str | None = None
    index: str | None = None
    clearance: str = "D"
    window: int = 0
    metadata: dict[str, object] = field(default_factory=dict, hash=False)
    created_by: UUID
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, kw_only=True)
class Document:
    """A document as it was added. `digest`: SHA-256 of its bytes, in hex. `size`: how many they were.

    `pending`: how many of its chunks wait for vectors, and until then are found by their words alone; None where that
    was not looked at (in lists). `note`: why they wait, where adding it did not get them.
    """

    id: UUID
    base_id: UUID
    title: str
    source: str | None = None
    media_type: str
    digest: str
    size: int
    clearance: str
    metadata: dict[str, object] = field(default_factory=dict, hash=False)
    chunk_count: int
    pending: int | None = field(default=None, compare=False)
    note: str | None = field(default=None, compare=False)
    created_by: UUID
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, kw_only=True)
class Chunk:
    """A piece of a document, at `position` from 0. `heading`: those above it, outermost first."""

    id: UUID
    document_id: UUID
    base_id: UUID
    clearance: str
    position: int
    content: str
    heading: str
    page: int | None = None
    tokens: int
    digest: str


@dataclass(frozen=True, kw_only=True)
class PassageHit:
    """A passage that answers. `why`: the words of the query that it has; `neighbours`: the chunks around it, if asked
    for, in order. `score` is comparable only within one retrieval. `lexical` and `vector` are what it is made of: the
    score of its words, and how near its meaning is (a cosine); None for what did not find it.
    """

    chunk: Chunk
    document: Document
    score: float
    lexical: float | None = None
    vector: float | None = None
    why: tuple[str, ...] = ()
    neighbours: tuple[Chunk, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Retrieval:
    """What a search found, best first. `notes` says what should be known of how. Cite what was used, by `id`."""

    id: UUID
    hits: tuple[PassageHit, ...]
    mode: SearchMode = "lexical"
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class LoggedHit:
    """A hit as it was logged: ids, no text. `message_id`: the answer that cites it."""

    rank: int
    chunk_id: UUID
    document_id: UUID
    clearance: str
    score: float
    message_id: UUID | None = None


@dataclass(frozen=True, kw_only=True)
class LoggedRetrieval:
    """A search as it was logged: never the question. `hits`: those at levels that the reader holds now.

    `latency_ms` is without `embedding_ms`, which making the question's vectors took.
    """

    id: UUID
    actor_id: UUID
    base_id: UUID | None = None
    mode: SearchMode = "lexical"
    k: int
    latency_ms: float
    embedding_ms: float | None = None
    request_id: str | None = None
    conversation_id: UUID | None = None
    message_id: UUID | None = None
    created_at: datetime
    hits: tuple[LoggedHit, ...] = ()


@dataclass(frozen=True, kw_only=True)
class DocumentUse:
    """How often a document was found and cited."""

    document_id: UUID
    found: int
    cited: int


@dataclass(frozen=True, kw_only=True)
class KnowledgeReport:
    """How knowledge was used in a period, as far as the reader's clearance goes.

    `never_found`: documents that no search found, the oldest first. `most_found`: the most found first. `unsupported`:
    answers for which a search was made and nothing of it cited, the latest first. Latencies in milliseconds.
    """

    retrievals: int
    latency_p50: float | None
    latency_p95: float | None
    most_found: tuple[DocumentUse, ...]
    never_found: tuple[Document, ...]
    unsupported: tuple[UUID, ...]


@dataclass(frozen=True, kw_only=True)
class EmbeddingReport:
    """How far a base's vectors are. `embedded`: chunks that were given vectors now; `pending`: those that wait, of
    documents that the caller may read; `done`: there is nothing left to do.
    """

    base_id: UUID
    embedder: str
    embedded: int
    pending: int
    done: bool


@dataclass(frozen=True, kw_only=True)
class NotAdded:
    """A file of a folder that could not be added: its name, and the code and text of the error."""

    name: str
    code: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class FolderReport:
    """What adding a folder came to."""

    added: int
    unchanged: int
    failed: tuple[NotAdded, ...] = ()
