"""One resource of FHIR or message of NCPDP against what is known of its sender, path by path."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from .expecting import Difference, ExpectedValue, Found, always, difference
from .places import place_of
from .profiles.counts import Column, Field, SegmentCounts
from .profiles.standards import is_custom
from .profiles.tree_counting import KINDS, SLICED, place_name
from .profiles.type_counts import TypeCounts
from .severities import DifferenceKind
from .trees import DEEPEST, Tree, TreeMessage

_HABITS = frozenset({"prefix", "encoding declared", "separators"})
"""The habits that one message shows by itself: what carries it, and how it is laid out, may be anything."""


class ExpectedTree:
    """What messages of one type and version are expected to be."""

    def __init__(self, counts: TypeCounts) -> None:
        self.counts = counts
        self.objects = {path: _Object(path, one) for path, one in counts.segments.items()}
        self.always = [path for path, one in counts.segments.items() if always(one.messages, counts.messages)]

    def judge(self, message: TreeMessage) -> Iterator[Difference]:
        """What differs, in the order of the message."""
        seen: Counter[str] = Counter()
        yield from self._object(message.root, message.tree, seen, 1)
        for path in sorted(self.always):
            if not seen[path] and (parent := path.rpartition(".")[0]) and (seen[parent] or parent not in self.objects):
                yield difference(("missing required", "error", path, "was in every message"), None)
        yield from self._habits(message)

    def _habits(self, message: TreeMessage) -> Iterator[Difference]:
        for habit, used in message.habits.items():
            known = self.counts.habits.get(habit, {})
            if habit in _HABITS and known and used not in known:
                yield difference(("extra", "warning", message.root, f"{habit}: {used} was not used so far"), 1)

    def _object(self, path: str, found: Tree, seen: Counter[str], depth: int) -> Iterator[Difference]:
        seen[path] += 1
        position = seen[path]
        expected = self.objects.get(path)
        if expected is None:
            kind: DifferenceKind = "custom segment" if is_custom("FHIR", path) else "extra"
            yield difference((kind, "warning", path, "this sender has not sent it"), position)
            return
        if position == expected.most + 1:
            yield difference(("extra", "warning", path, f"more than {expected.most} in a message"), position)
        there: set[Field] = set()
        for name, value in found.items():
            values = value if isinstance(value, list) else [value]
            plain = [one for one in values if not isinstance(one, dict)]
            if plain:
                safe = place_name(name)
                there.add(safe)
                for one in expected.judge(safe, plain):
                    yield difference(one, position)
            for one in values if depth < DEEPEST else ():
                if isinstance(one, dict):
                    yield from self._object(f"{path}.{_slice(name, one)}", one, seen, depth + 1)
        for missing in sorted(expected.always - there, key=str):
            location = place_of(path, missing)
            yield difference(("missing required", "error", location, "was in every such object"), position)


def _slice(name: str, value: Mapping[str, Any]) -> str:
    return place_name(name, value if name in SLICED else None)


class _Object:
    """What is expected of the objects at a path."""

    def __init__(self, path: str, counts: SegmentCounts) -> None:
        self.path = path
        self.most = max(counts.in_message, default=0)
        self.fields = {name: _Value(place_of(path, str(name)), column) for name, column in counts.columns.items()}
        self.always = {name for name, one in counts.columns.items() if always(one.present, counts.occurrences)}

    def judge(self, name: str, values: list[Any]) -> Iterator[Found]:
        """The values without parts under a name."""
        field = self.fields.get(name)
        if field is None:
            yield "extra", "warning", place_of(self.path, name), "this sender has not sent it"
        else:
            yield from field.judge(values)


class _Value:
    """What is expected of the values under a name."""

    def __init__(self, location: str, column: Column) -> None:
        self.location = location
        self.most = max(column.repetitions, default=0)
        self.value = ExpectedValue(location, column.leaves[1, 1])

    def judge(self, values: list[Any]) -> Iterator[Found]:
        if len(values) > self.most:
            yield "extra", "warning", self.location, f"more than {self.most} repetitions"
        for value in values:
            if isinstance(value, str):
                yield from self.value.judge(value) if value else ()
            elif value is not None and not isinstance(value, list):
                yield from self.value.judge(str(value), KINDS[type(value)])
