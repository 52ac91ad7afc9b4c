"""Messages that health systems send each other, and what can be learned from them.

hl7 fhir ncpdp  reading and writing each standard, byte for byte
standard        what the base standard of HL7 v2 says, from the definitions that hl7apy carries
profiles        how a sender really writes its messages, counted without keeping any of them
documents       a profile as a configuration; rules: what holds between codes and segments
deviations drift validation   where that differs from the standard, from before, one message from it
synthesis       messages made from a configuration
listening       messages received over MLLP, acknowledged once they are durable
actions samples analysing lots      the room: analyses as background work, in sealed lots, into configurations
"""

from typing import TYPE_CHECKING

from holdfast.core.rooms import lazily

if TYPE_CHECKING:
    from holdfast.domains.interop.actions import Interop
    from holdfast.domains.interop.models import Sample

__all__ = ["Interop", "Sample"]

__getattr__ = lazily(__name__, {"Interop": f"{__name__}.actions", "Sample": f"{__name__}.models"})
"""The room is imported when it is first asked for: who reads or counts messages alone, as each process of an analysis
does, needs no database.
"""
