"""The network side of OpenID Connect: discovery, the exchange of a code, and the check of the ID token.

Never called inside a transaction. Only the asymmetric algorithms are accepted, so that nobody signs with what everybody
knows (a public key taken for a shared secret, or no signature at all).
"""

import json
import threading
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

import httpx
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet

from holdfast.core.certificates import authorities
from holdfast.core.settings import LOOPBACK, OpenIdProvider
from holdfast.domains.identity.errors import ProviderUnavailable, SignInRefused

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
LEEWAY = 60
"""Clocks differ; so many seconds are forgiven."""
_KNOWN_FOR = 3600.0
_TIMEOUT = httpx.Timeout(10.0)
_MOST_BYTES = 1024 * 1024


@dataclass(frozen=True, kw_only=True)
class Person:
    """Who the provider says it is."""

    subject: str
    email: str


@dataclass
class _Known:
    """What is kept of a provider for an hour."""

    metadata: dict[str, Any]
    keys: KeySet
    at: float


_known: dict[str, _Known] = {}
_lock = threading.Lock()


class Client:
    """What is asked of one provider."""

    def __init__(self, provider: OpenIdProvider) -> None:
        self._provider = provider

    def authorization_url(self, *, redirect_uri: str, state: str, nonce: str, challenge: str) -> str:
        """Where the browser is sent."""
        address = _endpoint(self._look_up().metadata, "authorization_endpoint")
        asked = {
            "response_type": "code",
            "scope": "openid email",
            "client_id": self._provider.client_id,
            "redirect_uri": redirect_uri,
            "state": state,
            "nonce": nonce,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        return f"{address}{'&' if urlsplit(address).query else '?'}{urlencode(asked)}"

    def exchange(self, *, code: str, redirect_uri: str, verifier: str, nonce: str) -> Person:
        """Who came back with `code`. Raises `SignInRefused`, `ProviderUnavailable`."""
        metadata = self._look_up().metadata
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect_uri,
            "code_verifier": verifier,
            "client_id": self._provider.client_id,
        }
        methods = metadata.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
        basic = None
        if self._provider.client_secret is not None and "client_secret_basic" in methods:
            basic = httpx.BasicAuth(_quoted(self._provider.client_id), _quoted(self._provider.client_secret))
        elif self._provider.client_secret is not None:
            form["client_secret"] = self._provider.client_secret
        status, answer = self._call("POST", _endpoint(metadata, "token_endpoint"), data=form, auth=basic)
        token = answer.get("id_token")
        if status != 200 or not isinstance(token, str):
            raise SignInRefused(f"the provider {self._provider.name!r} did not accept the code")
        return _person(self._claims(token, nonce))

    def _claims(self, token: str, nonce: str) -> dict[str, Any]:
        try:
            claims = self._decoded(token)
            checks = jwt.JWTClaimsRegistry(
                leeway=LEEWAY,
                iss={"essential": True, "value": self._provider.issuer},
                aud={"essential": True, "value": self._provider.client_id},
                sub={"essential": True},
                exp={"essential": True},
                iat={"essential": True},
                nonce={"essential": True, "value": nonce},
            )
            checks.validate(claims)
        except (JoseError, ValueError, TypeError) as error:
            raise SignInRefused(
                f"the ID token of {self._provider.name!r} is not valid ({type(error).__name__})"
            ) from None
        several = isinstance(claims["aud"], list) and len(claims["aud"]) > 1
        if (several or "azp" in claims) and claims.get("azp") != self._provider.client_id:
            raise SignInRefused(f"the ID token of {self._provider.name!r} was made for another client")
        return claims

    def _decoded(self, token: str) -> dict[str, Any]:
        """The claims, when the signature is one of the provider's. It may have new keys: they are asked for again."""
        try:
            return dict(jwt.decode(token, self._look_up().keys, algorithms=list(ALGORITHMS)).claims)
        except InvalidKeyIdError:
            return dict(jwt.decode(token, self._look_up(again=True).keys, algorithms=list(ALGORITHMS)).claims)

    def _look_up(self, *, again: bool = False) -> _Known:
        """A provider's metadata and keys; the network is asked once an hour, or when a key is not among those known."""
        with _lock:
            known = _known.get(self._provider.issuer)
        if known is not None and not again and time.monotonic() - known.at < _KNOWN_FOR:
            return known
        _, metadata = self._call("GET", self._provider.issuer.rstrip("/") + "/.well-known/openid-configuration")
        if metadata.get("issuer") != self._provider.issuer:
            raise SignInRefused(
                f"the provider {self._provider.name!r} calls itself {str(metadata.get('issuer'))!r:.200}"
            )
        _, keys = self._call("GET", _endpoint(metadata, "jwks_uri"))
        try:
            made = _Known(metadata, KeySet.import_key_set(keys), time.monotonic())  # type: ignore[arg-type]  # as it came
        except (JoseError, KeyError, ValueError, TypeError):
            raise ProviderUnavailable(self._provider.name) from None
        with _lock:
            _known[self._provider.issuer] = made
        return made

    def _call(
        self, method: str, address: str, *, data: dict[str, str] | None = None, auth: Any = None
    ) -> tuple[int, dict[str, Any]]:
        try:
            with (
                httpx.Client(timeout=_TIMEOUT, verify=authorities(), follow_redirects=False) as client,
                client.stream(
                    method, address, data=data, auth=auth, headers={"Accept": "application/json"}
                ) as response,
            ):
                body = _read(response)
                found = json.loads(body)
        except (httpx.HTTPError, ValueError):
            raise ProviderUnavailable(self._provider.name) from None  # the driver's text can hold a code
        if response.status_code >= 500 or not isinstance(found, dict):
            raise ProviderUnavailable(self._provider.name)
        return response.status_code, found


def _person(claims: dict[str, Any]) -> Person:
    email = claims.get("email")
    if claims.get("email_verified") is not True or not isinstance(email, str):
        raise SignInRefused("the provider has not verified the e-mail address; verify it there and try again")
    return Person(subject=claims["sub"], email=email)


def _endpoint(metadata: dict[str, Any], name: str) -> str:
    """An address from the metadata, when it is a safe one to send codes and secrets to."""
    address = metadata.get(name)
    parts = urlsplit(address) if isinstance(address, str) else None
    if parts is None or not (parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK)):
        raise SignInRefused(f"the provider's {name} is not an https address")
    return str(address)


def _read(response: httpx.Response) -> bytes:
    body = b""
    for piece in response.iter_bytes():
        body += piece
        if len(body) > _MOST_BYTES:
            raise ValueError("too long")
    return body


def _quoted(text: str) -> str:
    """As RFC 6749 (2.3.1) wants it in the Authorization header."""
    return urlencode({"": text})[1:]
