"""Three-way merge of JSON documents, field by field: what only one side changed is taken, what both changed otherwise
is a conflict, and nothing is merged while there is one that nobody has resolved.

Objects are merged member by member; arrays element by element where all three are as long, and are otherwise one value.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from holdfast.core.errors import InvalidInput
from holdfast.domains.configurations.differences import Path, is_same, pointer
from holdfast.domains.configurations.models import MergeConflict
from holdfast.domains.configurations.wording import place_of, said


class _Missing:
    """A member that is not there."""


MISSING = _Missing()


@dataclass
class Merging:
    """A merge under way. `resolutions`: what to take, by the JSON Pointer of a conflict: "main", "branch", or
    {"value": …}.
    """

    resolutions: Mapping[str, object]
    conflicts: list[MergeConflict] = field(default_factory=list)
    used: set[str] = field(default_factory=set)

    def merge(self, base: Any, main: Any, branch: Any, path: Path = ()) -> Any:
        """What the two sides make of `base` together; of no use while there are conflicts."""
        if _same(main, branch) or _same(base, branch):
            return main
        if _same(base, main):
            return branch
        if isinstance(main, dict) and isinstance(branch, dict):
            return self._members(base if isinstance(base, dict) else {}, main, branch, path)
        if _lists_of_one_length(base, main, branch):
            parts = zip(base, main, branch, strict=True)
            return [self.merge(old, ours, theirs, (*path, n)) for n, (old, ours, theirs) in enumerate(parts)]
        return self._resolved(base, main, branch, path)

    def unused(self) -> list[str]:
        """Resolutions that were of no conflict."""
        return sorted(set(self.resolutions) - self.used)

    def _members(self, base: dict[str, Any], main: dict[str, Any], branch: dict[str, Any], path: Path) -> Any:
        made = {}
        for name in sorted(base.keys() | main.keys() | branch.keys()):
            old, ours, theirs = (side.get(name, MISSING) for side in (base, main, branch))
            value = self.merge(old, ours, theirs, (*path, name))
            if value is not MISSING:
                made[name] = value
        return made

    def _resolved(self, base: Any, main: Any, branch: Any, path: Path) -> Any:
        place = pointer(path)
        chosen = self.resolutions.get(place)
        if chosen is None:
            self.conflicts.append(_conflict(base, main, branch, path))
            return MISSING
        self.used.add(place)
        if isinstance(chosen, Mapping):
            return chosen["value"]
        return main if chosen == "main" else branch


def check_resolutions(given: Mapping[str, object] | None) -> dict[str, object]:
    """Resolutions as they were given. Raises `InvalidInput`."""
    if given is None:
        return {}
    for place, chosen in given.items():
        if chosen not in ("main", "branch") and not (isinstance(chosen, Mapping) and set(chosen) == {"value"}):
            raise InvalidInput(
                f'resolutions: of {place!r:.200} is neither "main" nor "branch" nor {{"value": …}}', field="resolutions"
            )
    return dict(given)


def _conflict(base: Any, main: Any, branch: Any, path: Path) -> MergeConflict:
    sides = ["nothing" if side is MISSING else said(side) for side in (base, main, branch)]
    return MergeConflict(
        path=pointer(path),
        base=None if base is MISSING else base,
        main=None if main is MISSING else main,
        branch=None if branch is MISSING else branch,
        words=f"{place_of(path)} was {sides[0]}; {sides[1]} in main, {sides[2]} in the branch",
    )


def _same(one: Any, other: Any) -> bool:
    if one is MISSING or other is MISSING:
        return one is other
    return is_same(one, other)


def _lists_of_one_length(*sides: Any) -> bool:
    return all(isinstance(side, list) for side in sides) and len({len(side) for side in sides}) == 1
