"""What Holdfast knows of the outside: advertising and analytics platforms (OAuth 2), and AI providers (API keys)."""

from dataclasses import dataclass
from typing import Literal

from holdfast.core.oauth import OAuthClient


@dataclass(frozen=True, kw_only=True)
class Platform:
    """Where and how a platform renews and revokes tokens.

    `renews`: with a refresh token (RFC 6749, section 6), or, at Meta, by exchanging the access token itself while it
    is valid. `revokes`: by POST of the token (RFC 7009), or by DELETE with the token as bearer.
    """

    token_url: str
    revoke_url: str | None
    renews: Literal["refresh_token", "access_token"] = "refresh_token"
    revokes: Literal["post", "delete"] = "post"

    def token_address(self, client: OAuthClient) -> str:
        """Where tokens are renewed: the registration's own address before the platform's."""
        return client.token_url or self.token_url

    def revoke_address(self, client: OAuthClient) -> str | None:
        """Where tokens are revoked, if the platform can do that."""
        return client.revoke_url or self.revoke_url


_GOOGLE = Platform(
    token_url="https://oauth2.googleapis.com/token",
    revoke_url="https://oauth2.googleapis.com/revoke",
)

PLATFORMS: dict[str, Platform] = {
    "google_analytics": _GOOGLE,
    "google_ads": _GOOGLE,
    "meta_ads": Platform(
        token_url="https://graph.facebook.com/v23.0/oauth/access_token",
        revoke_url="https://graph.facebook.com/v23.0/me/permissions",
        renews="access_token",
        revokes="delete",
    ),
    "linkedin_ads": Platform(
        token_url="https://www.linkedin.com/oauth/v2/accessToken",
        revoke_url="https://www.linkedin.com/oauth/v2/revoke",
    ),
}


@dataclass(frozen=True, kw_only=True)
class Provider:
    """What an AI provider's connection must hold, and its address when none is given."""

    needs_key: bool
    needs_url: bool = False
    base_url: str | None = None


PROVIDERS: dict[str, Provider] = {
    "openai": Provider(needs_key=True),
    "anthropic": Provider(needs_key=True),
    "ollama": Provider(needs_key=False, base_url="http://localhost:11434"),
    "openai_compatible": Provider(needs_key=False, needs_url=True),
}
"""For openai and anthropic, no address means the provider's own."""

NAMES = (*PLATFORMS, *PROVIDERS)
