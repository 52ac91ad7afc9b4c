"""De-identified copies of HL7 v2 messages: nobody in them, and everything else as it was sent."""

from holdfast.domains.interop.deidentifying.copies import Deidentified, copies

__all__ = ["Deidentified", "copies"]
