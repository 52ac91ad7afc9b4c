"""What can go wrong in memory."""

from uuid import UUID

from holdfast.core.errors import Conflict, NotFound


class FactNotFound(NotFound):
    """Nothing is remembered under this key or id that the caller may know of, or it holds no more."""

    code = "fact_not_found"

    def __init__(self, fact: UUID | str) -> None:
        super().__init__(f"no fact {str(fact)!r:.80}; memory.list() names those that hold")


class RequestIdTaken(Conflict):
    """The caller used this request id for a fact about somebody else, or is using it just now."""

    code = "request_id_taken"

    def __init__(self, request_id: str) -> None:
        super().__init__(
            f"request_id {request_id!r:.200} was given with a fact about another person or workspace; "
            "give each request an id of its own"
        )
