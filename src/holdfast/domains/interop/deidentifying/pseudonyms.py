"""Pseudonyms: made values that stand for others, the same for the same within a batch, and for no two the same."""

import hashlib
import random
from collections.abc import Collection

from holdfast.domains.interop.profiles.kinds import is_dated, kind_of
from holdfast.domains.interop.synthesis.values import make

_DAYS = 365
_TRIES = 8
_LONGEST = 400


class Pseudonyms:
    """Those of a batch. `secret` makes them: who does not have it cannot ask what somebody's would be.

    `real`: what must not come out as anything's pseudonym, since it is somebody's.
    """

    def __init__(self, secret: bytes, real: Collection[str]) -> None:
        self._secret, self._real = secret, real
        self._made: dict[tuple[str, str], str] = {}
        self._taken: set[tuple[str, str]] = set()

    def days(self, patient: str) -> int:
        """By how many days what happened to a patient is moved: up to a year, to either side, never none."""
        pick = self._chance("days", patient)
        return pick.choice((-1, 1)) * pick.randrange(1, _DAYS + 1)

    def of(self, value: str, within: str = "", *, birth: bool = False) -> str:
        """A value of the same kind, and as long where that leaves enough of them. `within`: whose it is."""
        made = self._made.get((within, value))
        if made is None:
            made = self._made[within, value] = self._make(value, within, birth)
            self._taken.add((within, made))
        return made

    def _make(self, value: str, within: str, birth: bool) -> str:
        kind, pick = kind_of(value), self._chance(within, value)
        if is_dated(kind) and not birth:
            kind = "code"
        length = min(len(value), _LONGEST)
        for attempt in range(1, 1_000):
            found = make(kind, length, pick, birth=birth)
            if found not in self._real and (birth or (within, found) not in self._taken):
                return found
            length += attempt % _TRIES == 0  # too few are of this length
        raise AssertionError("longer values are always free")

    def _chance(self, within: str, value: str) -> random.Random:
        given = f"{len(within)} {within} {value}".encode("utf-8", "surrogateescape")
        return random.Random(hashlib.blake2b(given, digest_size=16, key=self._secret).digest())

    @property
    def made(self) -> dict[str, dict[str, str]]:
        """What stands for what: by whose it is ("" for what is one's own everywhere)."""
        found: dict[str, dict[str, str]] = {}
        for (within, value), made in self._made.items():
            found.setdefault(within, {})[value] = made
        return found
