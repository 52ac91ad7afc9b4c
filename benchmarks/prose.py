"""Documents whose words are repeated as often as those of English prose, or less.

Adding a document costs by its different words as well as by its length. Different stems in so many running words, as
`holdfast.core.words` makes them (means over windows):

| words | the Rust book | five books on Rust | readmes | made here | 1/rank |
| --- | --- | --- | --- | --- | --- |
| 240 (a chunk) | 113 | 105 | 105 | 129 | 191 |
| 1,200 (5 chunks) | 304 | 312 | 345 | 426 | 783 |
| 24,000 (100 chunks) | 1,346 | 1,598 | 2,441 | 3,612 | 8,656 |
| 100,000 | 2,410 | 3,054 | 5,744 | 9,321 | 22,745 |

The readmes are those of the 180 Python packages beside this one: they have the most, since as many people wrote them,
each about something else. What is made here has half as many again. `benchmarks/knowledge.py` makes texts by plain
1/rank: none of the texts that were read is as rich.
That makes a search harder, and a hundred chunks count up more than twice the words.
"""

import random
from bisect import bisect
from itertools import accumulate

from benchmarks.knowledge import WORDS

EXPONENT, SHIFT = 1.3, 3.5
"""Of the Zipf–Mandelbrot law: a word's share is 1 / (rank + shift) ** exponent."""
SENTENCE, PARAGRAPH = (6, 30), (3, 8)
"""Words in a sentence, sentences in a paragraph: from, to."""

_shares = [*accumulate(1 / (rank + SHIFT) ** EXPONENT for rank in range(len(WORDS)))]


def document(chance: random.Random, words: int) -> str:
    """Paragraphs of sentences, of so many words together, or a few more."""
    paragraphs: list[str] = []
    while words > 0:
        sentences = [_sentence(chance) for _ in range(chance.randint(*PARAGRAPH))]
        words -= sum(len(one) for one in sentences)
        paragraphs.append(" ".join(f"{' '.join(one).capitalize()}." for one in sentences))
    return "\n\n".join(paragraphs)


def _sentence(chance: random.Random) -> list[str]:
    return [WORDS[bisect(_shares, chance.random() * _shares[-1])] for _ in range(chance.randint(*SENTENCE))]
