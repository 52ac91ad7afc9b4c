"""What is asked of messages as a whole: how they are encoded, and of which version they are."""

from collections.abc import Iterator, Mapping

from holdfast.domains.interop.documents import Inferred
from holdfast.domains.interop.places import TYPE_AND_VERSION
from holdfast.domains.interop.profiles.type_counts import TypeCounts

from .asking import categories
from .findings import Question


def encoding_questions(before: TypeCounts, after: TypeCounts, location: str) -> Iterator[Question]:
    """Of each habit. Messages are the sample. `location`: that of a message as a whole."""
    for habit in sorted(before.habits.keys() & after.habits.keys()):
        asked = categories(
            location, "encoding", before.habits[habit], after.habits[habit], (before.messages, after.messages)
        )
        if asked is not None:
            yield Question(
                asked.location,
                asked.kind,
                f"{habit}: {asked.before}",
                f"{habit}: {asked.after}",
                asked.p,
                asked.effect,
                asked.sizes,
            )


def version_questions(before: Inferred, after: Mapping[str, TypeCounts]) -> Iterator[Question]:
    """Of the versions that messages declare."""
    counts = [{version: one.messages for version, one in versions.items()} for versions in (before.versions, after)]
    sizes = float(sum(counts[0].values())), float(sum(counts[1].values()))
    asked = categories(TYPE_AND_VERSION[before.standard][1], "version", counts[0], counts[1], sizes)
    if asked is not None:
        yield asked
