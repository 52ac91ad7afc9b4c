"""This application as outside platforms know it: its OAuth 2 client at each of them."""

import json
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path

from holdfast.core.errors import InvalidInput
from holdfast.core.inputs import check_text
from holdfast.core.urls import check_url

_PART_BYTES = 4_096


@dataclass(frozen=True, kw_only=True)
class OAuthClient:
    """The registration of this application at one platform.

    `token_url` and `revoke_url` are the platform's own unless given. Raises `InvalidInput` for a URL that is neither
    https nor on this machine.
    """

    client_id: str
    client_secret: str = field(repr=False)
    token_url: str | None = None
    revoke_url: str | None = None

    def __post_init__(self) -> None:
        for name in ("client_id", "client_secret"):
            if not check_text(getattr(self, name), field=name, most_bytes=_PART_BYTES):
                raise InvalidInput(f"{name}: is empty; the platform's console shows it", field=name)
        for name in ("token_url", "revoke_url"):
            if getattr(self, name) is not None:
                check_url(getattr(self, name), field=name)


_NAMES = {part.name for part in fields(OAuthClient)}


def read_clients(path: Path) -> dict[str, OAuthClient]:
    """The clients in a JSON file, `{"google_ads": {"client_id": …, "client_secret": …}}`, by platform.

    Raises `InvalidInput` when it cannot be read, or when others can read it.
    """
    try:
        if stat.S_IMODE(path.stat().st_mode) & 0o077:
            raise InvalidInput(
                f"oauth_clients: others can read {str(path)!r}; chmod 600 it, it holds secrets", field="oauth_clients"
            )
        found = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        reason = type(error).__name__  # the text of a JSON error can quote the file
        raise InvalidInput(
            f"oauth_clients: {str(path)!r} cannot be read as JSON ({reason})", field="oauth_clients"
        ) from None
    return clients_from(found)


def clients_from(found: object) -> dict[str, OAuthClient]:
    """Clients by platform, of a JSON object of objects. Raises `InvalidInput` naming the platform at fault."""
    if not isinstance(found, Mapping):
        raise InvalidInput("oauth_clients: a JSON object by platform is needed", field="oauth_clients")
    return {str(platform): _client(str(platform), given) for platform, given in found.items()}


def _client(platform: str, given: object) -> OAuthClient:
    if isinstance(given, OAuthClient):
        return given
    if not isinstance(given, Mapping) or not {"client_id", "client_secret"} <= set(given) <= _NAMES:
        raise InvalidInput(
            f"oauth_clients.{platform:.80}: client_id and client_secret are needed, "
            "token_url and revoke_url may be given, nothing else",
            field="oauth_clients",
        )
    return OAuthClient(**given)
