"""What can go wrong in memory."""

from uuid import UUID

from holdfast.core.errors import NotFound


class FactNotFound(NotFound):
    """Nothing is remembered under this key or id that the caller may know of, or it holds no more."""

    code = "fact_not_found"

    def __init__(self, fact: UUID | str) -> None:
        super().__init__(f"no fact {str(fact)!r:.80}; memory.list() names those that hold")
