"""What a reader reports. A problem names a place and never repeats what stood there."""

from dataclasses import dataclass
from typing import Literal

ProblemKind = Literal[
    # HL7 v2
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
    # FHIR
    "json_malformed",  # text that is no JSON, from there to where the next document begins
    "not_an_object",  # JSON that is no object, where a resource should be
    "name_repeated",  # an object that has a name twice; of these readers keep the last
    "bundle_unclosed",  # a bundle that ends before it is closed
    # NCPDP
    "xml_malformed",  # text that is no XML, from there to where the next document begins
    "dtd_refused",  # a document type declaration: nothing of the document is read
    "header_short",  # a transmission whose fixed header ends too soon
    "field_malformed",  # a field or segment without its two characters of identification
    # FHIR and NCPDP
    "too_deep",  # elements within elements beyond what is read
]


@dataclass(frozen=True, slots=True)
class Problem:
    """Something malformed. `message` and `position` (of the segment in its message) count from 1; `offset` is in bytes.

    `segment` is where it is: a segment's name, or the path of an element. `offset` counts from the beginning of an HL7
    v2 message, and of the stream where there is none and in the other standards.
    """

    kind: ProblemKind
    detail: str
    message: int | None = None
    segment: str | None = None
    position: int | None = None
    field: int | None = None
    offset: int | None = None
