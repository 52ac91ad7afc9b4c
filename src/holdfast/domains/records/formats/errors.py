"""What can be wrong with a file of records."""

from holdfast.core.errors import InvalidInput


class RecordFileUnfit(InvalidInput):
    """It cannot be read as the format that it is said to be in."""

    code = "record_file_unfit"

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"file: {name!r:.200} {reason}", field="file")
