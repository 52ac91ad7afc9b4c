"""A real OAuth 2 server on loopback: refresh tokens with rotation, expiry, revocation, and ways to misbehave."""

import json
import secrets
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

from holdfast.core.oauth import OAuthClient

CLIENT_ID = "holdfast-tests"
CLIENT_SECRET = "client-secret-of-the-tests"


@dataclass
class Grant:
    """What one person allowed: one live refresh token, and the access tokens given for it."""

    refresh_token: str
    access_tokens: set[str] = field(default_factory=set)
    revoked: bool = False


@dataclass
class Reply:
    """What the server is told to answer instead of doing its work."""

    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)


class OAuthServer:
    """Start it in a `with` statement. Its switches may be set at any time."""

    def __init__(self, *, rotate: bool = True, expires_in: int | None = 3600) -> None:
        self.rotate = rotate
        """Whether each use of a refresh token brings a new one, and the old one's second use ends the grant."""
        self.expires_in = expires_in
        self.delay = 0.0
        """Seconds before the answer, after the work was done."""
        self.held: threading.Event | None = None
        """When set, answers wait for it: the work is done, the answer is on its way."""
        self.drip = 0.0
        """Seconds between the bytes of an answer."""
        self.calls: Counter[str] = Counter()
        self.seen: list[dict[str, str]] = []
        """The form of each request."""
        self.grants: list[Grant] = []
        self._replies: dict[str, Reply] = {}
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)

    def __enter__(self) -> "OAuthServer":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self.held is not None:
            self.held.set()
        self._server.shutdown()
        self._server.server_close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def client(self, *, revokes: bool = True) -> OAuthClient:
        """This server as a platform's OAuth client registration."""
        return OAuthClient(
            client_id=CLIENT_ID,
            client_secret=CLIENT_SECRET,
            token_url=f"{self.url}/token",
            revoke_url=f"{self.url}/revoke" if revokes else None,
        )

    def grant(self) -> tuple[str, str]:
        """What a person's consent gives: an access token and a refresh token."""
        with self._lock:
            made = Grant(refresh_token=_new("refresh"))
            self.grants.append(made)
            return self._access_token(made), made.refresh_token

    def is_valid(self, token: str) -> bool:
        """Whether a token, of either kind, would be taken now."""
        with self._lock:
            return any(not g.revoked and token in (g.refresh_token, *g.access_tokens) for g in self.grants)

    def answer(self, path: str, status: int, body: bytes | dict[str, Any] = b"", **headers: str) -> None:
        """From now on answer like this at `path`, doing nothing."""
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        self._replies[path] = Reply(status, raw, {name.replace("_", "-"): value for name, value in headers.items()})

    def heal(self) -> None:
        """Do the work again."""
        self._replies.clear()

    def handle(self, path: str, form: dict[str, str]) -> Reply:
        with self._lock:
            self.calls[path] += 1
            self.seen.append(form)
            if path in self._replies:
                return self._replies[path]
            known = (form.get("client_id"), form.get("client_secret")) == (CLIENT_ID, CLIENT_SECRET)
            work = self._work(path)
            return work(form) if known else _error("invalid_client", 401)

    def _work(self, path: str) -> Callable[[dict[str, str]], Reply]:
        return {"/token": self._token, "/revoke": self._revoke}.get(path, lambda _: Reply(404, b"nothing here"))

    def _token(self, form: dict[str, str]) -> Reply:
        if form.get("grant_type") == "fb_exchange_token":
            return self._exchange(form.get("fb_exchange_token", ""))
        if form.get("grant_type") != "refresh_token":
            return _error("unsupported_grant_type")
        for grant in self.grants:
            if grant.refresh_token == form.get("refresh_token") and not grant.revoked:
                return self._refreshed(grant)
        return _error("invalid_grant")

    def _refreshed(self, grant: Grant) -> Reply:
        given: dict[str, Any] = {"access_token": self._access_token(grant), "token_type": "Bearer"}
        if self.expires_in is not None:
            given["expires_in"] = self.expires_in
        if self.rotate:
            given["refresh_token"] = grant.refresh_token = _new("refresh")
        return Reply(200, json.dumps(given).encode())

    def _exchange(self, token: str) -> Reply:
        for grant in self.grants:
            if token in grant.access_tokens and not grant.revoked:
                given = {"access_token": self._access_token(grant), "expires_in": self.expires_in}
                return Reply(200, json.dumps(given).encode())
        return _error("invalid_grant")

    def _revoke(self, form: dict[str, str]) -> Reply:
        """RFC 7009: an unknown token is answered like a known one."""
        for grant in self.grants:
            if form.get("token") == grant.refresh_token:
                grant.revoked = True
            grant.access_tokens.discard(form.get("token", ""))
        return Reply(200, b"")

    def _access_token(self, grant: Grant) -> str:
        token = _new("access")
        grant.access_tokens.add(token)
        return token


def _new(kind: str) -> str:
    return f"{kind}-{secrets.token_urlsafe(24)}"


def _error(code: str, status: int = 400) -> Reply:
    return Reply(
        status, json.dumps({"error": code, "error_description": "Token has been expired or revoked."}).encode()
    )


def _handler(server: OAuthServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            form = {name: values[0] for name, values in parse_qs(self.rfile.read(length).decode()).items()}
            authorization = self.headers.get("Authorization")
            self._answer(form | ({"authorization": authorization} if authorization else {}))

        do_DELETE = do_POST
        do_GET = do_POST

        def _answer(self, form: dict[str, str]) -> None:
            reply = server.handle(self.path.partition("?")[0], form)
            if server.held is not None:
                server.held.wait(60)
            time.sleep(server.delay)
            try:
                self.send_response(reply.status)
                for name, value in {"Content-Type": "application/json", **reply.headers}.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(reply.body)))
                self.end_headers()
                self._write(reply.body)
            except OSError:
                self.close_connection = True  # whoever asked has hung up

        def _write(self, body: bytes) -> None:
            if not server.drip:
                self.wfile.write(body)
                return
            for byte in body:
                self.wfile.write(bytes([byte]))
                time.sleep(server.drip)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    return Handler
