"""From messages to a profile, in one pass and constant memory."""

import re
from collections.abc import Callable, Iterable
from pathlib import Path

from holdfast.domains.interop.hl7 import Message, Problem
from holdfast.domains.interop.hl7.batches import Batches
from holdfast.domains.interop.hl7.framing import LONGEST
from holdfast.domains.interop.hl7.reading import Source, pieces_of, read_piece
from holdfast.domains.interop.trees import TreeMessage

from .collector import held
from .counting import Counting
from .counts import add_up
from .digests import Digests
from .keys import ProfileKey
from .profile import Profile
from .standards import HL7V2, Standard, tree_pieces
from .tree_counting import TreeCounting
from .type_counts import TypeCounts

Report = Callable[[Problem], None]
_WAITING_CHARACTERS = 6_000_000
_TYPE = re.compile(r"[A-Z0-9]{3}(?:\^[A-Z0-9]{3})?")
_VERSION = re.compile(r"2\.\d(?:\.\d)?")
_UNKNOWN = "unknown"


class Profiler:
    """Profiles messages as they come.

    `beside`: an earlier profile whose messages are left out, so that both can be added up. A message that came before
    counts once. `profile` flushes what waits and can be asked at any time.
    """

    def __init__(self, key: ProfileKey, *, beside: Profile | None = None, standard: Standard = HL7V2) -> None:
        self._profile = Profile(key, standard=standard)
        self._beside = Digests() if beside is None else beside.digests
        self._counting: dict[tuple[object, ...], Counting | TreeCounting] = {}
        self._waiting = 0

    def add(self, message: Message | TreeMessage) -> bool:
        """Whether the message was new. What is malformed in it is counted by kind."""
        digest = self._profile.key.message(message.raw)
        if not self.is_new(digest):
            return False
        self.count(message, digest)
        return True

    def is_new(self, digest: int) -> bool:
        """Whether no message of that digest came before; it has come now."""
        return digest not in self._beside and self._profile.digests.add(digest)

    def count(self, message: Message | TreeMessage, digest: int) -> None:
        """A message that is known to be new."""
        if isinstance(message, Message):
            self._count_lines(message, digest)
        else:
            self._count_tree(message, digest)
        self._waiting += len(message.text)
        if self._waiting > _WAITING_CHARACTERS:
            self._flush()

    def unreadable(self, raw: bytes, problem: Problem) -> bool:
        """Whether a message that could not be read is new."""
        if not self.is_new(self._profile.key.message(raw)):
            return False
        self.count_unreadable(problem)
        return True

    def count_unreadable(self, problem: Problem) -> None:
        """A message that could not be read and is known to be new."""
        add_up(self._profile.unreadable, {problem.kind: 1})

    def profile(self) -> Profile:
        """Everything that came."""
        self._flush()
        return self._profile

    def _flush(self) -> None:
        with held():
            for counting in self._counting.values():
                counting.flush()
        self._counting, self._waiting = {}, 0

    def _count_lines(self, message: Message, digest: int) -> None:
        message_type, version = type_of(message)
        counting = self._counting.get((message_type, version, message.delimiters))
        if not isinstance(counting, Counting):
            counts = self._counts_of(message_type, version)
            counting = Counting(counts, self._profile.key, message_type, version, message.delimiters)
            self._counting[message_type, version, message.delimiters] = counting
        counting.add(message, digest)

    def _count_tree(self, message: TreeMessage, digest: int) -> None:
        place = message.type, message.version, message.root
        counting = self._counting.get(place)
        if not isinstance(counting, TreeCounting):
            counts, standard = self._counts_of(message.type, message.version), self._profile.standard
            counting = TreeCounting(counts, self._profile.key, standard, message.version, message.root)
            self._counting[place] = counting
        counting.add(message, digest)

    def _counts_of(self, message_type: str, version: str) -> TypeCounts:
        return self._profile.types.setdefault(f"{message_type} {version}", TypeCounts())


def type_of(message: Message) -> tuple[str, str]:
    """MSH-9 and MSH-12 where they look as such, else "unknown": what stands there may be anything."""
    message_type, version = message.type, message.version
    return (
        message_type if _TYPE.fullmatch(message_type) else _UNKNOWN,
        version if _VERSION.fullmatch(version) else _UNKNOWN,
    )


def profile_messages(
    source: Source | list[Path],
    key: ProfileKey,
    *,
    beside: Profile | None = None,
    report: Report | None = None,
    longest: int = LONGEST,
    standard: Standard = HL7V2,
) -> Profile:
    """The profile of a file, several, bytes or a stream. `report` is told of everything malformed, in order.

    `standard`: "HL7v2", "FHIR", "NCPDP-SCRIPT" or "NCPDP-Telecom". Raises `MessagesNotFound`.
    """
    profiler = Profiler(key, beside=beside, standard=standard)
    for one in source if isinstance(source, list) else [source]:
        add_source(profiler, one, report=report, longest=longest, standard=standard)
    return profiler.profile()


def add_source(
    profiler: Profiler,
    source: Source,
    *,
    report: Report | None = None,
    longest: int = LONGEST,
    standard: Standard = HL7V2,
) -> None:
    """Everything of one source. Raises `MessagesNotFound`."""
    if standard == HL7V2:
        _profile_lines(profiler, source, report, longest)
    else:
        _profile_trees(profiler, standard, source, report, longest)


def _profile_lines(profiler: Profiler, source: Source, report: Report | None, longest: int) -> None:
    batches = Batches()
    for piece in pieces_of(source, longest=longest):
        found = read_piece(piece, batches)
        if isinstance(found, Message):
            profiler.add(found)
            _tell(report, found.problems if report is not None else ())
            continue
        if piece.kind == "MSH" and not piece.cut:
            profiler.unreadable(piece.raw, found[0])
        _tell(report, found)
    _tell(report, batches.end())


def _profile_trees(profiler: Profiler, standard: Standard, source: Source, report: Report | None, longest: int) -> None:
    for piece in tree_pieces(standard)(source, longest=longest):
        if piece.message is not None:
            profiler.add(piece.message)
            _tell(report, piece.message.problems if report is not None else ())
        elif piece.problems:
            profiler.unreadable(piece.raw, piece.problems[0])
        _tell(report, piece.problems)


def _tell(report: Report | None, problems: Iterable[Problem]) -> None:
    if report is not None:
        for problem in problems:
            report(problem)
