"""From counts to a question: the words for both sides, and the sample sizes that the counts are worth."""

from collections.abc import Mapping

from .findings import Kind, Question, Share, most_different, sampled

_TOLD = 0.05
"""The share from which a category is named."""


def presence(location: str, what: str, share: Share) -> Question | None:
    """Whether a segment, field or component is sent as often as before."""
    answer = most_different([share])
    if answer is None:
        return None
    kind = f"new {what}" if not share.before else f"{what} no longer sent" if not share.after else None
    return Question(
        location,
        kind or f"{what} sent more or less often",  # type: ignore[arg-type]  # each is in Kind
        percent(share.before, share.of_before),
        percent(share.after, share.of_after),
        answer[1],
        share.effect,
        (share.of_before, share.of_after),
    )


def categories(
    location: str,
    kind: Kind,
    before: Mapping[str, int],
    after: Mapping[str, int],
    sizes: tuple[float, float],
) -> Question | None:
    """Whether values fall into the same categories as before."""
    wholes = sum(before.values()), sum(after.values())
    shares = [
        Share(
            name, *sampled(before.get(name, 0), wholes[0], sizes[0]), *sampled(after.get(name, 0), wholes[1], sizes[1])
        )
        for name in sorted(before.keys() | after.keys())
    ]
    answer = most_different(shares)
    if answer is None:
        return None
    share, p = answer
    told = (mix(before, wholes[0], share.what), mix(after, wholes[1], share.what))
    return Question(location, kind, *told, p, share.effect, (share.of_before, share.of_after))


def steps(
    location: str,
    kind: Kind,
    before: Mapping[int, int],
    after: Mapping[int, int],
    sizes: tuple[float, float],
) -> Question | None:
    """Whether numbers are as large as before: for each, the share of those as large or larger."""
    wholes = sum(before.values()), sum(after.values())
    if not all(wholes):
        return None
    shares = []
    for step in sorted(before.keys() | after.keys())[1:]:
        reached = [sum(count for size, count in one.items() if size >= step) for one in (before, after)]
        shares.append(
            Share(
                f"{step} or more",
                *sampled(reached[0], wholes[0], sizes[0]),
                *sampled(reached[1], wholes[1], sizes[1]),
            )
        )
    answer = most_different(shares)
    if answer is None:
        return None
    share, p = answer
    told = (
        f"{share.what} {percent(share.before, share.of_before)}, at most {max(before)}",
        f"{share.what} {percent(share.after, share.of_after)}, at most {max(after)}",
    )
    return Question(location, kind, *told, p, share.effect, (share.of_before, share.of_after))


def percent(part: int, whole: int) -> str:
    """As a person reads it."""
    return f"{100 * part / whole:.3g} %" if whole else "none"


def mix(counts: Mapping[str, int], whole: int, also: str) -> str:
    """The categories that matter, the most frequent first, and the one that is asked about."""
    named = {name: count for name, count in counts.items() if count >= _TOLD * whole or name == also}
    ranked = sorted(named.items(), key=lambda one: (-one[1], one[0]))
    return ", ".join(f"{name} {percent(count, whole)}" for name, count in ranked[:6]) or "none"


def worth(histogram: Mapping[int, int]) -> float:
    """How much of a sample counts that come in clusters of these sizes are, for each of them: 1 where all are single.

    Kish's effective size, (sum of n)^2 / sum of n^2, of the sum: what a message has many of tells no more than one.
    """
    total = sum(size * count for size, count in histogram.items())
    squares = sum(size * size * count for size, count in histogram.items())
    return total / squares if squares else 1.0
