"""What can be wrong with a vector, or with an index of them."""

from uuid import UUID

from holdfast.core.errors import Conflict, InvalidInput, NotFound


class InvalidVector(InvalidInput):
    """What was given is no vector that has a direction."""

    code = "invalid_vector"

    def __init__(self, reason: str) -> None:
        super().__init__(f"vector: {reason}", field="vector")


class VectorMismatch(Conflict):
    """A vector has not the dimension of its index: it was made by another embedder."""

    code = "vector_mismatch"

    def __init__(self, embedder: str, expected: int, found: int) -> None:
        super().__init__(
            f"a vector of {found} numbers, where the index of {embedder!r} has {expected}; embed it with {embedder!r}, "
            "or make an index for the other embedder"
        )
        self.expected = expected
        self.found = found


class VectorIndexNotFound(NotFound):
    """There is no such index of vectors: it was dropped, or never made."""

    code = "vector_index_not_found"

    def __init__(self, index_id: UUID) -> None:
        super().__init__(f"there is no vector index {index_id}; make one with create_index(…)")
