"""Who wrote these messages, judged by how they are written.

A signature is the set of a profile's traits: which segments, Z-segments and fields are used, the formats of dates, the
encoding. It is compared with profiles whose sender is known. Structure alone is often shared between senders, so the
answer is "unknown" unless one is near and clearly nearer than the next. What MSH-3 to 6 say is told beside it.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from .profile import Profile
from .showing import K
from .type_counts import TypeCounts

UNKNOWN = "unknown"
_NEAR = 0.6
_CLEARLY = 0.1
_USED = 0.5
_TRAITS = 5
_FEWEST = 10
_NAMES = {3: "sending application", 4: "sending facility", 5: "receiving application", 6: "receiving facility"}

Signature = dict[str, float]
"""How often each trait holds, 0 to 1."""


@dataclass(frozen=True, kw_only=True)
class Recognised:
    """`vendor` is "unknown" when structure does not decide; `likeness` is of the nearest all the same.

    `evidence` are traits that speak for the nearest, those that tell it from the others first; `against` those it has
    and these messages lack, or the other way round. `declared` is what MSH-3 to 6 say, in values of `k` patients.
    """

    vendor: str
    likeness: float
    nearest: str | None
    evidence: tuple[str, ...]
    against: tuple[str, ...]
    declared: dict[str, tuple[str, ...]]


def signature(profile: Profile) -> Signature:
    """The traits of a profile, each by its share of messages or values; MSH-3 to 6 have no part in it."""
    traits: Signature = {}
    for name, counts in profile.types.items():
        for trait, share in _traits(counts).items():
            traits[f"{name.split(' ')[0][:3]} {trait}"] = max(
                share, traits.get(f"{name.split(' ')[0][:3]} {trait}", 0.0)
            )
    return traits


def recognise(profile: Profile, known: Mapping[str, Signature], *, k: int = K) -> Recognised:
    """The sender of a profile among those whose signatures are `known`; "unknown" when in doubt.

    In doubt: fewer than ten messages, nobody near, or the next one about as near.
    """
    mine = signature(profile)
    ranked = sorted(((_likeness(mine, theirs), vendor) for vendor, theirs in known.items()), reverse=True)
    best, vendor = ranked[0] if ranked else (0.0, None)
    next_best = ranked[1][0] if len(ranked) > 1 else 0.0
    sure = vendor is not None and best >= _NEAR and best - next_best >= _CLEARLY and profile.messages >= _FEWEST
    theirs = known[vendor] if vendor is not None else {}
    others = [one for name, one in known.items() if name != vendor]
    return Recognised(
        vendor=vendor if sure and vendor is not None else UNKNOWN,
        likeness=round(best, 4),
        nearest=vendor,
        evidence=tuple(_shared(mine, theirs, others)[:_TRAITS]),
        against=tuple(_differing(mine, theirs)[:_TRAITS]),
        declared=_declared(profile, k),
    )


def _traits(counts: TypeCounts) -> Signature:
    traits = {}
    for name, segment in counts.segments.items():
        traits[f"has {name}"] = segment.messages / counts.messages
        for number, column in segment.columns.items():
            if name == "MSH" and number in _NAMES:
                continue
            traits[f"{name}-{number} is sent"] = column.present / segment.occurrences
            for kind, count in column.leaves[1, 1].kinds.items() if (1, 1) in column.leaves else ():
                if "YY" in kind:
                    traits[f"{name}-{number} is {kind}"] = count / max(column.leaves[1, 1].present, 1)
        traits[f"{name} ends in delimiters"] = segment.trailing / segment.occurrences
    for habit, tally in counts.habits.items():
        traits |= {f"{habit}: {used}": count / counts.messages for used, count in tally.items()}
    return {trait: share for trait, share in traits.items() if share}


def _likeness(mine: Signature, theirs: Signature) -> float:
    """Of traits that either has, how much both have: the weighted Jaccard index. Only types that both have count."""
    types = {trait[:3] for trait in mine} & {trait[:3] for trait in theirs}
    names = [trait for trait in mine.keys() | theirs.keys() if trait[:3] in types]
    least = sum(min(mine.get(name, 0.0), theirs.get(name, 0.0)) for name in sorted(names))
    most = sum(max(mine.get(name, 0.0), theirs.get(name, 0.0)) for name in sorted(names))
    return least / most if most else 0.0


def _shared(mine: Signature, theirs: Signature, others: list[Signature]) -> list[str]:
    """Traits of both, those that fewest others have first."""
    both = [trait for trait in mine if mine[trait] >= _USED and theirs.get(trait, 0.0) >= _USED]
    return sorted(both, key=lambda trait: (sum(other.get(trait, 0.0) for other in others), trait))


def _differing(mine: Signature, theirs: Signature) -> list[str]:
    apart = {trait: abs(mine.get(trait, 0.0) - theirs.get(trait, 0.0)) for trait in mine.keys() | theirs.keys()}
    return sorted((trait for trait in apart if apart[trait] >= _USED), key=lambda trait: (-apart[trait], trait))


def _declared(profile: Profile, k: int) -> dict[str, tuple[str, ...]]:
    found: dict[str, set[str]] = {name: set() for name in _NAMES.values()}
    for counts in profile.types.values():
        columns = counts.segments["MSH"].columns if "MSH" in counts.segments else {}
        for number, name in _NAMES.items():
            leaf = columns[number].leaves.get((1, 1)) if number in columns else None
            values = leaf.values.items() if leaf is not None else ()
            found[name] |= {value for value, one in values if one.patients.count >= k}
    return {name: tuple(sorted(values)) for name, values in found.items() if values}
