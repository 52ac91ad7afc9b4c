"""One route as an ASGI application: read, then authenticate, call and write in one worker thread, then send.

Authentication and action share a hop, since a hop costs about as much as a read; the event loop only moves bytes. Large
bodies, and those that do not say how long they are, are another matter: who sends one is authenticated before it is
read.
"""

import hmac
import re
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from typing import IO, Any, get_origin

from holdfast.core.action import record_refused
from holdfast.core.database.transaction import Recorded
from holdfast.core.errors import InvalidInput, PermissionDenied
from holdfast.core.ids import as_id
from holdfast.core.once import AlreadyDone
from holdfast.core.policy import allow
from holdfast.core.results import Results
from holdfast.core.scope import Once
from holdfast.faces.http import bodies
from holdfast.faces.http.answers import JSON, Answer, Download, etag_of, in_json, matches
from holdfast.faces.http.authentication import Caller, to_take_effect_once
from holdfast.faces.http.bodies import Receive
from holdfast.faces.http.incoming import Incoming
from holdfast.faces.http.problems import PreconditionFailed
from holdfast.faces.http.reading import Arguments, reader_of
from holdfast.faces.http.routes import Route
from holdfast.faces.http.serving import Serving

KEY_HEADER = b"idempotency-key"
_KEY = re.compile(r"[\x21-\x7e]{1,200}")
PART = 256 * 1024
UNKNOWN_BYTES = 64 * 1024
"""So much is read of a body before it is known whose it is."""
STRANGERS_BYTES = 16 * 1024
"""The largest body where no credential is needed: names, a password, a code."""
BINARY = {
    "Content-Type": "application/octet-stream",
    "Content-Disposition": "attachment",
    "Content-Security-Policy": "sandbox; default-src 'none'",
}
"""Kept files are data: no browser shows, runs or sniffs them under the server's name."""


