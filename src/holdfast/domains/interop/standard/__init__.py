"""What the base standard says of HL7 v2, from the definitions that hl7apy carries, and which structure an event has."""

from .coded import coded
from .definitions import VERSIONS, Definitions, definitions, nearest
from .structures import Position, Structure, structure_of

__all__ = ["VERSIONS", "Definitions", "Position", "Structure", "coded", "definitions", "nearest", "structure_of"]
