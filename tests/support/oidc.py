"""A provider of OpenID Connect on loopback: it checks what a client sends, and really signs (RS256)."""

import base64
import hashlib
import hmac
import json
import secrets
import threading
import time
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
from joserfc import jwt
from joserfc.jwk import RSAKey

CLIENT_ID, CLIENT_SECRET = "holdfast tests", "s3cret&of=the client"
PERSON = {"sub": "p-1", "email": "amina@acme.test", "email_verified": True}


def _encoded(part: dict[str, Any] | bytes) -> str:
    data = part if isinstance(part, bytes) else json.dumps(part).encode()
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


@cache
def key_of(kid: str) -> RSAKey:
    """The key of that name: one for all providers of a process, for it takes 100 ms to make."""
    return RSAKey.generate_key(2048, {"kid": kid, "use": "sig", "alg": "RS256"})


def _signed_with_the_public_key(claims: dict[str, Any], key: RSAKey) -> str:
    """The old attack: what everybody may read, taken for a secret that both sides share."""
    text = f"{_encoded({'alg': 'HS256', 'kid': key.kid})}.{_encoded(claims)}"
    return f"{text}.{_encoded(hmac.digest(key.as_pem(private=False), text.encode(), 'sha256'))}"


class Provider:
    """One provider. Its knobs make it lie, so that each lie can be shown to be noticed."""

    def __init__(self) -> None:
        self.person: dict[str, Any] = dict(PERSON)
        self.claims: dict[str, Any] = {}
        """Put over the true ones; None takes a claim away."""
        self.metadata: dict[str, Any] = {}
        self.sign_with: Any = None
        self.algorithm = "RS256"
        self.down = False
        self.answering = threading.Event()
        """Cleared, it takes requests and answers none."""
        self.answering.set()
        self.asked: list[str] = []
        self._codes: dict[str, dict[str, str]] = {}
        self.new_key("first")
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.issuer = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()

    def stop(self) -> None:
        self.answering.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def new_key(self, kid: str) -> None:
        """Sign with another key from now on, and show only that one."""
        self.key = key_of(kid)

    def visit(self, url: str) -> dict[str, str]:
        """What a browser brings back: the parameters of the redirection."""
        answer = httpx.get(url, follow_redirects=False)
        assert answer.status_code == 302, answer.text
        return {name: values[0] for name, values in parse_qs(urlsplit(answer.headers["location"]).query).items()}

    # -- what it answers -----------------------------------------------------------------------------------------------

    def discovery(self) -> dict[str, Any]:
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
            **self.metadata,
        }

    def authorize(self, asked: dict[str, str]) -> str:
        assert asked["client_id"] == CLIENT_ID and asked["response_type"] == "code"
        assert asked["code_challenge_method"] == "S256" and "openid" in asked["scope"].split()
        code = secrets.token_urlsafe(16)
        self._codes[code] = asked
        return f"{asked['redirect_uri']}?{urlencode({'code': code, 'state': asked['state']})}"

    def token(self, form: dict[str, str], authorization: str | None) -> tuple[int, dict[str, Any]]:
        asked = self._codes.pop(form.get("code", ""), None)
        if not self._is_our_client(form, authorization):
            return 401, {"error": "invalid_client"}
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        proof = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        if asked is None or proof != asked["code_challenge"] or form.get("redirect_uri") != asked["redirect_uri"]:
            return 400, {"error": "invalid_grant"}
        return 200, {"access_token": "unused", "token_type": "Bearer", "id_token": self._id_token(asked["nonce"])}

    def _is_our_client(self, form: dict[str, str], authorization: str | None) -> bool:
        if authorization is None:
            return (form.get("client_id"), form.get("client_secret")) == (CLIENT_ID, CLIENT_SECRET)
        given = base64.b64decode(authorization.removeprefix("Basic ")).decode()
        quoted = [urlencode({"": text})[1:] for text in (CLIENT_ID, CLIENT_SECRET)]
        return given == ":".join(quoted)

    def _id_token(self, nonce: str) -> str:
        moment = int(time.time())
        true = {"iss": self.issuer, "aud": CLIENT_ID, "iat": moment, "exp": moment + 300, "nonce": nonce, **self.person}
        claims = {name: value for name, value in {**true, **self.claims}.items() if value is not None}
        if self.algorithm == "none":
            return f"{_encoded({'alg': 'none'})}.{_encoded(claims)}."
        if self.algorithm == "HS256":
            return _signed_with_the_public_key(claims, self.key)
        return jwt.encode({"alg": "RS256", "kid": self.key.kid}, claims, self.sign_with or self.key)

    def _handler(provider) -> type[BaseHTTPRequestHandler]:
        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_: object) -> None:
                pass

            def answer(self, status: int, body: Any, **headers: str) -> None:
                data = json.dumps(body).encode() if not isinstance(body, bytes) else body
                self.send_response(status)
                for name, value in {"Content-Type": "application/json", **headers}.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def do_GET(self) -> None:
                parts = urlsplit(self.path)
                provider.asked.append(parts.path)
                provider.answering.wait(30)
                if provider.down:
                    self.answer(500, b"<html>broken</html>")
                elif parts.path == "/.well-known/openid-configuration":
                    self.answer(200, provider.discovery())
                elif parts.path == "/keys":
                    self.answer(200, {"keys": [provider.key.as_dict(private=False)]})
                else:
                    asked = {name: values[0] for name, values in parse_qs(parts.query).items()}
                    self.answer(302, {}, Location=provider.authorize(asked))

            def do_POST(self) -> None:
                provider.asked.append(self.path)
                provider.answering.wait(30)
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                form = {name: values[0] for name, values in parse_qs(body).items()}
                if provider.down:
                    self.answer(500, b"<html>broken</html>")
                else:
                    self.answer(*provider.token(form, self.headers["Authorization"]))

        return Handler
