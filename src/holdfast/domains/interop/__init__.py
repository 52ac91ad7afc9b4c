"""Messages that health systems send each other, and what can be learned from them.

hl7 fhir ncpdp  reading and writing each standard, byte for byte
standard        what the base standard of HL7 v2 says, from the definitions that hl7apy carries
profiles        how a sender really writes its messages, counted without keeping any of them
documents       a profile as a configuration; rules: what holds between codes and segments
deviations drift validation   where that differs from the standard, from before, one message from it
synthesis       messages made from a configuration
listening       messages received over MLLP, acknowledged once they are durable
actions analysing lots        the room: analyses as background work, in sealed lots, into configurations
"""

from holdfast.domains.interop.actions import Interop
from holdfast.domains.interop.models import Sample

__all__ = ["Interop", "Sample"]
