"""Passwords: what is accepted, what is kept, and that nobody can tell a person who is not there."""

import time

import pytest

from holdfast import HoldfastError
from holdfast.domains.identity import passwords
from holdfast.domains.identity.passwords import check_password, hash_password, is_outdated, is_right

RIGHT = "correct horse battery"


@pytest.fixture
def real_cost(monkeypatch, hasher_of_users):
    """What users pay: elsewhere tests hash at the least cost."""
    passwords._nobodys.cache_clear()
    monkeypatch.setattr(passwords, "_hasher", hasher_of_users)
    yield
    passwords._nobodys.cache_clear()


def test_what_is_kept_is_an_argon2id_hash_of_the_full_cost_salted_each_time(real_cost):
    one, other = hash_password(RIGHT), hash_password(RIGHT)
    assert one.startswith("$argon2id$v=19$m=65536,t=3,p=4$") and one != other and RIGHT not in one
    assert is_right(one, RIGHT) and is_right(other, RIGHT)
    assert not is_outdated(one)


@pytest.mark.parametrize("wrong", ["", "correct horse batterY", RIGHT + " ", "x" * 1_000])
def test_another_password_is_wrong(wrong):
    assert not is_right(hash_password(RIGHT), wrong)


@pytest.mark.parametrize("guess", [RIGHT, "", "nobody's password", "nobody's password\0"])
def test_no_password_is_right_for_nobody(guess):
    assert not is_right(None, guess)


def test_a_damaged_hash_is_never_right():
    assert not is_right("$argon2id$damaged", RIGHT)


def test_nobody_takes_as_long_as_somebody(real_cost):
    kept = hash_password(RIGHT)
    is_right(None, RIGHT)

    def fastest(of):
        taken = []
        for _ in range(3):
            began = time.process_time()  # of every thread, whatever else the machine does
            is_right(of, "a wrong password")
            taken.append(time.process_time() - began)
        return min(taken)

    assert 0.5 < fastest(None) / fastest(kept) < 2.0


@pytest.mark.parametrize(
    "password", ["short", "x" * 11, "x" * 1_025, "x" * 100_000, "nul\0 in the middle", "\ud800" * 12, None, 5]
)
def test_what_is_no_password_is_refused_and_not_shown(password):
    with pytest.raises(HoldfastError, match="password: ") as caught:
        check_password(password)
    assert caught.value.code == "invalid_input"
    assert "x" * 11 not in str(caught.value)


def test_two_spellings_of_one_character_are_one_password():
    assert check_password("café au lait oui") == check_password("cafe\u0301 au lait oui")
