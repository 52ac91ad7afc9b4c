"""Addresses of outside services, checked before anything is stored or sent there."""

from ipaddress import ip_address
from urllib.parse import SplitResult, urlsplit

from holdfast.core.errors import InvalidInput
from holdfast.core.inputs import check_text

URL_BYTES = 2_000


def check_url(value: object, *, field: str) -> str:
    """`value`, when it is an https URL without credentials; plain http only to this machine itself.

    Raises `InvalidInput`, which does not repeat the URL: what is wrong with it may be that it holds a secret.
    """
    text = check_text(value, field=field, most_bytes=URL_BYTES)
    parts = _parsed(text, field)
    if not text.isascii() or not text.isprintable() or " " in text or "\\" in text:
        raise InvalidInput(f"{field}: holds a space or a character outside ASCII; percent-encode it", field=field)
    if not parts.hostname:
        raise InvalidInput(f"{field}: names no host; give https://host/path", field=field)
    if "@" in parts.netloc:
        raise InvalidInput(f"{field}: holds a user or password; give them as arguments of their own", field=field)
    if "#" in text:
        raise InvalidInput(f"{field}: has a fragment (#…); leave it out", field=field)
    if parts.scheme != "https" and not (parts.scheme == "http" and _is_loopback(parts.hostname)):
        raise InvalidInput(f"{field}: https is needed; http is allowed to localhost only", field=field)
    return text


def _parsed(text: str, field: str) -> SplitResult:
    try:
        parts = urlsplit(text)
        _ = parts.port  # raises for one that is no number
    except ValueError:
        raise InvalidInput(f"{field}: is not a URL; give https://host/path", field=field) from None
    return parts


def _is_loopback(host: str) -> bool:
    if host.lower() == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
