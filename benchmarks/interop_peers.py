"""What others do with the same messages: python-hl7, hl7apy, and splitting lines alone."""

from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import hl7
from hl7apy.parser import parse_message

from benchmarks.figures import Figure
from holdfast.domains.interop.hl7 import Message, read


def measure(path: Path, count: int, rate: Callable[..., Figure]) -> Iterator[Figure]:
    """Each on as many messages as take it some seconds. To count how often each value of each field came is the least
    that a profile needs.
    """
    texts = [found.text for found in read(path) if isinstance(found, Message)]
    some, few = texts[: max(100, count // 20)], texts[: max(20, count // 400)]
    yield rate("plain split into segments and fields", count, lambda: _split(texts))
    yield rate("python-hl7: parse", len(some), lambda: [hl7.parse(text) for text in some])
    yield rate("python-hl7: parse and count values", len(some), lambda: _counted_by_hl7(some))
    yield rate("hl7apy: parse", len(few), lambda: [parse_message(text, find_groups=False) for text in few])
    yield rate("hl7apy: parse and count values", len(few), lambda: _counted_by_hl7apy(few))


def _split(texts: list[str]) -> None:
    for text in texts:
        for line in text.split("\r"):
            line.split("|")


def _counted_by_hl7(texts: list[str]) -> Counter[tuple[str, int, str]]:
    found: Counter[tuple[str, int, str]] = Counter()
    for text in texts:
        for segment in hl7.parse(text):
            name = str(segment[0])
            found.update((name, number, str(field)) for number, field in enumerate(segment[1:], 1))
    return found


def _counted_by_hl7apy(texts: list[str]) -> Counter[tuple[str, str]]:
    found: Counter[tuple[str, str]] = Counter()
    for text in texts:
        for segment in parse_message(text, find_groups=False).children:
            found.update((field.name, field.value) for field in segment.children)
    return found
