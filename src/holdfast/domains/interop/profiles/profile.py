"""A profile: what is known of the messages of a sender, and none of the messages."""

import json
from dataclasses import dataclass, field

from holdfast.domains.interop.errors import ProfilesOverlap, ProfileUnreadable

from .counts import Tally, add_up
from .digests import Digests
from .keys import ProfileKey
from .standards import HL7V2, Standard, field_of, standard_of
from .type_counts import TypeCounts

FORMAT = 2


@dataclass
class Profile:
    """The counts by type and version ("ADT^A01 2.5", "Patient 4.0"), and the digests of the messages counted.

    8 bytes a message, and what its structure takes. `unreadable` counts messages whose MSH cannot be read, by problem.
    """

    key: ProfileKey
    types: dict[str, TypeCounts] = field(default_factory=dict)
    unreadable: Tally = field(default_factory=dict)
    digests: Digests = field(default_factory=Digests)
    standard: Standard = HL7V2

    @property
    def messages(self) -> int:
        """How many different messages were counted."""
        return sum(counts.messages for counts in self.types.values())

    def merge(self, other: "Profile") -> "Profile":
        """Both together, as if one pass had counted all. Neither is changed.

        Raises `ProfilesOverlap` when a message was counted in both, `ProfileUnreadable` for another key or standard.
        """
        if self.key.name != other.key.name:
            raise ProfileUnreadable("the profiles were made with different keys")
        if self.standard != other.standard:
            raise ProfileUnreadable(f"one profile is of {self.standard} and the other of {other.standard}")
        if shared := self.digests.shared(other.digests):
            raise ProfilesOverlap(shared)
        whole = Profile(self.key, digests=self.digests.joined(other.digests), standard=self.standard)
        for one in (self, other):
            whole.count(one)
        return whole

    def count(self, other: "Profile") -> None:
        """Adds the counts of another without asking whether messages are in both."""
        add_up(self.unreadable, other.unreadable)
        for name, counts in other.types.items():
            self.types.setdefault(name, TypeCounts()).merge(counts)

    def to_bytes(self) -> bytes:
        """Canonical JSON: the same counts are the same bytes. Values are sealed; see `ProfileKey`."""
        state = {
            "format": FORMAT,
            "standard": self.standard,
            "key": self.key.name,
            "unreadable": self.unreadable,
            "digests": self.digests.text(),
            "types": {name: counts.state(name, self.key.seal) for name, counts in self.types.items()},
        }
        return json.dumps(state, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode("ascii")

    @classmethod
    def from_bytes(cls, given: bytes, key: ProfileKey) -> "Profile":
        """What `to_bytes` gave. Raises `ProfileUnreadable`."""
        try:
            state = json.loads(given)
            if state["format"] != FORMAT or state["key"] != key.name:
                raise ProfileUnreadable("the profile is of another format or key")
            standard = standard_of(state["standard"])
            field = field_of(standard)
            types = {name: TypeCounts.from_state(one, name, key.unseal, field) for name, one in state["types"].items()}
            return cls(key, types, dict(state["unreadable"]), Digests.from_text(state["digests"]), standard)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise ProfileUnreadable("these bytes are no profile") from error
