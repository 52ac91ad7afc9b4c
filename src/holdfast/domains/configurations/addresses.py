"""Addresses: `vendor/standard/type`, or one name of a prompt or an agent; and patterns of them.

A segment is any visible text. What would be read as something else in it is written as in a URL: `%2F` for a slash,
`%25` for a percent sign, `%2A` for a star. `address_of` writes an address from segments as they are.
"""

from functools import lru_cache
from typing import NamedTuple
from urllib.parse import unquote

from holdfast.core.errors import InvalidInput
from holdfast.core.inputs import check_text

SEGMENT_CHARS = 200
"""The longest segment, in characters."""
ADDRESS_BYTES = 4_000
_WRITTEN = str.maketrans({"%": "%25", "/": "%2F", "*": "%2A"})
_HEX = frozenset("0123456789abcdefABCDEF")
_PARTS = 3


class Address(NamedTuple):
    """The segments as they are. Of one name `vendor` and `standard` are empty."""

    vendor: str
    standard: str
    name: str

    @property
    def text(self) -> str:
        """As it is written."""
        return "/".join(part.translate(_WRITTEN) for part in self if part)


def address_of(*segments: str) -> str:
    """An address from its segments as they are: three, or one. `address_of("A/B", "HL7v2", "ADT^A01")`.

    Raises `InvalidInput`.
    """
    return parse(tuple(segment.translate(_WRITTEN) for segment in segments)).text


@lru_cache(maxsize=4_096)
def parse_address(text: str) -> Address:
    """The address that a text writes. Raises `InvalidInput`."""
    if isinstance(text, str) and "*" in text:
        raise InvalidInput(
            f"address: {text!r:.200} has a wildcard; find(…) takes it, and a star as such is written %2A",
            field="address",
        )
    return parse(tuple(check_text(text, field="address", most_bytes=ADDRESS_BYTES).split("/")))


def parse_pattern(text: str) -> Address:
    """A pattern: a star in a segment stands for any text, and for nothing beyond the segment. What is literal in it
    stays as it is written. Raises `InvalidInput`.
    """
    return parse(
        tuple(check_text(text, field="pattern", most_bytes=ADDRESS_BYTES).split("/")), field="pattern", stars=True
    )


def parse(written: tuple[str, ...], *, field: str = "address", stars: bool = False) -> Address:
    """An address from its segments as they are written. Stars stay stars, and those written %2A stay written so."""
    if len(written) not in (1, _PARTS):
        raise InvalidInput(
            f"{field}: {'/'.join(written)!r:.200} has {len(written)} segments; give vendor/standard/type, or one name; "
            "a slash within a segment is written %2F",
            field=field,
        )
    segments = [_segment(one, field, stars) for one in written]
    return Address(*segments) if len(segments) == _PARTS else Address("", "", segments[0])


def matches(pattern: Address, address: Address) -> bool:
    """Whether an address is one of a pattern's."""
    return all(segment_matches(one, other) for one, other in zip(pattern, address, strict=True))


def segment_matches(pattern: str, segment: str) -> bool:
    """Whether a segment is one of a pattern's: each piece between stars, in order."""
    first, *others = [unescaped(piece) for piece in pattern.split("*")]
    if not others:
        return segment == first
    *middle, last = others
    if len(segment) < len(first) + len(last) or not (segment.startswith(first) and segment.endswith(last)):
        return False
    at, end = len(first), len(segment) - len(last)
    for piece in middle:
        found = segment.find(piece, at, end)
        if found < 0:
            return False
        at = found + len(piece)
    return True


def unescaped(written: str) -> str:
    """A piece of a segment as it is."""
    return unquote(written, errors="strict")


def _segment(written: str, field: str, stars: bool) -> str:
    for at, letter in enumerate(written):
        if letter == "%" and not (len(written) > at + 2 and _HEX.issuperset(written[at + 1 : at + 3])):
            raise InvalidInput(
                f"{field}: the percent sign in {written!r:.200} begins no %XX; as such it is written %25", field=field
            )
    try:
        meant = check_text(unescaped(written), field=field, most_bytes=SEGMENT_CHARS * 4)
    except UnicodeDecodeError as error:
        raise InvalidInput(f"{field}: what is escaped in {written!r:.200} is not UTF-8", field=field) from error
    if not meant.strip() or meant != meant.strip() or not meant.isprintable() or len(meant) > SEGMENT_CHARS:
        raise InvalidInput(
            f"{field}: the segment {meant!r:.200} is not 1 to {SEGMENT_CHARS} visible characters without spaces around",
            field=field,
        )
    return written if stars else meant
