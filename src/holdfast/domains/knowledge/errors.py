"""What can go wrong in knowledge."""

from uuid import UUID

from holdfast.core.errors import Conflict, HoldfastError, InvalidInput, NotFound

# Documents that cannot be read. The messages say how the file is made, never what it says.


class DocumentError(InvalidInput):
    """The document cannot be read; the other classes of its family say why. `field` is always "document"."""

    code = "document_error"

    def __init__(self, message: str) -> None:
        super().__init__(f"document: {message}", field="document")


class DocumentFileMissing(DocumentError):
    """There is no file at that path, it is a folder, or it may not be read."""

    code = "document_file_missing"


class DocumentTooLarge(DocumentError):
    """More bytes than `document_bytes`. Refused before it was read into memory."""

    code = "document_too_large"


class DocumentTooComplex(DocumentError):
    """It unpacks, nests or grows beyond the limits, or takes longer to read than they allow."""

    code = "document_too_complex"


class UnknownDocumentFormat(DocumentError):
    """It is in none of the formats that are read, or is not what its name or media type says."""

    code = "document_format_unknown"


class DocumentDamaged(DocumentError):
    """It is in a known format and breaks that format's rules beyond what can be read around."""

    code = "document_damaged"


class DocumentEncrypted(DocumentError):
    """It needs a password, or another one than was given."""

    code = "document_encrypted"


class EmptyDocument(DocumentError):
    """There is no text in it. A PDF of scanned pages has none either."""

    code = "document_empty"


class ReaderMissing(HoldfastError):
    """The libraries that read this format are not installed."""

    code = "reader_missing"
    status = 501

    def __init__(self, media_type: str, module: str) -> None:
        super().__init__(f"{media_type} needs {module}, which is not installed; pip install 'holdfast[documents]'")
        self.media_type = media_type


# What is asked of bases and documents.


class BaseNotFound(NotFound):
    """There is none of this id or name that the caller may know of."""

    code = "base_not_found"

    def __init__(self, base: object) -> None:
        super().__init__(f"no knowledge base {str(base)!r:.200}; knowledge.list_bases() names yours")


class BaseExists(Conflict):
    """The name is taken in this tenant."""

    code = "base_exists"

    def __init__(self, name: str) -> None:
        super().__init__(f"there is already a knowledge base {name!r:.200} in this tenant; choose another name")


class BaseReadOnly(HoldfastError):
    """The base is somebody else's, and the caller's role changes only its own."""

    code = "base_read_only"
    status = 403

    def __init__(self, base_id: UUID) -> None:
        super().__init__(f"knowledge base {base_id} is changed by who made it, or an administrator; ask one of them")
        self.base_id = base_id


class DocumentNotFound(NotFound):
    """There is none of this id that the caller may know of: absent, or above their clearance."""

    code = "document_not_found"

    def __init__(self, document_id: UUID) -> None:
        super().__init__(f"no document {document_id} that you may read; knowledge.documents(…) lists them")
        self.document_id = document_id


class DocumentExists(Conflict):
    """The base holds the same content at that level already."""

    code = "document_exists"

    def __init__(self, document_id: UUID) -> None:
        super().__init__(f"document {document_id} has the same content at that level; delete one of the two")
        self.document_id = document_id


class ChunkNotFound(NotFound):
    """There is none of this id that the caller may know of."""

    code = "chunk_not_found"

    def __init__(self, chunk_id: UUID) -> None:
        super().__init__(f"no chunk {chunk_id} that you may read; knowledge.search(…) finds some")
        self.chunk_id = chunk_id


class RetrievalNotFound(NotFound):
    """There is none of this id that is the caller's."""

    code = "retrieval_not_found"

    def __init__(self, retrieval_id: UUID) -> None:
        super().__init__(f"no retrieval {retrieval_id} of yours; knowledge.search(…) gives an id")
        self.retrieval_id = retrieval_id


class NotInRetrieval(InvalidInput):
    """What is cited was not found by that search, or is above the caller's clearance."""

    code = "not_in_retrieval"

    def __init__(self, chunk_id: UUID) -> None:
        super().__init__(f"chunks: {chunk_id} is no hit of this retrieval; cite what it found", field="chunks")
        self.chunk_id = chunk_id


class NoEmbedder(Conflict):
    """Vectors are asked for of a base that has no embedder."""

    code = "no_embedder"

    def __init__(self, base_id: UUID) -> None:
        super().__init__(f"knowledge base {base_id} has no embedder; knowledge.reindex(…, embedder=…) gives it one")
        self.base_id = base_id


class EmbedderChanged(Conflict):
    """The embedder that is at hand under the base's name for it is not the one that made its vectors."""

    code = "embedder_changed"

    def __init__(self, base_id: UUID, recorded: str, found: str) -> None:
        super().__init__(
            f"the vectors of knowledge base {base_id} are of {recorded!r:.200}, and its embedder is {found!r:.200}; "
            "open the store with the former, or build them anew with knowledge.reindex(…)"
        )
        self.base_id = base_id