class Operation:
    """Answers the requests of one route."""

    def __init__(self, route: Route, serving: Serving) -> None:
        self.route = route
        self._serving = serving
        self._reader = reader_of(route)
        places = {parameter.place: parameter for parameter in route.parameters}
        self._raw = places.get("data") or places.get("upload")
        self._media_type = places.get("media_type")
        self._if_match = places.get("if_match")
        self._lane = serving.passwords if route.password else serving.outside if route.outside else serving.hop
        self._sender = [parameter.name for parameter in route.parameters if parameter.place == "sender"]

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Callable[..., Any]) -> None:
        """Answer one request."""
        incoming: Incoming = scope["holdfast.incoming"]
        incoming.route, incoming.operation = self.route.path, self.route.operation
        if self._raw is not None:
            answer = await self._take_in(scope, receive, incoming)
        else:
            answer = await self._take_json(scope, receive, incoming)
        await send({"type": "http.response.start", "status": answer.status, "headers": answer.raw_headers()})
        if answer.file is not None:
            await self._send_file(answer.file, send)
        await send({"type": "http.response.body", "body": answer.body})

    async def _send_file(self, file: IO[bytes], send: Callable[..., Any]) -> None:
        with file:
            while part := await self._serving.hop(file.read, PART):
                await send({"type": "http.response.body", "body": part, "more_body": True})

    async def _take_json(self, scope: dict[str, Any], receive: Receive, incoming: Incoming) -> Answer:
        """A body that is kept in memory: much of it only of those who are known."""
        options, body, caller = self._serving.options, b"", None
        if self.route.method not in ("GET", "DELETE"):
            if self._reader.body is not None:
                bodies.check_is_json(incoming)
            most = STRANGERS_BYTES if self.route.anonymous else options.body_bytes
            if not self.route.anonymous and (incoming.length is None or incoming.length > UNKNOWN_BYTES):
                caller = await self._serving.hop(self._caller, incoming)
            body = await bodies.read(receive, incoming, most=most, seconds=options.body_seconds)
        return await self._lane(self._answer, incoming, scope, body, {}, caller)

    async def _take_in(self, scope: dict[str, Any], receive: Receive, incoming: Incoming) -> Answer:
        """A file: kept in memory when it is an attachment, on disk when it is an export."""
        raw, options = self._raw, self._serving.options
        assert raw is not None
        caller = await self._serving.hop(self._uploader, incoming, scope["path_params"])
        async with self._serving.upload(caller.scope):
            if raw.place == "data":
                most = self._serving.store.settings.attachment_bytes
                data = await bodies.read(receive, incoming, most=most, seconds=options.body_seconds)
                given = {raw.name: data}
                if self._media_type is not None:
                    given[self._media_type.name] = bodies.media_type(incoming)  # type: ignore[assignment]
                return await self._serving.hop(self._answer, incoming, scope, data, given, caller)
            with bodies.upload() as file:
                limits = {"most": options.import_bytes, "seconds": options.import_seconds}
                path = await bodies.save(receive, incoming, file, **limits)  # type: ignore[arg-type]  # as named
                return await self._serving.hop(self._answer, incoming, scope, b"", {raw.name: path}, caller)

    # -- in a worker thread --------------------------------------------------------------------------------------------

    def _caller(self, incoming: Incoming) -> Caller:
        return self._serving.stranger(incoming) if self.route.anonymous else self._serving.admit(incoming)

    def _uploader(self, incoming: Incoming, path: Mapping[str, str]) -> Caller:
        """Who sends something large, if they may: nobody else's takes up memory, disk or a slot."""
        caller = self._caller(incoming)
        self._room(caller, path)
        try:
            allow(caller.scope, self.route.operation, writes=True)
        except PermissionDenied as refused:
            self._record(refused, caller, path)
            raise
        return caller

    def _answer(
        self, incoming: Incoming, scope: dict[str, Any], body: bytes, given: Arguments, caller: Caller | None = None
    ) -> Answer:
        """`caller`: who was authenticated before the body came; the action looks again whether they still may."""
        room = self._room(caller or self._caller(incoming), scope["path_params"])
        read = self._reader.arguments(scope["path_params"], scope["query_string"], b"" if given else body)
        arguments = {**read, **given, **{name: getattr(incoming, name) for name in self._sender}}
        if self.route.takes_key and KEY_HEADER in incoming.headers:
            room = to_take_effect_once(room, self._once(incoming, scope, body))
        condition = incoming.header(b"if-match")
        if self._if_match is not None and condition is not None and self._may_change(room):
            arguments[self._if_match.name] = self._as_read(room, condition, arguments)
        try:
            with self._guess(room, arguments):
                result = self._call(room, arguments)
        except AlreadyDone as done:
            return _kept(done.answer)
        return _unless_known(self._render(result), incoming)

    def _room(self, caller: Caller, path: Mapping[str, str]) -> Any:
        room = getattr(caller, self.route.room, None)
        if room is None:  # the operator and the platform's people have no rooms of a tenant
            refused = PermissionDenied(self.route.operation, caller.scope.role)
            self._record(refused, caller, path)
            raise refused
        return room

    def _record(self, refused: PermissionDenied, caller: Caller, path: Mapping[str, str]) -> None:
        """What is refused here leaves the line that the action would have left."""
        record_refused(self._serving.store.engine, caller.scope, self.route.operation, _named_in(path), refused)

    def _guess(self, room: Any, arguments: Arguments) -> AbstractContextManager[None]:
        if not self.route.password:
            return nullcontext()
        return self._serving.guess(room.scope.tenant_id or arguments.get("tenant"), arguments["email"])

    def _call(self, room: Any, arguments: Arguments) -> Any:
        if self.route.calls is not None:
            return self.route.calls(room, **arguments)
        return getattr(room, self.route.name)(**arguments)

    def _once(self, incoming: Incoming, scope: dict[str, Any], body: bytes) -> Once:
        key = incoming.header(KEY_HEADER) or ""
        if not _KEY.fullmatch(key):
            raise InvalidInput(
                f"Idempotency-Key: {key!r:.40} is not 1 to 200 visible ASCII characters", field="Idempotency-Key"
            )
        # Keyed: what a request says (an account's number, say) could be guessed from a plain digest of it.
        secret = self._serving.store.engine.trail.key or b""
        request = hmac.new(secret, f"{incoming.method} {scope['path']}?".encode(), "sha256")
        for part in (scope["query_string"], incoming.headers.get(b"content-type", b""), body):
            request.update(len(part).to_bytes(8, "big") + part)
        return Once(operation=self.route.operation, key=key, digest=request.hexdigest(), render=self._to_keep)

    def _to_keep(self, result: Any) -> dict[str, object]:
        answer = self._render(result, keep=True)
        return {"status": answer.status, "headers": answer.headers, "body": answer.body.decode()}

    def _may_change(self, room: Any) -> bool:
        """Whether the policy lets the caller. Who may not is refused by the action, which records it."""
        try:
            allow(room.scope, self.route.operation, writes=self.route.writes)
        except PermissionDenied:
            return False
        return True

    def _as_read(self, room: Any, condition: str, arguments: Arguments) -> Any:
        """What the client read, if it is still so; the action makes sure of it in its own transaction."""
        in_path = [parameter.name for parameter in self.route.parameters if parameter.place == "path"]
        named = arguments[(in_path or [self.route.parameters[0].name])[0]]
        found = getattr(room, self.route.reads)(named)
        if not matches(etag_of(in_json(found)), condition):
            raise PreconditionFailed
        return found

    def _render(self, result: Any, *, keep: bool = False) -> Answer:
        if result is None:
            return Answer(status=204)
        if isinstance(result, Download):
            return Answer(status=200, headers=result.headers(), file=result.file)
        if isinstance(result, bytes):
            return Answer(status=200, body=result, headers=BINARY)
        if keep and self.route.secret is not None:
            result = _without(result, self.route.secret)
        body = in_json(result, page=get_origin(self.route.returns) in (list, Results))
        headers = {"Content-Type": JSON}
        if self.route.etag:
            headers["ETag"] = etag_of(body)
        if self.route.location is not None:
            headers["Location"] = self.route.location.format_map(vars(result))
        return Answer(
            status=200 if getattr(result, "replayed", False) else self.route.status, body=body, headers=headers
        )


def _named_in(path: Mapping[str, str]) -> Recorded:
    """What a path names, for the trail: a stranger's text goes into none."""
    for name, value in path.items():
        kind = name.removesuffix("_id")
        try:
            return Recorded(kind, as_id(value, field=name))
        except InvalidInput:
            return Recorded(kind)
    return Recorded()


def _kept(answer: dict[str, Any]) -> Answer:
    """What the first request was answered."""
    headers = answer["headers"] | {"Idempotency-Replayed": "true"}
    return Answer(status=answer["status"], body=answer["body"].encode(), headers=headers)


def _unless_known(answer: Answer, incoming: Incoming) -> Answer:
    """304 for who has it already."""
    etag, condition = answer.headers.get("ETag"), incoming.header(b"if-none-match")
    if incoming.method == "GET" and etag is not None and condition is not None and matches(etag, condition):
        return Answer(status=304, headers={"ETag": etag})
    return answer


def _without(result: Any, secret: str) -> Any:
    return replace(result, **{secret: None})
