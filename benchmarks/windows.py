"""How many texts must be scored by their words: `uv run python -m benchmarks.windows`.

Every text is a docstring of the standard library or of an installed package, every question some of the words of one of
its sentences, and right is the text that they are from: the questions that words alone answer best, so those that lose
most when fewer texts are looked at. Each number of texts is judged over the same questions.
"""

import argparse
import ast
import random
import re
import sysconfig
from collections.abc import Iterator, Sequence
from pathlib import Path
from time import thread_time
from typing import Any
from uuid import UUID

import numpy as np

from benchmarks.knowledge import BASE, PURPOSE, scope_of
from benchmarks.places import Place, person, places_on
from benchmarks.retrieval.measuring import EMBEDDER, embedder_named
from holdfast.core import lexical
from holdfast.core.embedders import Vector
from holdfast.core.fusion import CANDIDATES, fuse
from holdfast.core.ids import new_id

WINDOWS = (1_000, 400, 200, 100, 50)
DEPTHS = (1, 5, 10, 20)
_WORD = re.compile(r"[A-Za-z]{3,}")
_BETWEEN = re.compile(r"(?<=[.!?])\s+|\n\n")
Near = list[tuple[UUID, float]]


def main() -> None:
    """Print, for each number of texts, how often the right one is found by words and by both."""
    options = argparse.ArgumentParser(description=main.__doc__)
    options.add_argument("--texts", type=int, default=14_000, help="at most so many")
    options.add_argument("--questions", type=int, default=600)
    given = options.parse_args()
    chance = random.Random(4)
    texts = _texts(given.texts)
    asked = [*_questions(texts, given.questions, chance)]
    ids = [new_id() for _ in texts]
    print(f"{len(texts):,} texts, {len(asked):,} questions")
    with places_on("sqlite") as places:
        judge(places.new(), dict(zip(ids, texts, strict=True)), [(ids[at], question) for at, question in asked])


def judge(place: Place, texts: dict[UUID, str], asked: Sequence[tuple[UUID, str]]) -> None:
    """Fill an index and ask it everything, once for each number of texts."""
    near = _near(texts, [question for _, question in asked])
    with place.open() as store:
        me = person(store)
        scope, engine = scope_of(me, "D"), me.conversations.engine
        entries = [lexical.Entry(one, "D", None, text) for one, text in texts.items()]
        for at in range(0, len(entries), 2_000):
            lot = entries[at : at + 2_000]
            engine.write(scope, "own", lambda tx, lot=lot: lexical.put(tx, PURPOSE, BASE, lot))
        for window in WINDOWS:
            words, both, busy = [], [], 0.0
            for (right, question), by_meaning in zip(asked, near, strict=True):
                parsed = lexical.parse_question(question, most_chars=4_000)
                at_place = {"purpose": PURPOSE, "abouts": [BASE], "k": CANDIDATES, "window": window}
                began = thread_time()
                found = engine.read(scope, "own", lambda tx: lexical.search(tx, parsed, **at_place))  # noqa: B023
                busy += thread_time() - began
                words.append(_rank(right, [one.item_id for one in found]))
                joined = fuse([(one.item_id, one.score) for one in found], by_meaning, k=max(DEPTHS))
                both.append(_rank(right, [one.id for one in joined]))
            print(f"{window:5,} texts  words {_shown(words)}   both {_shown(both)}   {1000 * busy / len(asked):.1f} ms")


def _texts(most: int) -> list[str]:
    roots = [Path(sysconfig.get_paths()[name]) for name in ("stdlib", "purelib")]
    paths = sorted(path for root in roots for path in root.rglob("*.py"))
    random.Random(1).shuffle(paths)
    found: dict[str, None] = {}
    for path in paths:
        found |= dict.fromkeys(_docstrings(path))
        if len(found) >= most:
            break
    return [*found][:most]


def _docstrings(path: Path) -> Iterator[str]:
    try:
        tree = ast.parse(path.read_text("utf-8"))
    except (SyntaxError, ValueError):
        return
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Module)):
            text = ast.get_docstring(node)
            if text is not None and 40 <= len(text.split()) <= 260:
                yield text


def _questions(texts: Sequence[str], count: int, chance: random.Random) -> Iterator[tuple[int, str]]:
    made = 0
    while made < count:
        at = chance.randrange(len(texts))
        said = [words for one in _BETWEEN.split(texts[at]) if 6 <= len(words := _WORD.findall(one)) <= 25]
        share = chance.choice((0.3, 0.5, 0.7))
        kept = [word for word in chance.choice(said) if chance.random() < share][:10] if said else []
        if len(kept) > 1:
            made += 1
            yield at, " ".join(kept)


def _near(texts: dict[UUID, str], questions: Sequence[str]) -> list[Near]:
    """The candidates of each question by meaning, exactly."""
    embedder, ids = embedder_named(EMBEDDER), [*texts]
    assert embedder is not None, "it is named"
    vectors: list[Vector] = []
    for at in range(0, len(ids), 256):
        vectors += embedder.embed([texts[one] for one in ids[at : at + 256]], kind="document")
    held = _directions(vectors)
    asked = _directions([embedder.embed([one], kind="query")[0] for one in questions])
    near = []
    for vector in asked:
        alike = held @ vector
        near.append([(ids[at], float(alike[at])) for at in np.argpartition(-alike, CANDIDATES)[:CANDIDATES]])
    return near


def _directions(vectors: Sequence[Vector]) -> Any:
    held = np.array([[*one] for one in vectors], dtype=np.float32)
    return held / np.linalg.norm(held, axis=1, keepdims=True)


def _rank(right: UUID, found: Sequence[UUID]) -> int:
    return found.index(right) if right in found else len(found) + CANDIDATES


def _shown(ranks: Sequence[int]) -> str:
    return " ".join(f"@{depth} {sum(rank < depth for rank in ranks) / len(ranks):.3f}" for depth in DEPTHS)


if __name__ == "__main__":
    main()
