"""The load of the HTTP benchmark, in a process of its own: raw sockets, so that it takes little from the server.

Reads a plan from standard input (JSON), asks for so many seconds, and writes what happened.
"""

import asyncio
import json
import random
import sys
import time
from collections import Counter
from dataclasses import dataclass, field

import uvloop


@dataclass
class Tally:
    """What happened."""

    seconds: list[float] = field(default_factory=list)
    statuses: Counter[str] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)
    ends: float = 0.0
    began: float = 0.0


class Client(asyncio.Protocol):
    """One connection that asks again and again, half appends and half reads of the last 20 messages."""

    def __init__(self, plan: dict[str, object], conversation: str, key: str, tally: Tally) -> None:
        self._tally = tally
        self._pause = float(plan["pause"])  # type: ignore[arg-type]
        path = f"/v1/conversations/{conversation}/messages"
        head = f"Host: benchmark\r\nAuthorization: Bearer {key}\r\n"
        body = json.dumps({"role": "user", "content": "What can I borrow for a house in the country? " * 4})
        kind = f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
        self._requests = {
            "append": f"POST {path} HTTP/1.1\r\n{head}{kind}\r\n{body}".encode(),
            "read": f"GET {path}?last=20 HTTP/1.1\r\n{head}\r\n".encode(),
        }
        self._kinds = random.choice((["append", "read"], ["read", "append"]))
        self._waiting = b""
        self._asked = 0.0
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]

    def begin(self) -> None:
        """The first request, some time within the pause."""
        asyncio.get_running_loop().call_later(random.random() * self._pause, self.ask)

    def ask(self) -> None:
        if time.perf_counter() > self._tally.ends or self._transport is None or self._transport.is_closing():
            return
        kind = self._kinds.pop()
        self._kinds.insert(0, kind)
        self._tally.kinds[kind] += 1
        self._asked = time.perf_counter()
        self._transport.write(self._requests[kind])

    def data_received(self, data: bytes) -> None:
        self._waiting += data
        head = self._waiting.find(b"\r\n\r\n")
        if head < 0:
            return
        at = self._waiting.lower().find(b"content-length: ", 0, head)
        length = int(self._waiting[at + 16 : self._waiting.find(b"\r\n", at)])
        if len(self._waiting) < head + 4 + length:
            return
        taken = time.perf_counter() - self._asked
        self._tally.statuses[self._waiting[9:12].decode()] += 1
        if time.perf_counter() < self._tally.ends and self._asked > self._tally.began:
            self._tally.seconds.append(taken)
        self._waiting = b""
        asyncio.get_running_loop().call_later(max(0.0, self._pause - taken), self.ask)

    def connection_lost(self, exc: Exception | None) -> None:
        if time.perf_counter() < self._tally.ends:
            self._tally.statuses["lost"] += 1


async def ask(plan: dict[str, object]) -> dict[str, object]:
    """Connect all, warm up, count."""
    tally = Tally()
    loop = asyncio.get_running_loop()
    clients = []
    for conversation, key in plan["clients"]:  # type: ignore[attr-defined]
        _, client = await loop.create_connection(
            lambda c=conversation, k=key: Client(plan, c, k, tally),  # type: ignore[misc]
            str(plan["host"]),
            int(plan["port"]),  # type: ignore[call-overload]
        )
        clients.append(client)
    warm = float(plan["warm"])  # type: ignore[arg-type]
    seconds = float(plan["seconds"])  # type: ignore[arg-type]
    tally.began = time.perf_counter() + warm
    tally.ends = tally.began + seconds
    for client in clients:
        client.begin()
    cpu = time.process_time()
    await asyncio.sleep(warm + seconds + 2)
    return {
        "latencies": tally.seconds,
        "statuses": tally.statuses,
        "kinds": tally.kinds,
        "cpu share": (time.process_time() - cpu) / (warm + seconds),
    }


def main() -> None:
    json.dump(uvloop.run(ask(json.load(sys.stdin))), sys.stdout)


if __name__ == "__main__":
    main()
