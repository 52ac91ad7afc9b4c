"""Records in files: JSON Lines, CSV, MongoDB's extended JSON and Parquet, as streams.

Knows no database."""

from holdfast.domains.records.formats.errors import ParquetMissing, RecordFileUnfit
from holdfast.domains.records.formats.reading import FORMATS, format_of, read
from holdfast.domains.records.formats.writing import write

__all__ = ["FORMATS", "ParquetMissing", "RecordFileUnfit", "format_of", "read", "write"]
