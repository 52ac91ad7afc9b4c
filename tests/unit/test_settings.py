"""Settings: every limit has a default, can be set by the environment, and is checked."""

from dataclasses import fields

import pytest

import holdfast
from holdfast import HoldfastError, Settings
from holdfast.core.errors import InvalidInput
from holdfast.core.settings import estimate_tokens, from_environment, numbers


def test_without_an_environment_the_defaults_hold():
    assert from_environment({}) == Settings()


@pytest.mark.parametrize("name", numbers(Settings()))
def test_each_number_can_be_set_by_the_environment(name):
    kind = type(getattr(Settings(), name))
    given = "0.75" if name == "vector_weight" else "7"
    made = from_environment({f"HOLDFAST_{name.upper()}": given})
    assert getattr(made, name) == float(given)
    assert type(getattr(made, name)) is kind
    assert {f.name: getattr(made, f.name) for f in fields(made) if f.name != name} == {
        f.name: getattr(Settings(), f.name) for f in fields(made) if f.name != name
    }


@pytest.mark.parametrize("text", ["", "many", "1.5x", "0x10", "None", "1e3", "nan", "inf", "-inf", "-1", "0"])
@pytest.mark.parametrize("name", ["pool", "busy_seconds"])
def test_what_is_not_a_positive_number_is_refused_by_name(name, text):
    if (name, text) == ("busy_seconds", "1e3"):
        assert from_environment({"HOLDFAST_BUSY_SECONDS": text}).busy_seconds == 1000
        return
    with pytest.raises(HoldfastError, match=f"(?i){name}.*number") as caught:
        from_environment({f"HOLDFAST_{name.upper()}": text})
    assert caught.value.code == "invalid_input"
    assert caught.value.field == name


@pytest.mark.parametrize("value", [0, -1, float("nan")])
def test_a_setting_given_in_code_is_checked_too(value):
    with pytest.raises(HoldfastError, match="setting pool: .* is not a positive number") as caught:
        Settings(pool=value)
    assert caught.value.field == "pool"


def test_other_variables_are_left_alone():
    assert from_environment({"HOLDFAST_KEY": "secret", "POOL": "3", "HOLDFAST_NOTHING": "x"}) == Settings()


def test_settings_are_frozen():
    with pytest.raises(AttributeError):
        Settings().pool = 3


def test_the_limits_are_those_the_design_names():
    assert (Settings().message_bytes, Settings().metadata_bytes) == (1024 * 1024, 64 * 1024)
    assert (Settings().attachment_bytes, Settings().page) == (50 * 1024 * 1024, 200)


def test_tokens_are_estimated_by_bytes_rounded_up():
    assert [estimate_tokens(text) for text in ("", "a", "abcd", "abcde", "漢字")] == [0, 1, 1, 2, 2]


def test_the_cache_is_named_by_the_environment_and_its_password_is_not_shown():
    settings = from_environment({"HOLDFAST_CACHE": "redis://:s3cret@host/0", "HOLDFAST_CACHE_SEALED": "0"})
    assert (settings.cache, settings.cache_sealed) == ("redis://:s3cret@host/0", False)
    assert "s3cret" not in repr(settings)
    assert from_environment({"HOLDFAST_CACHE": ""}).cache is None
    with pytest.raises(InvalidInput, match="neither 1 nor 0"):
        from_environment({"HOLDFAST_CACHE_SEALED": "yes"})
    with pytest.raises(InvalidInput, match="more than 100"):
        Settings(cache_refresh_percent=101)


@pytest.mark.parametrize("url", ["localhost:6379", "http://host", "redis://elsewhere:port/0", "s3cret"])
def test_what_is_no_redis_is_refused_before_anything_is_made(tmp_path, url):
    with pytest.raises(InvalidInput) as refused:
        holdfast.create(f"sqlite:///{tmp_path}/new.db", cache=url)
    assert refused.value.field == "cache"
    assert url not in str(refused.value)
    assert list(tmp_path.iterdir()) == []
