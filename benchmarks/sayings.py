"""Messages as people and models write them: English words, a few of them in most sentences, most of them rare."""

import random
from collections.abc import Iterator

_BEGINNINGS = "acc al app ar bal bor cap car con cred de del dis ex fin for gra hol in inter leg mar mon".split()
_MIDDLES = (
    "a ab al an ar as ca co de di e el em er fi i in ist li lo ma mi no o or pa po ra re ri se ta ti u va".split()
)
_ENDINGS = "able age al ance ant ary ate ation ed ence ent er ing ion ist ity ive ly ment ness or ory ous s ty".split()
_EVERYDAY = """
    the to of and a in is for you it that on with this be are can your we have not as if or at by from will an our
""".split()
VOCABULARY = 20_000

COMMON = "account"
"""In nearly every message."""
FREQUENT = "balance"
"""In one message of ten."""


def _vocabulary() -> list[str]:
    """Words in order of frequency: everyday ones, then made ones. Always the same."""
    chance = random.Random(7)
    made: dict[str, None] = {}
    while len(made) < VOCABULARY:
        middles = "".join(chance.choices(_MIDDLES, k=chance.randint(0, 2)))
        made[chance.choice(_BEGINNINGS) + middles + chance.choice(_ENDINGS)] = None
    for planted in (COMMON, FREQUENT):
        made.pop(planted, None)
    return [*_EVERYDAY, *made]


def sayings(seed: int = 1, *, size: int = 400) -> Iterator[str]:
    """Endless messages of about `size` bytes, their words drawn by Zipf's law: the n-th is n times rarer."""
    words = _vocabulary()
    chance = random.Random(seed)
    weights = list(_cumulative(len(words)))
    most = size // 5
    while True:
        drawn = chance.choices(words, cum_weights=weights, k=most)
        if chance.random() < 0.95:
            drawn[chance.randrange(4, 12)] = COMMON
        if chance.random() < 0.1:
            drawn[chance.randrange(12, 30)] = FREQUENT
        text = " ".join(drawn)
        yield text[: text.rfind(" ", 0, size + chance.randint(-size // 4, size // 4))].capitalize() + "."


def _cumulative(count: int) -> Iterator[float]:
    total = 0.0
    for rank in range(1, count + 1):
        total += 1 / rank
        yield total


def sample(count: int = 2_000, seed: int = 1) -> list[str]:
    """A fixed list of messages, so that making them is not part of what is measured."""
    source = sayings(seed)
    return [next(source) for _ in range(count)]
