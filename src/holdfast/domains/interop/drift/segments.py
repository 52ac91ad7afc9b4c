"""What is asked of segments: whether they are sent, and how many of them."""

from collections.abc import Iterator

from holdfast.domains.interop.profiles.counts import SegmentCounts
from holdfast.domains.interop.profiles.type_counts import TypeCounts

from .asking import presence, steps
from .findings import Question, Share


def segment_questions(before: TypeCounts, after: TypeCounts) -> Iterator[Question]:
    """Of every segment that either has. Messages are the sample."""
    none = SegmentCounts()
    for name in sorted(before.segments.keys() | after.segments.keys()):
        one, other = before.segments.get(name, none), after.segments.get(name, none)
        asked = presence(name, "segment", Share(name, one.messages, before.messages, other.messages, after.messages))
        if asked is not None:
            yield asked
        many = steps(name, "cardinality", one.in_message, other.in_message, (one.messages, other.messages))
        if many is not None:
            yield many
