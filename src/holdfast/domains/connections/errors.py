"""What can go wrong in connections. No message holds a secret, and none quotes a platform's answer."""

from datetime import datetime
from uuid import UUID

from holdfast.core.errors import Conflict, NotFound, Unavailable


class ConnectionNotFound(NotFound):
    """The workspace has no connection to this platform."""

    code = "connection_not_found"

    def __init__(self, platform: str, workspace: UUID) -> None:
        super().__init__(
            f"workspace {workspace} has no connection to {platform!r}; connections.put({platform!r}, …) makes one"
        )
        self.platform = platform


class ConnectionRevoked(Conflict):
    """The connection was revoked and gives out nothing any more."""

    code = "connection_revoked"

    def __init__(self, platform: str) -> None:
        super().__init__(f"the connection to {platform!r} is revoked; authorize again and connections.put(…) it")
        self.platform = platform


class ConnectionExpired(Conflict):
    """The token has expired and cannot be renewed: there is no refresh token, or the platform refused it."""

    code = "connection_expired"

    def __init__(self, platform: str, reason: str) -> None:
        super().__init__(
            f"the token of {platform!r} has expired and {reason}; authorize again and connections.put(…) the new one"
        )
        self.platform = platform


class OAuthClientMissing(Conflict):
    """This store was opened without an OAuth client for the platform, so it cannot renew its tokens."""

    code = "oauth_client_missing"

    def __init__(self, platform: str) -> None:
        super().__init__(
            f"there is no OAuth client for {platform!r}; give one in Settings(oauth_clients={{…}}), "
            "or in the JSON file that HOLDFAST_OAUTH_CLIENTS names"
        )
        self.platform = platform


class PlatformFailing(Unavailable):
    """The platform did not renew an expired token. It is asked again after `retry_at`; the call may be repeated."""

    code = "platform_failing"

    def __init__(self, platform: str, reason: str, retry_at: datetime | None) -> None:
        when = "now" if retry_at is None else f"after {retry_at:%Y-%m-%dT%H:%M:%SZ}"
        super().__init__(f"{platform!r} does not renew its token ({reason}); repeat the call {when}")
        self.platform = platform
        self.reason = reason
        self.retry_at = retry_at
