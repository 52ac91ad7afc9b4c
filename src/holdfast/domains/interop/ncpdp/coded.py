"""Where coded values stand in NCPDP: the only ones that a profile keeps.

SCRIPT's schemas are not free; its names tell: what ends in Code or Qualifier is chosen from a list. Of Telecom D.0, the
fields that the standard's data dictionary gives a list of values.
"""

_ALSO = frozenset({"Gender", "Substitutions", "CodeSystem", "RxFillIndicator", "PriorAuthorizationStatus", "DAWCode"})
_PLACES = frozenset({"PostalCode", "ZipCode", "CountryCode", "AreaCode"})
_TELECOM = {
    "Header": frozenset({"version", "transaction", "count", "providerQualifier", "status"}),
    "AM01": frozenset({"C5", "C7", "CX", "2C"}),  # gender, place of service, qualifier of the patient's id, pregnancy
    "AM02": frozenset({"EY"}),
    "AM03": frozenset({"EZ", "2E"}),
    "AM04": frozenset({"C9", "C6"}),
    "AM05": frozenset({"5C", "6C", "HC", "5E"}),
    "AM07": frozenset({"EM", "E1", "SE", "D6", "D8", "DJ", "NX", "DK", "28", "EU", "C8", "DT", "U7"}),
    "AM08": frozenset({"E4", "E5", "E6", "8E"}),
    "AM10": frozenset({"EF", "EG", "RE", "UE"}),
    "AM11": frozenset({"H8", "JE", "DN"}),
    "AM13": frozenset({"WE"}),
    "AM21": frozenset({"AN", "FA", "FB", "UH"}),
    "AM22": frozenset({"EM"}),
    "AM23": frozenset({"FM", "FN", "J1", "J4"}),
    "AM24": frozenset({"E4", "FS", "FV", "FT"}),
    "AM26": frozenset({"2F"}),
}


def table_of(segment: str, field: str) -> str:
    """What the values of an element or field are chosen from, "" where it is not coded."""
    if segment.startswith("Transmission"):
        return "NCPDP" if field in _TELECOM.get(segment.removeprefix("Transmission."), ()) else ""
    name = field.rpartition("@")[2]
    if name in _PLACES:
        return ""
    return "NCPDP" if name in _ALSO or name.endswith(("Code", "Qualifier")) else ""
