"""Reading NCPDP: SCRIPT, messages in XML, and Telecommunication D.0, transmissions of fields.

for found in read_script(Path("newrx.xml")):
    match found:
        case NcpdpMessage(): found.type, found.tree, found.write() == found.raw
        case Problem(): found.kind, found.message, found.offset

Nothing is dropped: the pieces of a source add up to it. What is malformed is reported with its place in bytes.
"""

from holdfast.domains.interop.problems import Problem

from .coded import table_of
from .messages import NcpdpMessage
from .script import read_script, script_pieces
from .telecom import read_telecom, telecom_pieces

__all__ = ["NcpdpMessage", "Problem", "read_script", "read_telecom", "script_pieces", "table_of", "telecom_pieces"]
