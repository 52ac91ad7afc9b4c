"""A configuration beside the profile of new messages: what is asked, and which answers count."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from holdfast.domains.interop.documents import Inferred, by_type
from holdfast.domains.interop.errors import NothingToCompare
from holdfast.domains.interop.places import whole_of
from holdfast.domains.interop.profiles import Profile
from holdfast.domains.interop.profiles.type_counts import TypeCounts

from .encoding import encoding_questions, version_questions
from .exact import adjusted
from .fields import field_questions
from .findings import EFFECT, RATE, Drift, Finding, Kind, Question
from .ordering import order_questions, segments_moved
from .segments import segment_questions


def drift(before: Inferred, after: Profile, *, rate: float = RATE, least: float = EFFECT) -> Drift:
    """How the messages of a profile differ from the configuration of their type.

    Each version is compared with the same one before, or with the most frequent where there was none. `rate`: the false
    discovery rate; `least`: the smallest effect told. Raises `NothingToCompare` when no message is of the type.
    """
    mine = by_type(after).get(before.type)
    if mine is None or not before.versions:
        raise NothingToCompare(before.type)
    versions = {name.rsplit(" ", 1)[1]: counts for name, counts in mine.types.items()}
    questions = list(version_questions(before, versions))
    for version, counts in sorted(versions.items()):
        earlier = before.versions.get(version) or max(before.versions.values(), key=lambda one: one.messages)
        questions += _questions(earlier, counts, version, before)
    answers = adjusted([question.p for question in questions])
    found = [
        (question, answer)
        for question, answer in zip(questions, answers, strict=True)
        if answer <= rate and question.effect >= least
    ]
    return Drift(
        findings=tuple(_finding(question, answer) for question, answer in _explained(found)),
        messages=(before.messages, mine.messages),
        tests=len(questions),
        other_types=after.messages - mine.messages,
    )


def _questions(before: TypeCounts, after: TypeCounts, version: str, known: Inferred) -> Iterator[Question]:
    yield from encoding_questions(before, after, whole_of(known.standard, known.type))
    yield from segment_questions(before, after)
    yield from order_questions(before, after)
    for name in sorted(before.segments.keys() & after.segments.keys()):
        yield from field_questions(name, before, after, version, known.k)


_Found = list[tuple[Question, float]]
_There = set[tuple[str, Kind]]


def _explained(found: _Found) -> _Found:
    """Findings that another does not explain already, the surest first."""
    there: _There = {(question.location, question.kind) for question, _ in found}
    moved = segments_moved(question for question, _ in found if question.kind == "order")
    kept = [
        (replace(question, location=moved.get(question, question.location)), answer)
        for question, answer in found
        if not _follows(question, there) and (question.kind != "order" or question in moved)
    ]
    return sorted(kept, key=lambda one: (one[1], -one[0].effect, one[0].location))


def _follows(question: Question, there: _There) -> bool:
    """Whether one change at a place is but a consequence of another there.

    A new code may look otherwise or be longer; an over-long text too; a character set is declared in MSH-18 and a
    version in MSH-12.
    """
    location = question.location
    explained_by: dict[str, Iterable[Kind]] = {
        "length": ("format", "new value", "values"),
        "over-long": ("new value", "values"),
        "format": ("new value", "values", "over-long"),
        "values": ("new value",),
    }
    if any((location, kind) in there for kind in explained_by.get(question.kind, ())):
        return True
    if location.startswith("MSH-18"):
        return ("MSH", "encoding") in there
    return location.startswith("MSH-12") and question.kind != "version" and ("MSH-12", "version") in there


def _finding(question: Question, answer: float) -> Finding:
    return Finding(
        location=question.location,
        kind=question.kind,
        before=question.before,
        after=question.after,
        p=question.p,
        adjusted=answer,
        effect=round(question.effect, 4),
        sizes=question.sizes,
    )
