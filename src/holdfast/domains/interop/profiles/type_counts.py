"""The counts of one type of message in one version."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from .counts import Field, Histogram, Patients, Sealer, SegmentCounts, Tally, add_up, histogram
from .together import Pairs


@dataclass(slots=True)
class TypeCounts:
    """`ADT^A01` of version 2.5, say, or `Patient` of FHIR 4.0.

    `follows` counts which segment comes after which ("PID>PV1", with "^" before the first and "$" after the last);
    `precedes` in how many messages the first of one segment comes before the first of another; `groups` how often a
    group came in a message, by its path; `unplaced` segments without a place in the type's structure; `habits` how
    messages are encoded, by the name of the habit; `together` which codes and segments go together.
    """

    messages: int = 0
    patients: Patients = field(default_factory=Patients)
    follows: Tally = field(default_factory=dict)
    precedes: Tally = field(default_factory=dict)
    groups: dict[str, Histogram] = field(default_factory=dict)
    unplaced: Tally = field(default_factory=dict)
    habits: dict[str, Tally] = field(default_factory=dict)
    problems: Tally = field(default_factory=dict)
    segments: dict[str, SegmentCounts] = field(default_factory=dict)
    together: Pairs = field(default_factory=Pairs)

    def merge(self, other: "TypeCounts") -> None:
        """What the other has counted, added."""
        self.messages += other.messages
        self.patients.add(other.patients.digests)
        add_up(self.follows, other.follows)
        add_up(self.precedes, other.precedes)
        add_up(self.unplaced, other.unplaced)
        add_up(self.problems, other.problems)
        for path, times in other.groups.items():
            add_up(self.groups.setdefault(path, {}), times)
        for habit, tally in other.habits.items():
            add_up(self.habits.setdefault(habit, {}), tally)
        for name, segment in other.segments.items():
            self.segments.setdefault(name, SegmentCounts()).merge(segment)
        self.together.merge(other.together)

    def state(self, name: str, seal: Sealer) -> dict[str, Any]:
        """As JSON. `name` is that of the type, to which sealed values are bound."""
        return {
            "messages": self.messages,
            "patients": self.patients.state(),
            "follows": self.follows,
            "precedes": self.precedes,
            "groups": self.groups,
            "unplaced": self.unplaced,
            "habits": self.habits,
            "problems": self.problems,
            "segments": {one: counts.state(f"{name}/{one}", seal) for one, counts in self.segments.items()},
            "together": self.together.state(name, seal),
        }

    @classmethod
    def from_state(
        cls, state: Mapping[str, Any], name: str, unseal: Sealer, field_of: Callable[[str], Field]
    ) -> "TypeCounts":
        """What `state` gave."""
        segments = {
            one: SegmentCounts.from_state(counts, f"{name}/{one}", unseal, field_of)
            for one, counts in state["segments"].items()
        }
        return cls(
            messages=state["messages"],
            patients=Patients(set(state["patients"])),
            follows=dict(state["follows"]),
            precedes=dict(state["precedes"]),
            groups={path: histogram(times) for path, times in state["groups"].items()},
            unplaced=dict(state["unplaced"]),
            habits={habit: dict(tally) for habit, tally in state["habits"].items()},
            problems=dict(state["problems"]),
            segments=segments,
            together=Pairs.from_state(state["together"], name, unseal),
        )
