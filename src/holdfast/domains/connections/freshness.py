"""When a token is good, when it is renewed, and what is said when neither can be."""

from datetime import datetime, timedelta
from typing import Literal

from holdfast.domains.connections.errors import (
    ConnectionExpired,
    ConnectionRevoked,
    OAuthClientMissing,
    PlatformFailing,
)
from holdfast.domains.connections.models import Held
from holdfast.domains.connections.platforms import PLATFORMS

MARGIN = timedelta(minutes=5)
"""A token is renewed this long before it expires, so that what is given out does not expire in use."""
EXCHANGE_MARGIN = timedelta(days=1)
"""Where the token itself is exchanged, it must still be good: renewed earlier, so that a quiet night loses nothing."""
LONGEST_PAUSE = timedelta(hours=1)

Grant = Literal["refresh_token", "access_token"]


def grant_of(held: Held) -> Grant | None:
    """With which of its tokens this connection is renewed, if it can be."""
    if held.refreshable:
        return "refresh_token"
    return "access_token" if PLATFORMS[held.platform].renews == "access_token" else None


def is_fresh(held: Held, moment: datetime) -> bool:
    """Whether the access token is given out as it is.

    Of a token that was renewed and lives shorter than twice the margin, the margin is half its life: a platform that
    gives such ones would otherwise be asked at every call.
    """
    if held.access_token is None:
        return False
    if held.expires_at is None:
        return True
    margin = EXCHANGE_MARGIN if grant_of(held) == "access_token" else MARGIN
    if held.refreshed_at is not None:
        margin = min(margin, (held.expires_at - held.refreshed_at) / 2)
    return held.expires_at - moment > margin


def is_usable(held: Held, moment: datetime) -> bool:
    """Whether the access token has not expired."""
    return held.access_token is not None and (held.expires_at is None or held.expires_at > moment)


def is_due(held: Held, moment: datetime) -> bool:
    """Whether the platform may be asked now: the connection can be renewed, and a failing platform was left alone."""
    if held.status in ("expired", "revoked") or (held.retry_at is not None and held.retry_at > moment):
        return False
    grant = grant_of(held)
    return grant == "refresh_token" or (grant == "access_token" and is_usable(held, moment))


def pause(failures: int, first: float) -> timedelta:
    """How long to leave a failing platform alone after so many failures."""
    return min(timedelta(seconds=first * 2 ** min(failures, 30)), LONGEST_PAUSE)


def usable_or_refused(held: Held, moment: datetime, *, has_client: bool) -> str:
    """The old token while it is good; after that, the error that says why there is no new one."""
    if held.status == "revoked":
        raise ConnectionRevoked(held.platform)
    if held.access_token is not None and is_usable(held, moment):
        return held.access_token
    if held.status == "expired":
        raise ConnectionExpired(held.platform, "the platform refused to renew it")
    if grant_of(held) != "refresh_token":
        raise ConnectionExpired(held.platform, "there is nothing to renew it with")
    if not has_client:
        raise OAuthClientMissing(held.platform)
    raise PlatformFailing(held.platform, held.error or "another caller is still at it", held.retry_at)
