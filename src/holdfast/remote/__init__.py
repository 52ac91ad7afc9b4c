"""The client: the rooms of a store that a server holds, under the names they have in the library."""

from pathlib import Path
from typing import TYPE_CHECKING

from holdfast.core.errors import InvalidInput

if TYPE_CHECKING:
    from holdfast.remote.connecting import RemoteScope


def connect(
    url: str,
    *,
    api_key: str | None = None,
    certificates: Path | str | None = None,
    plain_http: bool = False,
    seconds: float = 60.0,
) -> "RemoteScope":
    """The scope of whoever holds `api_key` (or a session's token), at a server.

    `certificates`: a PEM file with the authorities to trust, by default the system's. `plain_http` lets the key travel
    to another machine without TLS. `seconds`: the longest to wait for an answer. A call that gets none is sent again,
    up to four times, and takes effect once. Raises `InvalidInput`.
    """
    try:
        from holdfast.remote import connecting  # what it needs is an extra, and takes a while to import
    except ImportError as error:
        raise InvalidInput(f"connect: {error.name} is not installed; install holdfast[client]", field="url") from error
    return connecting.connect(url, api_key=api_key, certificates=certificates, plain_http=plain_http, seconds=seconds)
