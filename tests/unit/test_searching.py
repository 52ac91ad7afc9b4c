"""What campaigns look for secrets with finds them wherever they are."""

import random

import pytest
from support.searching import Needles


def test_finds_what_a_plain_search_finds() -> None:
    pick = random.Random(5)
    needles = [pick.randbytes(pick.randrange(8, 30)) for _ in range(300)] + [b"A" * 8, b"A" * 11]
    looked = Needles(needles)
    for _ in range(60):
        raw = b"".join(
            pick.choice(needles)[: pick.randrange(31)] + pick.randbytes(pick.randrange(9))
            for _ in range(pick.randrange(8))
        )
        assert looked.found_in(raw) == sorted({one for one in needles if one in raw})
    assert looked.found_in(b"x" * 3 + b"A" * 11) == [b"A" * 8, b"A" * 11]
    assert looked.found_in(b"") == looked.found_in(b"A" * 7) == []
    born = Needles([b"19801220"])
    assert born.found_in(b"|19801220") == born.found_in(b"198012200000") == [b"19801220"]
    assert born.found_in(b"|219801220000") == []
    with pytest.raises(ValueError, match="too short"):
        Needles([b"short"])
