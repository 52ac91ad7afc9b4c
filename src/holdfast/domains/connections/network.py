"""What is asked of outside platforms, and what their answers mean. Never inside a transaction.

Failures are returned, not raised: an exception of the HTTP library keeps the request, and with it the secrets in its
body, wherever it is logged. Nothing of a platform's answer but known codes goes on from here.
"""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import httpx

from holdfast.core.certificates import authorities
from holdfast.core.oauth import OAuthClient
from holdfast.domains.connections.checks import is_token
from holdfast.domains.connections.platforms import Platform

ANSWER_BYTES = 64 * 1024
LONGEST_SECONDS = 10 * 365 * 24 * 3600

_CODES = frozenset(
    "invalid_request invalid_client invalid_grant unauthorized_client unsupported_grant_type invalid_scope "
    "invalid_token unsupported_token_type temporarily_unavailable server_error".split()
)
"""The error codes of RFC 6749 and RFC 7009, and Google's `invalid_token`; any other text is not repeated."""
_GONE = frozenset({"invalid_token", "invalid_grant"})
_META_BAD_TOKEN = 190


@dataclass(frozen=True)
class Renewed:
    """New tokens. No `refresh_token`: the one that was used stays good. No `expires_in`: the platform does not say."""

    access_token: str = field(repr=False)
    refresh_token: str | None = field(repr=False)
    expires_in: int | None


@dataclass(frozen=True)
class Failed:
    """No new tokens, and why, in a word. `final`: asking again with the same token cannot help."""

    reason: str
    final: bool = False


@dataclass(frozen=True)
class _Answer:
    status: int
    body: dict[str, object] = field(repr=False)
    problem: str | None = None
    """Why there is no answer to read."""


def renew(platform: Platform, client: OAuthClient, token: str, *, grant: str, seconds: float) -> Renewed | Failed:
    """Ask for a new access token. `grant`: refresh_token, or access_token for platforms that exchange that."""
    form = {"client_id": client.client_id, "client_secret": client.client_secret}
    if grant == "refresh_token":
        form |= {"grant_type": "refresh_token", "refresh_token": token}
    else:
        form |= {"grant_type": "fb_exchange_token", "fb_exchange_token": token}
    answer = _ask("POST", platform.token_address(client), form=form, seconds=seconds)
    if answer.problem is not None:
        return Failed(answer.problem)
    if answer.status != 200:
        reason = _reason(answer)
        return Failed(reason, final=reason == "invalid_grant")
    return _renewed(answer.body)


def _renewed(body: Mapping[str, object]) -> Renewed | Failed:
    access_token, refresh_token = body.get("access_token"), body.get("refresh_token")
    seconds = _seconds(body.get("expires_in"))
    if not is_token(access_token) or not (refresh_token is None or is_token(refresh_token)) or seconds == 0:
        return Failed("bad_answer")
    return Renewed(str(access_token), None if refresh_token is None else str(refresh_token), seconds)


def _seconds(value: object) -> int | None:
    """A lifetime; None when none is stated, 0 for one that makes no sense."""
    if value is None:
        return None
    text = str(value)
    return min(int(text), LONGEST_SECONDS) if text.isascii() and text.isdigit() and len(text) <= 15 else 0


def revoke(
    platform: Platform, client: OAuthClient | None, token: str, *, kind: Literal["refresh", "access"], seconds: float
) -> Failed | None:
    """Ask the platform to revoke a token. None when it is revoked, or was not good any more."""
    if client is None:
        return Failed("no_client")
    address = platform.revoke_address(client)
    if address is None:
        return Failed("not_offered")
    if platform.revokes == "delete":
        answer = _ask("DELETE", address, bearer=token, seconds=seconds)
    else:
        form = {"token": token, "token_type_hint": f"{kind}_token"}
        form |= {"client_id": client.client_id, "client_secret": client.client_secret}
        answer = _ask("POST", address, form=form, seconds=seconds)
    if answer.problem is not None:
        return Failed(answer.problem)
    return None if 200 <= answer.status < 300 or _reason(answer) in _GONE else Failed(_reason(answer))


def _reason(answer: _Answer) -> str:
    error = answer.body.get("error")
    if isinstance(error, str) and error in _CODES:
        return error
    if isinstance(error, dict) and error.get("code") == _META_BAD_TOKEN:
        return "invalid_grant"
    return f"http_{answer.status}"


def _ask(
    method: str, url: str, *, seconds: float, form: dict[str, str] | None = None, bearer: str | None = None
) -> _Answer:
    """One request. A redirect is not followed: it would carry the secrets to wherever the answer says."""
    headers = {"Accept": "application/json", "Accept-Encoding": "identity"}
    if bearer is not None:
        headers["Authorization"] = f"Bearer {bearer}"
    deadline = time.monotonic() + seconds
    try:
        with httpx.Client(timeout=seconds, verify=authorities(), follow_redirects=False) as http:
            with http.stream(method, url, data=form, headers=headers) as response:
                raw, problem = _read(response, deadline)
                status = response.status_code
    except httpx.TimeoutException:
        problem = "timeout"
    except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, OSError):
        problem = "unreachable"
    if problem is not None:
        return _Answer(0, {}, problem)
    return _Answer(status, _parsed(raw))


def _read(response: httpx.Response, deadline: float) -> tuple[bytes, str | None]:
    if response.is_redirect:
        return b"", "redirected"
    raw = b""
    for piece in response.iter_raw():
        raw += piece
        if len(raw) > ANSWER_BYTES:
            return b"", "bad_answer"
        if time.monotonic() > deadline:
            return b"", "timeout"
    return raw, None


def _parsed(raw: bytes) -> dict[str, object]:
    try:
        found = json.loads(raw)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
