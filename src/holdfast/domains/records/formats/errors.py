"""What can be wrong with a file of records."""

from holdfast.core.errors import Conflict, InvalidInput


class RecordFileUnfit(InvalidInput):
    """It cannot be read as the format that it is said to be in."""

    code = "record_file_unfit"

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"file: {name!r:.200} {reason}", field="file")


class ParquetMissing(Conflict):
    """Parquet is read and written with pyarrow, which is not installed."""

    code = "parquet_missing"

    def __init__(self) -> None:
        super().__init__("Parquet needs pyarrow; pip install 'holdfast[parquet]', or take a file of another format")
