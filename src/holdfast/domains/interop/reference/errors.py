"""What can be wrong with a file of reference data."""

from holdfast.core.errors import InvalidInput


class ReferenceFileUnfit(InvalidInput):
    """It is not a file of the kind that was named, or cannot be read."""

    code = "reference_file_unfit"

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"file: {name!r:.200} {reason}", field="file")
