"""Records in files: JSON Lines, CSV and MongoDB's extended JSON, read and written as streams. Knows no database."""

from holdfast.domains.records.formats.errors import RecordFileUnfit
from holdfast.domains.records.formats.reading import FORMATS, format_of, read
from holdfast.domains.records.formats.writing import write

__all__ = ["FORMATS", "RecordFileUnfit", "format_of", "read", "write"]
