"""The characters that a message is cut with, as its MSH-1 and MSH-2 declare them."""

from dataclasses import dataclass
from functools import lru_cache

_STANDARD = "^~\\&"


@dataclass(frozen=True, slots=True)
class Delimiters:
    """MSH-1 and MSH-2. `truncation` is that of 2.7 and later; `missing` counts those filled in from the standard."""

    field: str = "|"
    component: str = "^"
    repetition: str = "~"
    escape: str = "\\"
    subcomponent: str = "&"
    truncation: str = ""
    missing: int = 0

    @property
    def declared(self) -> str:
        """MSH-1 and MSH-2 as the message has them."""
        encoding = self.component + self.repetition + self.escape + self.subcomponent
        return self.field + encoding[: 4 - self.missing] + self.truncation


@lru_cache(maxsize=512)
def declared_by(head: str) -> Delimiters | None:
    """The delimiters of a line that begins with `head`: a segment's name, MSH-1, MSH-2. None when they cannot be."""
    separator = head[3:4]
    if not _delimits(separator):
        return None
    given = head[4:].split(separator, 1)[0]
    if not 1 <= len(given) <= 5 or not all(_delimits(one) for one in given):
        return None
    missing = max(0, 4 - len(given))
    whole = given + _STANDARD[len(given) :]
    if len({separator, *whole}) != len(whole) + 1:
        return None
    return Delimiters(separator, whole[0], whole[1], whole[2], whole[3], whole[4:], missing)


def _delimits(character: str) -> bool:
    """Letters, digits, spaces and controls would cut what is not meant to be cut."""
    return len(character) == 1 and "!" <= character <= "~" and not character.isalnum()
