"""Addresses: whatever the segments are, they come back, and match the patterns that they should."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.refusals import refused

from holdfast.domains.configurations.addresses import (
    Address,
    address_of,
    matches,
    parse_address,
    parse_pattern,
)

SEGMENTS = st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "S")), min_size=1, max_size=20)


@given(SEGMENTS, SEGMENTS, SEGMENTS)
def test_segments_come_back_as_they_were(vendor, standard, name):
    written = address_of(vendor, standard, name)
    assert parse_address(written) == Address(vendor, standard, name) and parse_address(written).text == written
    assert matches(parse_pattern(written), Address(vendor, standard, name))
    for pattern in ("*/*/*", f"{written.split('/')[0]}/*/*"):
        assert matches(parse_pattern(pattern), Address(vendor, standard, name))


def test_one_spelling_of_an_address_is_kept():
    assert parse_address("A%2fB/HL7v2/ADT%5EA01").text == "A%2FB/HL7v2/ADT^A01"


@pytest.mark.parametrize(
    ("pattern", "address", "does"),
    [
        ("Epic/HL7v2/ADT^*", "Epic/HL7v2/ADT^A01", True),
        ("Epic/HL7v2/*A01", "Epic/HL7v2/ADT^A01", True),
        ("E*c/H*7*2/*^*", "Epic/HL7v2/ADT^A01", True),
        ("E*cc/*/*", "Epic/HL7v2/ADT^A01", False),
        ("*pic*ic/*/*", "Epic/HL7v2/ADT^A01", False),
        ("epic/*/*", "Epic/HL7v2/ADT^A01", False),
        ("*", "Epic/HL7v2/ADT^A01", False),
        ("sup*-agent", "support-agent", True),
        ("%2A/*/*", "%2A/b/c", True),
        ("%2A/*/*", "a/b/c", False),
    ],
)
def test_a_star_stands_for_any_text_within_its_segment(pattern, address, does):
    assert matches(parse_pattern(pattern), parse_address(address)) == does


def test_what_is_no_pattern_is_refused():
    for pattern in ("*/*", "a//*", "%/*/*", "", "*/*/*/*"):
        refused("invalid_input", parse_pattern, pattern)
