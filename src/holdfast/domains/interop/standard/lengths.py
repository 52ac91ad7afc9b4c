"""The longest values of data types without parts.

Versions 2.5, 2.5.1 and 2.6 state them in chapter 2.A; those before state a length for each field, which the definitions
do not have, and those after leave lengths to whoever agrees on an interface. ID and IS are as long as their table's.
"""

_VERSIONS = frozenset({"2.5", "2.5.1", "2.6"})
_LONGEST = {
    "DT": 8,
    "TM": 16,
    "DTM": 24,
    "SI": 4,
    "NM": 16,
    "IS": 20,
    "ST": 199,
    "GTS": 199,
    "FT": 65_536,
    "TX": 65_536,
}


def longest(version: str, data_type: str) -> int | None:
    """How many characters a value of a data type may have, None where the version does not say."""
    return _LONGEST.get(data_type) if version in _VERSIONS else None
