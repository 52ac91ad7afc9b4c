"""Questions with the passages that answer them, read from a JSON file of one of two formats.

Ours, documented in docs/how-to/judge-retrieval.md:

    {"collections": [{"id": "…",
        "passages": [{"id": "1:1", "text": "…", "session": "1", "speaker": "…", "time": "…"}, …],
        "questions": [{"question": "…", "evidence": ["1:1"]}, …]}, …]}

`session`, `speaker`, `time` and a question's `category` may be absent. The other is LoCoMo's, the usual one for long
conversations in sessions: a list of samples with "conversation" (`session_1`, `session_1_date_time`, …) and "qa".
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

ADVERSARIAL = 5
"""LoCoMo's category of questions that have no answer: their evidence is what misleads."""
_SESSION = re.compile(r"session_(\d+)")
_TURN = re.compile(r"D:?(\d+):(\d+)")


class NotUnderstood(ValueError):
    """The file is in neither format; says where."""


@dataclass(frozen=True, kw_only=True)
class Passage:
    id: str
    text: str
    session: str = ""
    """Neighbours are of the same session."""
    speaker: str | None = None
    time: str | None = None


@dataclass(frozen=True, kw_only=True)
class Question:
    text: str
    evidence: frozenset[str]
    category: str | None = None


@dataclass(frozen=True, kw_only=True)
class Collection:
    """One long conversation, or whatever is searched as one. Its questions all have evidence among its passages."""

    id: str
    passages: tuple[Passage, ...]
    questions: tuple[Question, ...]
    left_out: int = 0
    """Questions whose evidence is missing or unknown, or that have no answer."""

    @property
    def names(self) -> frozenset[str]:
        return frozenset(passage.speaker for passage in self.passages if passage.speaker)

    def only(self, categories: Iterable[str]) -> "Collection":
        """With the questions of these categories alone."""
        wanted = set(categories)
        return replace(self, questions=tuple(each for each in self.questions if each.category in wanted))


def read(path: Path, *, adversarial: bool = False) -> list[Collection]:
    """The collections of a file. `adversarial` keeps the questions that have no answer. Raises `NotUnderstood`."""
    try:
        loaded = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise NotUnderstood(f"{path.name}: is not JSON ({error})") from error
    return collections_of(loaded, path.name, adversarial=adversarial)


def collections_of(loaded: Any, name: str = "the file", *, adversarial: bool = False) -> list[Collection]:
    """The same from JSON already loaded."""
    try:
        if isinstance(loaded, Mapping) and "collections" in loaded:
            found = [_ours(each) for each in loaded["collections"]]
        else:
            samples = loaded if isinstance(loaded, list) else [loaded]
            found = [_locomo(each, number, adversarial) for number, each in enumerate(samples, 1)]
    except (KeyError, TypeError, AttributeError) as error:
        raise NotUnderstood(f"{name}: neither our format nor LoCoMo's; failed at {error!r}") from error
    if not any(collection.questions for collection in found):
        raise NotUnderstood(f"{name}: no question has evidence among the passages")
    return found


def _ours(given: Mapping[str, Any]) -> Collection:
    passages = [
        Passage(
            id=str(each["id"]),
            text=str(each["text"]),
            session=str(each.get("session", "")),
            speaker=each.get("speaker"),
            time=each.get("time"),
        )
        for each in given["passages"]
    ]
    asked = [(str(each["question"]), map(str, each["evidence"]), each.get("category")) for each in given["questions"]]
    return _collection(str(given["id"]), passages, asked)


def _locomo(sample: Mapping[str, Any], number: int, adversarial: bool) -> Collection:
    asked = [
        (str(each["question"]), _turns_named(each.get("evidence")), each.get("category"))
        for each in sample["qa"]
        if adversarial or each.get("category") != ADVERSARIAL
    ]
    name = str(sample.get("sample_id", number))
    return _collection(name, list(_turns(sample["conversation"])), asked, left_out=len(sample["qa"]) - len(asked))


def _turns(conversation: Mapping[str, Any]) -> Iterator[Passage]:
    """The turns in the order of the sessions. Some sessions have a time and no turns."""
    sessions = {int(match[1]): key for key in conversation if (match := _SESSION.fullmatch(key))}
    for number in sorted(sessions):
        for turn in conversation[sessions[number]] or ():
            yield Passage(
                id=_turn_id(str(turn["dia_id"])),
                text=_said(turn),
                session=str(number),
                speaker=turn.get("speaker"),
                time=conversation.get(f"session_{number}_date_time"),
            )


def _said(turn: Mapping[str, Any]) -> str:
    """What was said, with what a machine says is in the picture that was sent."""
    caption = turn.get("blip_caption")
    return " ".join(part for part in (turn.get("text"), f"[picture: {caption}]" if caption else None) if part)


def _turns_named(evidence: Any) -> list[str]:
    """Ids in whatever way they were written: "D8:6; D9:17", "D30:05", "D:11:26", a single string, none."""
    parts = [evidence] if isinstance(evidence, str) else evidence or ()
    return [_turn_id(found) for part in parts for found in _turn_ids(str(part))]


def _turn_ids(text: str) -> list[str]:
    return [match[0] for match in _TURN.finditer(text)]


def _turn_id(text: str) -> str:
    match = _TURN.fullmatch(text.strip())
    return f"D{int(match[1])}:{int(match[2])}" if match else text


def _collection(
    name: str, passages: Sequence[Passage], asked: Sequence[tuple[str, Iterable[str], Any]], *, left_out: int = 0
) -> Collection:
    """Of passages with one id the first counts; so do the evidence ids that name a passage."""
    unique = {passage.id: passage for passage in reversed(passages)}
    kept = [passage for passage in passages if unique[passage.id] is passage]
    questions = [
        Question(text=text, evidence=known, category=None if category is None else str(category))
        for text, evidence, category in asked
        if (known := frozenset(evidence) & unique.keys())
    ]
    return Collection(
        id=name, passages=tuple(kept), questions=tuple(questions), left_out=left_out + len(asked) - len(questions)
    )
