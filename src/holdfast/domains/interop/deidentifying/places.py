"""What is done with each place of a segment. What is not known to be harmless is taken for personal.

Kept: codes of tables that the standard binds, codes of coded elements with their systems, set numbers, short numbers.
Dates are moved, births made anew, and all else is replaced: identifiers, names, addresses, phone numbers, wards and
beds, texts, and every value of a segment that the version does not have.
"""

from functools import cache
from typing import Literal

from holdfast.domains.interop.standard.coded import Place, coded
from holdfast.domains.interop.standard.definitions import definitions
from holdfast.domains.interop.standard.rules import rules

Treatment = Literal["code", "term", "form", "number", "count", "date", "birth", "name", "identity"]
"""`code`: kept where it looks like one; `term`: a code of a terminology, kept; `form`: a code that says how the message
is written, of nobody; `number`: kept where it is short; `count`: kept. `name` and `identity` are
replaced, wherever else they stand, too; names within whose they are, so that two people of one name have two."""

BIRTHS = frozenset({("PID", 7), ("NK1", 16), ("IN1", 18), ("IN2", 26), ("GT1", 8)})
_DATES = frozenset({"DT", "TM", "TS", "DTM"})
_ELEMENTS = frozenset({"CE", "CWE", "CNE", "CF"})
_CODES_OF_ELEMENTS = ((1, 1), (3, 1), (4, 1), (6, 1))
_NAMES = frozenset({"XPN", "PN", "XCN", "CN", "PPN", "NDL", "FN", "CNN"})
_PERSONAL = _NAMES | {"XAD", "AD", "SAD", "XTN", "TN", "CX", "CK", "EI", "PL", "DLN", "XON", "JCC"}
_TELLING = {
    "XAD": (1, 2),
    "AD": (1, 2),
    "XTN": (1, 7, 12),
    "TN": (1,),
    "CX": (1,),
    "CK": (1,),
    "DLN": (1,),
    "XCN": (1,),
}
"""Components that say who somebody is."""
_OF_MESSAGE = {("MSH", number) for number in (9, 11, 12, 15, 16, 17, 18)} | {("OBX", 2), ("EVN", 1)}


@cache
def treatments(version: str, segment: str) -> dict[int, dict[Place, Treatment]]:
    """By field and place; what is not in it is replaced. Empty for segments that the version does not have."""
    known = rules(version, segment)
    if known is None:
        return {}
    codes = coded(version, segment)
    found: dict[int, dict[Place, Treatment]] = {}
    for number, (_, reference, *_) in enumerate(definitions(version).segments[segment], 1):
        types = known[number].types
        found[number] = _field(str(reference[2]), types) | dict.fromkeys(codes.get(number, ()), "code")
        if (segment, number) in BIRTHS:
            found[number] = dict.fromkeys({(1, 1), *found[number]}, "birth")
        elif (segment, number) in _OF_MESSAGE:
            found[number] = dict.fromkeys({(1, 1), (2, 1), (3, 1), *types}, "form")
    return found


def _field(data_type: str, types: dict[Place, str]) -> dict[Place, Treatment]:
    found: dict[Place, Treatment] = {}
    for place, name in types.items():
        if name in _DATES:
            found[place] = "date"
        elif name == "SI":
            found[place] = "count"
        elif name == "NM" and data_type not in _PERSONAL:
            found[place] = "number"
        elif place[0] in _TELLING.get(data_type, ()):
            found[place] = "identity"
        elif data_type in _NAMES and not (data_type in ("XCN", "CN", "PPN") and place[0] == 1):
            found[place] = "name"
    if data_type in _ELEMENTS:
        found |= dict.fromkeys(_CODES_OF_ELEMENTS, "code")
    return found


def of_result(value_type: str) -> dict[Place, Treatment]:
    """OBX-5, whose type OBX-2 names."""
    if value_type in ("NM", "SN"):
        return dict.fromkeys(((1, 1), (2, 1), (3, 1), (4, 1)), "number")
    if value_type in _DATES:
        return {(1, 1): "date"}
    return dict.fromkeys(_CODES_OF_ELEMENTS, "code") if value_type in _ELEMENTS else {}
