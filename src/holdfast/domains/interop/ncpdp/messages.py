"""A message of SCRIPT or a transmission of Telecom D.0, as it was sent and as what it says."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from holdfast.domains.interop.problems import Problem
from holdfast.domains.interop.trees import Tree


@dataclass(eq=False)
class NcpdpMessage:
    """`type` is that of the body ("NewRx") or the code of the transaction ("B1"; its response is "B1 response").

    `offset` is where it began, in bytes from the beginning of the stream. Not to be changed.
    """

    raw: bytes
    text: str
    number: int
    offset: int
    type: str
    version: str
    tree: Tree
    root: str
    patient: str = ""
    habits: dict[str, str] = field(default_factory=dict)
    order: tuple[str, ...] = ()
    found: tuple[Problem, ...] = ()

    def write(self) -> bytes:
        """The bytes it was read from."""
        return self.raw

    @property
    def problems(self) -> Iterator[Problem]:
        """What is malformed in it."""
        yield from self.found
