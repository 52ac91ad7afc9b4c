"""What `put` takes: which secrets belong to which platform, in which form."""

from collections.abc import Mapping
from datetime import datetime

from holdfast.core.clock import as_utc
from holdfast.core.errors import InvalidInput
from holdfast.core.inputs import check_choice
from holdfast.core.urls import check_url
from holdfast.domains.connections.platforms import NAMES, PLATFORMS, PROVIDERS

TOKEN_CHARS = 16 * 1024
_OF_PLATFORMS = ("access_token", "refresh_token", "expires_at")
_OF_PROVIDERS = ("api_key", "base_url")


def check_any(name: object, *, field: str = "platform") -> str:
    """A platform's or provider's name."""
    return check_choice(name, NAMES, field=field)


def check_platform(name: object) -> str:
    """A platform's name: one that has tokens and metrics."""
    return check_choice(name, tuple(PLATFORMS), field="platform")


def check_provider(name: object) -> str:
    """An AI provider's name."""
    return check_choice(name, tuple(PROVIDERS), field="provider")


def check_secrets(
    platform: str,
    *,
    access_token: str | None,
    refresh_token: str | None,
    expires_at: datetime | None,
    api_key: str | None,
    base_url: str | None,
) -> dict[str, object]:
    """The columns of what was given. Raises `InvalidInput` for what is missing or belongs to the other kind."""
    given: dict[str, object] = {
        "access_token": _check_secret(access_token, "access_token"),
        "refresh_token": _check_secret(refresh_token, "refresh_token"),
        "expires_at": None if expires_at is None else as_utc(expires_at, field="expires_at"),
        "api_key": _check_secret(api_key, "api_key"),
        "base_url": None if base_url is None else check_url(base_url, field="base_url"),
    }
    if platform in PLATFORMS:
        _check_absent(given, _OF_PROVIDERS, f"{platform} is reached with OAuth tokens")
        if access_token is None and refresh_token is None:
            raise InvalidInput("access_token: give it, or a refresh_token, or both", field="access_token")
    else:
        _check_absent(given, _OF_PLATFORMS, f"{platform} is reached with an api_key")
        _check_provider(platform, given)
    return given


def _check_provider(name: str, given: dict[str, object]) -> None:
    provider = PROVIDERS[name]
    given["base_url"] = given["base_url"] or provider.base_url
    if provider.needs_key and given["api_key"] is None:
        raise InvalidInput(f"api_key: {name} needs one", field="api_key")
    if provider.needs_url and given["base_url"] is None:
        raise InvalidInput(f"base_url: which server? {name} has no address of its own", field="base_url")


def _check_absent(given: Mapping[str, object], names: tuple[str, ...], why: str) -> None:
    for name in names:
        if given[name] is not None:
            raise InvalidInput(f"{name}: {why}; leave it out", field=name)


def is_token(value: object) -> bool:
    """Whether it is what RFC 6749 lets a token be: visible ASCII. Anything else could break a header apart."""
    fits = isinstance(value, str) and 0 < len(value) <= TOKEN_CHARS
    return fits and all("!" <= character <= "~" for character in str(value))


def _check_secret(value: object, field: str) -> str | None:
    """A secret as it must be to travel in a header; the message shows nothing of it."""
    if value is None:
        return None
    if not is_token(value):
        raise InvalidInput(
            f"{field}: 1 to {TOKEN_CHARS:,} visible ASCII characters without spaces are needed; "
            "it may have been cut or copied with a line end",
            field=field,
        )
    return str(value)
