"""The segments of a message in an order that its sender would send them in."""

import random
from collections import defaultdict
from collections.abc import Mapping

Order = Mapping[str, int]


class Ordering:
    """Walks from segment to segment as `follows` says, towards all that are left.

    None comes before what has always come before it, nor after what has never come before it.
    """

    def __init__(self, follows: Order, precedes: Order) -> None:
        self._after: defaultdict[str, dict[str, int]] = defaultdict(dict)
        for pair, count in follows.items():
            one, other = pair.split(">")
            self._after[one][other] = count
        self._before: defaultdict[str, set[str]] = defaultdict(set)
        self._rank: defaultdict[str, int] = defaultdict(int)
        for pair, count in precedes.items():
            one, other = pair.split(">")
            self._rank[other] += count
            if not precedes.get(f"{other}>{one}"):
                self._before[other].add(one)
        self._reached = {one: self._reach(one) for one in self._after}

    def order(self, counts: dict[str, int], pick: random.Random) -> list[str]:
        """The names, each as often as `counts` says."""
        left, found, seen, last = dict(counts), list[str](), set[str](), "^"
        while left:
            free = [name for name in left if name in seen or not (self._before[name] & left.keys() - seen - {name})]
            free = [name for name in free if left.keys() - {name} <= self._reached.get(name, set())] or free
            after = self._after[last]
            weights = [after.get(name, 0) for name in free]
            if not any(weights):
                last = min(free or left, key=lambda name: (self._rank[name], name))
            else:
                last = pick.choices(free, weights)[0] if len(free) > 1 else free[0]
            found.append(last)
            seen.add(last)
            left[last] -= 1
            if not left[last]:
                del left[last]
        return found

    def _reach(self, name: str) -> set[str]:
        """What may come after a segment, soon or late."""
        found, ahead = set[str](), list(self._after[name])
        while ahead:
            one = ahead.pop()
            if one not in found:
                found.add(one)
                ahead += self._after.get(one, {})
        return found
