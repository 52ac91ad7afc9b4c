"""What whoever asks interop names: a standard and a vendor."""

from holdfast.core.errors import InvalidInput
from holdfast.core.inputs import check_name
from holdfast.domains.configurations import address_of

from .errors import ProfileUnreadable
from .profiles.standards import Standard, standard_of

MOST_PATIENTS = 1_000


def check_standard(given: str) -> Standard:
    """The standard of that name. Raises `InvalidInput`."""
    try:
        return standard_of(given)
    except ProfileUnreadable:
        names = "HL7v2, FHIR, NCPDP-SCRIPT or NCPDP-Telecom"
        raise InvalidInput(f"standard: {given!r:.100} is not {names}", field="standard") from None


def check_vendor(given: str, standard: Standard) -> str:
    """A vendor as a segment of an address. Raises `InvalidInput`."""
    name = check_name(given, field="vendor", most_chars=200)
    address_of(name, standard, "type")
    return name


def check_patients(k: int) -> None:
    """Raise `InvalidInput` unless so many patients can be asked to have a code before it stays in copies."""
    if type(k) is not int or not 1 <= k <= MOST_PATIENTS:
        raise InvalidInput(f"k: {k!r:.40} is not from 1 to {MOST_PATIENTS}", field="k")
