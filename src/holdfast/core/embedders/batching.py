"""Texts put together for one request each."""

from collections.abc import Sequence


def batches(sizes: Sequence[int], *, most: int, most_bytes: int) -> list[range]:
    """Places of texts that follow each other: at most `most`, of at most `most_bytes` together; a longer one alone."""
    found: list[range] = []
    start = total = 0
    for place, size in enumerate(sizes):
        if place > start and (place - start >= most or total + size > most_bytes):
            found.append(range(start, place))
            start, total = place, 0
        total += size
    return [*found, range(start, len(sizes))] if len(sizes) > start else found
