"""What is asked of the order of segments: of each two, which comes first."""

from collections import Counter
from collections.abc import Iterable, Iterator

from holdfast.domains.interop.profiles.type_counts import TypeCounts

from .asking import percent
from .findings import Question, Share, most_different


def order_questions(before: TypeCounts, after: TypeCounts) -> Iterator[Question]:
    """Of every two segments that messages of both have. The messages with both segments are the sample."""
    pairs = {tuple(sorted(pair.split(">"))) for pair in before.precedes}
    for one, other in sorted(pairs):
        first, second = f"{one}>{other}", f"{other}>{one}"
        counts = [(side.precedes.get(first, 0), side.precedes.get(second, 0)) for side in (before, after)]
        wholes = [sum(count) for count in counts]
        usual = first if counts[0][0] * 2 >= wholes[0] else second
        at = 0 if usual == first else 1
        share = Share(usual, counts[0][at], wholes[0], counts[1][at], wholes[1])
        answer = most_different([share])
        if answer is not None:
            words = f"{usual.split('>')[0]} before {usual.split('>')[1]} "
            told = (words + percent(share.before, share.of_before), words + percent(share.after, share.of_after))
            yield Question(usual, "order", *told, answer[1], share.effect, (share.of_before, share.of_after))


def segments_moved(found: Iterable[Question]) -> dict[Question, str]:
    """Of all pairs that changed, the surest of each segment that moved, and the segment."""
    left, kept = list(found), dict[Question, str]()
    while left:
        often = Counter(name for question in left for name in question.location.split(">"))
        most = max(sorted(often), key=lambda name: often[name])
        mine = [question for question in left if most in question.location.split(">")]
        kept[min(mine, key=lambda question: (question.p, -question.effect, question.location))] = most
        left = [question for question in left if question not in mine]
    return kept
