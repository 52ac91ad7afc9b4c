"""Reading and writing HL7 v2, versions 2.1 to 2.8.

for found in read(Path("adt.hl7")):
    match found:
        case Message(): found.type, found["PID"], found.write() == found.raw
        case Problem(): found.kind, found.message, found.segment, found.field

Nothing is dropped: `frame` cuts a stream into pieces that add up to it, a message written back is the bytes it was
read from, and what is malformed is reported with its place while the rest counts.
"""

from holdfast.domains.interop.problems import Problem

from .delimiters import Delimiters
from .escapes import escape, escapes_in, unescape
from .framing import Piece, frame
from .messages import Field, Message, Segment, parse
from .reading import read

__all__ = [
    "Delimiters",
    "Field",
    "Message",
    "Piece",
    "Problem",
    "Segment",
    "escape",
    "escapes_in",
    "frame",
    "parse",
    "read",
    "unescape",
]
