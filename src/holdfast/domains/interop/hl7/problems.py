"""What a reader reports. A problem names a place and never repeats what stood there."""

from dataclasses import dataclass
from typing import Literal

ProblemKind = Literal[
    "no_header",  # lines that belong to no message
    "delimiters_invalid",  # MSH-1 and MSH-2 do not say how to read the message
    "delimiters_incomplete",  # MSH-2 leaves some out: the standard's are used
    "type_missing",  # MSH-9 does not name a type
    "version_unknown",  # MSH-12 names no version from 2.1 to 2.8
    "segment_malformed",  # a line that does not begin with the name of a segment
    "charset_unknown",  # MSH-18 names a character set that is not known
    "charset_differs",  # bytes outside of the declared character set that are UTF-8
    "undecodable",  # bytes that are in no character of the message's character set
    "escape_unknown",  # an escape sequence that the standard does not have
    "too_long",  # a message beyond the limit of the reader
    "batch_count",  # BTS-1 or FTS-1 differs from what came
    "batch_unclosed",  # a batch or file header without its trailer, or the other way round
]


@dataclass(frozen=True, slots=True)
class Problem:
    """Something malformed. `message` and `position` (of the segment in its message) count from 1; `offset` is in bytes.

    `offset` counts from the beginning of the message, or of the stream where there is no message.
    """

    kind: ProblemKind
    detail: str
    message: int | None = None
    segment: str | None = None
    position: int | None = None
    field: int | None = None
    offset: int | None = None
