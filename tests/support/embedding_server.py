"""A server that speaks OpenAI's protocol of embeddings, well or in one of the ways in which such servers fail.

with EmbeddingServer() as server:
    embedder = embedder_from(server.spec, settings=Settings())
    server.mode = "nan"
"""

import base64
import json
import threading
import time
from array import array
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Literal, Self

from holdfast.core.embedders import HashingEmbedder

Mode = Literal[
    "right", "base64", "no base64", "shuffled", "wrong dimension", "other dimensions", "nan", "zero",
    "text in a vector", "empty", "wrong count", "wrong index", "html", "not JSON", "no data", "500", "503 once",
    "429 once", "429", "401", "400", "too long", "too long batch", "slow", "trickle", "dies", "redirect",
]  # fmt: skip
MODEL = "lexical-64"
LONGEST_CHARS = 2_000
"""In the modes "too long", of a text; in "too long batch", of all texts of a request."""


class EmbeddingServer:
    """Vectors are those of `HashingEmbedder`, so that a search over them finds something. What was asked is kept."""

    def __init__(self, mode: Mode = "right", *, dimension: int = 64, api_key: str | None = None) -> None:
        self.mode = mode
        self.dimension = dimension
        self.api_key = api_key
        self.seconds = 0.0
        """How long each answer takes."""
        self.retry_after = "1"
        self.requests: list[dict[str, object]] = []
        self.most_at_once = 0
        self._at_once = 0
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}/v1"

    @property
    def spec(self) -> str:
        return f"openai:{MODEL}@{self.url}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.stop()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        owner = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                owner._entered(body)
                try:
                    time.sleep(owner.seconds)
                    status, answer, headers = owner._answer(self.path, self.headers.get("Authorization"), body)
                    owner._sent(self, status, answer, headers)
                except (BrokenPipeError, ConnectionResetError):
                    self.close_connection = True  # the client has had enough
                finally:
                    owner._left()

            def log_message(self, format: str, *args: object) -> None:
                pass

        return Handler

    def _entered(self, body: dict[str, object]) -> None:
        with self._lock:
            self.requests.append(body)
            self._at_once += 1
            self.most_at_once = max(self.most_at_once, self._at_once)

    def _left(self) -> None:
        with self._lock:
            self._at_once -= 1

    def _answer(self, path: str, key: str | None, body: dict) -> tuple[int, bytes, dict[str, str]]:
        mode = self.mode
        if path != "/v1/embeddings":
            return _refused(404, "no such path")
        if mode == "401" or (self.api_key is not None and key != f"Bearer {self.api_key}"):
            return _refused(401, f"Incorrect API key provided: {key}")
        if body.get("model") != MODEL:
            return _refused(404, f"model {body.get('model')} not found, try pulling it first")
        texts = body["input"]
        if not isinstance(texts, list) or not all(isinstance(text, str) and text for text in texts) or mode == "400":
            return _refused(400, f"'$.input' is invalid: {texts}")
        if mode == "no base64" and "encoding_format" in body:
            return _refused(400, "unknown field encoding_format")
        longest = (
            max(map(len, texts)) if mode == "too long" else sum(map(len, texts)) if mode == "too long batch" else 0
        )
        if longest > LONGEST_CHARS:
            return _refused(400, f"This model's maximum context length is exceeded by {texts[0][:20]}")
        if mode in ("429 once", "503 once"):
            self.mode = "right"
            return _refused(int(mode[:3]), "busy", {"Retry-After": self.retry_after})
        if mode in ("500", "429"):
            return _refused(
                int(mode), f"failed at {texts[0]}", {"Retry-After": self.retry_after} if mode == "429" else {}
            )
        if mode == "redirect":
            return 307, b"", {"Location": "http://127.0.0.1:9/v1/embeddings"}
        return (
            200,
            self._vectors(texts, body.get("encoding_format") == "base64" and mode not in ("right", "text in a vector")),
            {},
        )

    def _vectors(self, texts: list[str], packed: bool) -> bytes:
        mode = self.mode
        if mode in ("html", "not JSON", "no data"):
            return {"html": b"<html><h1>Welcome</h1>", "not JSON": b"{", "no data": b'{"object": "list"}'}[mode]
        size = self.dimension + (8 if mode == "wrong dimension" else 0)
        vectors = [list(vector) for vector in HashingEmbedder(size).embed(texts)]
        if mode == "other dimensions":
            vectors[-1] = vectors[-1][:-1]
        elif mode == "nan":
            vectors[-1][3] = float("nan")
        elif mode == "zero":
            vectors[-1] = [0.0] * size
        elif mode == "text in a vector":
            vectors[-1][0] = "0.5"
        elif mode == "empty":
            vectors = []
        elif mode == "wrong count":
            vectors = vectors[1:]
        told = [_packed(vector) if packed else vector for vector in vectors]
        data = [{"object": "embedding", "index": n, "embedding": vector} for n, vector in enumerate(told)]
        if mode == "wrong index":
            data[-1]["index"] = 0
        if mode == "shuffled":
            data.reverse()
        usage = {"prompt_tokens": 1, "total_tokens": 1}
        return json.dumps({"object": "list", "data": data, "model": MODEL, "usage": usage}).encode()

    def _sent(self, handler: BaseHTTPRequestHandler, status: int, answer: bytes, headers: dict[str, str]) -> None:
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.send_header("Content-Type", "application/json")
        handler.send_header("Content-Length", str(len(answer)))
        handler.end_headers()
        if self.mode == "dies":
            handler.wfile.write(answer[: len(answer) // 2])
            handler.close_connection = True
        elif self.mode in ("trickle", "slow"):
            for n in range(len(answer)):
                handler.wfile.write(answer[n : n + 1])
                handler.wfile.flush()
                time.sleep(0.05 if self.mode == "trickle" else 3)
        else:
            handler.wfile.write(answer)


def _packed(vector: list[float]) -> str:
    return base64.b64encode(array("f", vector).tobytes()).decode()


def _refused(status: int, message: str, headers: dict[str, str] | None = None) -> tuple[int, bytes, dict[str, str]]:
    body = {"error": {"message": message, "type": "invalid_request_error", "code": None}}
    return status, json.dumps(body).encode(), headers or {}
