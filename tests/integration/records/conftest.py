"""A set of industry codes, as most tests need one."""

from typing import Any

import pytest

SCHEMA = {
    "type": "object",
    "properties": {
        "code": {"type": "string"},
        "title": {"type": "string"},
        "sector": {"type": "string"},
        "price": {"type": ["number", "null"]},
        "repealed": {"type": "boolean"},
        "place": {"type": "object", "properties": {"city": {"type": "string"}}},
    },
    "required": ["code"],
    "additionalProperties": False,
}
ROWS = [
    {
        "code": "01",
        "title": "Growing of rice",
        "sector": "A",
        "price": 10,
        "repealed": False,
        "place": {"city": "Bonn"},
    },
    {"code": "02", "title": "Forestry consulting", "sector": "A", "price": 20.5, "repealed": True},
    {"code": "61", "title": "Telephone services", "sector": "J", "price": 10.0, "repealed": False},
    {"code": "62", "title": "Computer consulting", "sector": "J", "price": None, "repealed": False},
    {"code": "63", "title": "Data services", "sector": "J", "repealed": False, "place": {"city": "Köln"}},
]


@pytest.fixture
def kbli(amina: Any) -> Any:
    """Amina's records, with a set of five codes."""
    room = amina.records
    room.define("kbli", schema=SCHEMA, key="code", indexed=["sector", "price"], text=["title"])
    report = room.put_many("kbli", ROWS)
    assert (report.added, report.failed) == (5, ())
    return room


def keys(found: Any) -> list[str]:
    return [record.key for record in getattr(found, "items", found)]
