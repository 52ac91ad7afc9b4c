"""What a server is told when it starts, with the reasons for its defaults."""

import ipaddress
from dataclasses import dataclass
from pathlib import Path

from holdfast.core.errors import InvalidInput
from holdfast.faces.http.limits import Rate

MIB = 1024 * 1024
PER_KEY, PER_TENANT, FAILURES, GUESSES = Rate(100, 200), Rate(1_000, 2_000), Rate(1, 30), Rate(1 / 30, 10)


@dataclass(frozen=True, kw_only=True)
class Options:
    """How to serve. Sizes in bytes, times in seconds."""

    host: str = "127.0.0.1"
    port: int = 8400
    workers: int = 1
    certificate: Path | None = None
    """A PEM file with the certificate and those above it; with `private_key` the server speaks TLS."""
    private_key: Path | None = None
    plain_http: bool = False
    """Serve others than this machine without TLS: for a proxy that has it."""
    trusted_proxies: str | None = None
    """Addresses, comma-separated, whose X-Forwarded-For is believed."""
    origins: tuple[str, ...] = ()
    """Web origins whose scripts may call; none unless named."""
    body_bytes: int = 8 * MIB
    """The largest JSON body: more than the largest message, with room for escapes."""
    import_bytes: int = 2048 * MIB
    """The largest export that may be uploaded. It goes through a temporary file."""
    header_seconds: float = 10.0
    """The longest a request may take to arrive, up to the end of its headers."""
    body_seconds: float = 60.0
    """The longest its body may take."""
    import_seconds: float = 3600.0
    """The longest an upload may take."""
    idle_seconds: float = 75.0
    """How long a connection without a request is kept."""
    stop_seconds: float = 30.0
    """How long a stopping server waits for the requests under way."""
    waiting: int = 4_000
    """The most requests that may wait for a worker thread; more are told to come again."""
    passwords_waiting: int = 16
    """The most log-ins that may wait while others are hashed; more are told to come again."""
    outside_waiting: int = 64
    """The most requests that may wait for those that ask providers and platforms; more are told to come again."""
    uploads: int = 8
    """The most attachments and exports that are taken in at once: they are large."""
    uploads_per_person: int = 2
    upload_wait_seconds: float = 5.0
    """How long an upload waits for others to end; then its sender is told to come again."""
    rate_per_key: Rate | None = PER_KEY
    """For one person in one tenant: all their keys and sessions share it."""
    rate_per_tenant: Rate | None = PER_TENANT
    failures_per_address: Rate | None = FAILURES
    """Refused credentials of one address (IPv6: of a /64): more are told to wait."""
    failures_per_account: Rate | None = GUESSES
    """Wrong passwords for one person, from wherever they come: more are told to wait, with the right one too."""
    streams: int = 1_000
    """The most event streams in one process."""
    streams_per_key: int = 10
    """For one person in one tenant: all their keys and sessions share it."""
    streams_share: float = 0.5
    """How much of `streams` one tenant may have."""
    heartbeat_seconds: float = 15.0
    """How often a silent event stream says that it lives."""
    poll_seconds: float = 2.0
    """How often a stream looks for what other processes changed. What this one changed it hears of at once."""
    stall_seconds: float = 20.0
    """How long a client may not read what it is sent."""
    jobs: bool = True
    """Whether background work is done here too: each process has a worker."""

    @property
    def tls(self) -> bool:
        """Whether the server speaks TLS."""
        return self.certificate is not None

    @property
    def streams_per_tenant(self) -> int:
        """The most event streams of one tenant."""
        return max(1, int(self.streams * self.streams_share))

    def warnings(self) -> list[str]:
        """What is allowed and seldom meant."""
        if self.plain_http and not self.tls and self.trusted_proxies is None:
            return [
                "--plain-http without --trusted-proxies: every request seems to come from the proxy, so that all who "
                "fail to log in share one limit, and the trail holds the proxy's address; name the proxy"
            ]
        return []

    def check(self) -> "Options":
        """These options. Raises `InvalidInput` for what would be unsafe or cannot be."""
        if (self.certificate is None) != (self.private_key is None):
            raise InvalidInput("certificate: goes with a private key; give both or neither", field="certificate")
        for name in ("certificate", "private_key"):
            path: Path | None = getattr(self, name)
            if path is not None and not path.is_file():
                raise InvalidInput(f"{name}: there is no file {str(path)!r}", field=name)
        if not (self.tls or self.plain_http or _is_loopback(self.host)):
            raise InvalidInput(
                f"host: {self.host!r} is reached by other machines, and there is no TLS; give --certificate and "
                "--private-key, or --plain-http when a proxy before it has TLS",
                field="host",
            )
        if not 1 <= self.workers <= 256:
            raise InvalidInput(f"workers: {self.workers!r} is not a whole number from 1 to 256", field="workers")
        return self


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
