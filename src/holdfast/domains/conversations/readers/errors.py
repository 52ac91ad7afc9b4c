"""Why a whole export cannot be read. Damage inside one is yielded as `Unreadable`, not raised."""

from holdfast.core.errors import InvalidInput


class ExportError(InvalidInput):
    """The export as a whole cannot be read; the other classes here say why. `field` is always "file"."""

    code = "export_error"

    def __init__(self, message: str) -> None:
        super().__init__(message, field="file")


class ExportNotFound(ExportError):
    """There is no file at that path, or it is a folder."""

    code = "export_not_found"


class EmptyExport(ExportError):
    """The file holds no conversation at all."""

    code = "export_empty"


class UnknownExportFormat(ExportError):
    """The file is in none of the known formats. The message says what was recognised of it."""

    code = "export_format_unknown"


class ArchiveTooLarge(ExportError):
    """More bytes than the limits allow, by what the archive declares or by what was really read from it.

    The second is found while iterating: conversations yielded before it are good.
    """

    code = "export_too_large"


class ArchiveDamaged(ExportError):
    """The zip archive cannot be opened: its directory is damaged, or it is encrypted."""

    code = "export_archive_damaged"
