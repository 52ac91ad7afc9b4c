"""`holdfast.connect`: a server in the place of a store."""

import ipaddress
import ssl
from pathlib import Path
from types import TracebackType
from urllib.parse import urlsplit

import httpx

from holdfast.core.certificates import authorities
from holdfast.core.errors import InvalidInput
from holdfast.remote.calling import Caller
from holdfast.remote.proposing import ProposingMemory
from holdfast.remote.rooms import (
    RemoteAudit,
    RemoteConfigurations,
    RemoteConnections,
    RemoteConversations,
    RemoteIdentity,
    RemoteInterop,
    RemoteJobs,
    RemoteKnowledge,
    RemoteMetering,
    RemoteRecords,
    RemoteRuns,
)


class RemoteScope:
    """What the holder of a key may touch: the same rooms, with the same operations, as in the library.

    Safe to use from any number of threads; close it, or use it in a `with` statement.
    """

    def __init__(self, client: httpx.Client) -> None:
        self._client = client
        caller = Caller(client)
        self.identity = RemoteIdentity(caller)
        self.conversations = RemoteConversations(caller)
        self.memory = ProposingMemory(caller)
        self.connections = RemoteConnections(caller)
        self.knowledge = RemoteKnowledge(caller)
        self.configurations = RemoteConfigurations(caller)
        self.interop = RemoteInterop(caller)
        self.records = RemoteRecords(caller)
        self.metering = RemoteMetering(caller)
        self.audit = RemoteAudit(caller)
        self.runs = RemoteRuns(caller)
        self.jobs = RemoteJobs(caller)

    def close(self) -> None:
        """Close the connections to the server."""
        self._client.close()

    def __enter__(self) -> "RemoteScope":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()


def connect(
    url: str, *, api_key: str | None, certificates: Path | str | None, plain_http: bool, seconds: float
) -> RemoteScope:
    """See `holdfast.connect`."""
    _check_url(url, plain_http=plain_http)
    headers = {} if api_key is None else {"Authorization": f"Bearer {api_key}"}
    believed = authorities() if certificates is None else ssl.create_default_context(cafile=certificates)
    client = httpx.Client(base_url=url.rstrip("/") + "/v1", headers=headers, verify=believed, timeout=seconds)
    return RemoteScope(client)


def _check_url(url: str, *, plain_http: bool) -> None:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise InvalidInput(f"url: {url!r:.200} is not the address of a server; give https://host", field="url")
    if parts.scheme == "http" and not (plain_http or _is_loopback(parts.hostname)):
        raise InvalidInput(
            f"url: {url!r:.200} would send the key over the network in clear; give https://…, or plain_http=True",
            field="url",
        )


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
