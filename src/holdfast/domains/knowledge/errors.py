"""What can go wrong in knowledge."""

from holdfast.core.errors import HoldfastError, InvalidInput

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
