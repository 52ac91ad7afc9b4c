"""A profile by a Dask cluster: this process cuts and compares, the cluster's workers count, and their counts add up.

Messages, and the secret of the profile, travel to the scheduler and its workers: over TLS, or on this machine, or where
somebody said that they may travel in the open.
"""

import ipaddress
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from holdfast.core.errors import InvalidInput
from holdfast.domains.interop.errors import ClusterLost, ClusterMissing
from holdfast.domains.interop.hl7.framing import LONGEST
from holdfast.domains.interop.hl7.reading import Source

from .counting_process import Load, count_load
from .keys import ProfileKey
from .profile import Profile
from .profiling import Profiler
from .sharing import Known, loads

CONNECT_SECONDS = 10.0
_AHEAD = 2
"""Loads to a worker that are on their way, so that it never waits and memory here stays bounded."""


def check_cluster(address: object, *, in_the_open: bool) -> str:
    """The address of a scheduler. Raises `InvalidInput` for one that is none, or to which anybody could listen."""
    if not isinstance(address, str):
        raise InvalidInput("cluster: give the address of a scheduler: tls://host:8786", field="cluster")
    parts = urlsplit(address)
    if parts.scheme not in ("tls", "tcp") or not parts.hostname:
        raise InvalidInput(f"cluster: {address!r:.200} is not tls://host:port or tcp://host:port", field="cluster")
    if parts.scheme == "tcp" and not in_the_open and not _is_here(parts.hostname):
        raise InvalidInput(
            f"cluster: messages would travel to {parts.hostname!r:.200} in the open; use tls://, or say "
            "cluster_in_the_open=True where nobody else is on that network",
            field="cluster",
        )
    return address


def _is_here(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def profile_clustered(
    source: Source | list[Path],
    secret: bytes,
    *,
    cluster: str,
    beside: Profile | None = None,
    longest: int = LONGEST,
    check: Callable[[], None] = lambda: None,
) -> Profile:
    """The profile of a source, counted by the workers of the scheduler at an address (see `check_cluster`).

    The same bytes as `profile_messages` gives, whichever worker counts what, and again where one dies. What is
    malformed is counted, not reported. `check` is called for each load; what it raises ends the work. TLS is as Dask's
    own configuration says. Raises `ClusterMissing` where Dask is not installed, `ClusterLost`.
    """
    try:
        dask: Any = import_module("distributed")  # its functions are not typed
    except ImportError as error:
        raise ClusterMissing(str(error.name)) from error
    profile = Profile(ProfileKey(secret))
    known = Known.of(profile, beside)
    under_way: set[Any] = set()
    try:
        with (
            dask.Client(cluster, timeout=CONNECT_SECONDS, set_as_default=False) as client,
            client.as_current(),
        ):
            for load in loads(source, profile, known, longest):
                check()
                most = _AHEAD * max(1, len(client.scheduler_info(n_workers=-1)["workers"]))
                while len(under_way) >= most:
                    done, under_way = dask.wait(under_way, return_when="FIRST_COMPLETED")
                    _add(profile, done)
                    check()
                under_way.add(client.submit(counted, secret, load, pure=False))
            while under_way:
                done, under_way = dask.wait(under_way, return_when="FIRST_COMPLETED")
                _add(profile, done)
                check()
    except (OSError, dask.KilledWorker, dask.CancelledError) as error:
        raise ClusterLost(type(error).__name__) from error
    return profile


def _add(profile: Profile, done: set[Any]) -> None:
    for future in done:
        profile.count(Profile.from_bytes(future.result(), profile.key))
        future.release()


def counted(secret: bytes, load: Load) -> bytes:
    """What a worker does: the counts of some messages, without their digests."""
    key = ProfileKey(secret)
    profiler = Profiler(key)
    count_load(profiler, load)
    found = profiler.profile()
    return Profile(key, found.types, found.unreadable).to_bytes()
