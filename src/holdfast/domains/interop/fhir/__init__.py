"""Reading FHIR R4 as JSON: bundles, arrays, a resource to a line (NDJSON), or one after another.

for found in read(Path("patients.ndjson")):
    match found:
        case Resource(): found.type, found.tree, found.write() == found.raw
        case Problem(): found.kind, found.message, found.offset

Nothing is dropped: the pieces of a source add up to it. What is malformed is reported with its place in bytes.
"""

from holdfast.domains.interop.problems import Problem

from .coded import URI_LENGTH, is_extension, table_of
from .reading import pieces_of, read
from .resources import Resource, slice_of

__all__ = ["URI_LENGTH", "Problem", "Resource", "is_extension", "pieces_of", "read", "slice_of", "table_of"]
