"""Why an outside vector index gives nothing. No message holds a vector, an address or a key."""

from collections.abc import Iterable

from holdfast.core.errors import HoldfastError, InvalidInput, Unavailable


class OutsideUnknown(InvalidInput):
    """No outside index of this name was given when the store was opened."""

    code = "outside_index_unknown"

    def __init__(self, name: object, known: Iterable[str]) -> None:
        names = ", ".join(sorted(known)) or "none"
        super().__init__(
            f"index: {name!r:.80} is none of those this store was opened with ({names}); "
            "give it in Settings(vector_indexes={…}), or HOLDFAST_VECTOR_INDEXES",
            field="index",
        )


class OutsideMissing(HoldfastError):
    """The library of this index is not installed."""

    code = "outside_index_missing"
    status = 501

    def __init__(self, name: str) -> None:
        super().__init__(
            f"vector index {name!r} needs chromadb, which is not installed; pip install 'holdfast[chroma]'"
        )


class OutsideUnavailable(Unavailable):
    """An outside index does not answer, or not as it should. What was asked of it waits and is tried again."""

    code = "outside_index_unavailable"

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"vector index {name!r} is away ({reason}); ask again later")
        self.name = name
