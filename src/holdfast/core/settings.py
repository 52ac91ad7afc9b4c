"""Every limit and choice of a store, in one place, with its unit.

Each field can be set by an environment variable: `HOLDFAST_` and its name in capitals.
"""

import json
import math
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from holdfast.core.addresses import CHOICES, PrivateAddresses
from holdfast.core.errors import InvalidInput
from holdfast.core.oauth import OAuthClient, clients_from, read_clients


def estimate_tokens(text: str) -> int:
    """Tokens in `text`, estimated: a quarter of its UTF-8 bytes, rounded up.

    Right within a fifth for English prose with the common tokenizers; high for other scripts, so a
    budget is kept rather than overrun. Give `Settings.count_tokens` the model's own for exact budgets.
    """
    return (len(text.encode()) + 3) // 4


@dataclass(frozen=True, kw_only=True)
class OpenIdProvider:
    """A provider of OpenID Connect that people of a tenant log in with. The provider knows us by `client_id`."""

    name: str
    """What callers call it."""
    issuer: str
    """Its address, https, as its ID tokens spell it; http only on loopback."""
    client_id: str
    client_secret: str | None = field(default=None, repr=False)
    """None for a public client, which PKCE alone protects."""
    tenant: str | None = None
    """The slug of the only tenant it opens; None: any, the caller says which."""

    def __post_init__(self) -> None:
        parts = urlsplit(self.issuer)
        if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in LOOPBACK):
            raise InvalidInput(f"openid: the issuer {self.issuer!r} is not an https address", field="openid")


LOOPBACK = ("127.0.0.1", "::1", "localhost")


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The settings of one store."""

    message_bytes: int = 1024 * 1024
    """The most one message may hold, in bytes of UTF-8 (text and parts together)."""
    metadata_bytes: int = 64 * 1024
    """The most one metadata document may hold, in bytes of JSON."""
    metadata_depth: int = 16
    """How deeply metadata and parts may nest."""
    title_chars: int = 500
    """The longest title, name or tag, in characters."""
    tags: int = 50
    """The most tags on one conversation."""
    attachment_bytes: int = 50 * 1024 * 1024
    """The largest attachment, in bytes."""
    document_bytes: int = 50 * 1024 * 1024
    """The largest document that is read into knowledge, in bytes."""
    chunk_tokens: int = 350
    """How long the pieces of a document are made, in tokens."""
    chunk_overlap: int = 40
    """How many tokens of a piece the next one repeats where a paragraph had to be cut."""
    configuration_bytes: int = 1024 * 1024
    """The largest configuration, in bytes of JSON."""
    configuration_depth: int = 32
    """How deeply a configuration may nest."""
    record_bytes: int = 256 * 1024
    """The most one record may hold, in bytes of JSON."""
    record_depth: int = 16
    """How deeply a record may nest."""
    record_batch: int = 2_000
    """So many of many records are stored in one transaction; the most that one request may bring."""
    pick_records: int = 1_000_000
    """The largest set that is kept in memory to pick from, in records."""
    pick_sets: int = 16
    """So many sets a process keeps in memory to pick from."""
    pick_seconds: float = 1.0
    """How soon, at the latest, picks follow what another process changed."""
    query_chars: int = 4_000
    """The longest question that knowledge and memory are asked, in characters."""
    page: int = 200
    """The most items one page may ask for."""
    last: int = 10_000
    """The most messages one read of the latest may ask for."""
    batch: int = 10_000
    """The most messages one `append_many` may hold: it is one transaction."""
    summary_every: int = 10
    """A conversation is due a summary once it holds this many messages beyond the last one."""
    search_window: int = 30_000
    """When more messages than this match a search, the newest so many are ranked."""
    session_hours: float = 12.0
    """A session ends when it was not used for so many hours."""
    session_days: float = 30.0
    """A session ends so many days after it began, however much it is used."""
    visitor_days: float = 30.0
    """A visitor's session ends when it was not used for so many days."""
    visitor_most_days: float = 365.0
    """A visitor's session ends so many days after it began."""
    pool: int = 16
    """The most connections a store keeps open; also the worker threads of the async face."""
    cache_mib: int = 32
    """The page cache of each SQLite connection, in MiB."""
    vector_codes_mib: int = 128
    """How many MiB of codes of vectors a process holds in memory, of large indexes on SQLite: 15 for 100,000 vectors of
    384 numbers. Needs numpy; 0 holds none, and searches compare them in the file."""
    busy_seconds: float = 30.0
    """How long a call waits for a connection of the pool, or for others' locks, before it fails as unavailable
    (`busy`)."""
    access_seconds: float = 1.0
    """How soon, at the latest, a scope notices that another process changed what its person may do."""
    seal_seconds: float = 1.0
    """How soon after their commit the lines of the trail are sealed."""
    run_bytes: int = 256 * 1024
    """The most that a question or an answer of a run may hold, in bytes of JSON; above it input and output are kept as
    attachments of the run."""
    run_attachment_bytes: int = 50 * 1024 * 1024
    """The most that the input, or the output, of a run may hold, in bytes of JSON."""
    job_threads: int = 2
    """How many jobs a worker does at a time."""
    job_poll_seconds: float = 1.0
    """How often a worker looks for jobs that other processes queued; of its own process it hears at once."""
    job_lease_seconds: float = 60.0
    """For how long a job is its worker's without a sign of life; then another takes it up."""
    job_stop_seconds: float = 10.0
    """How long a stopping worker lets the jobs under way go on."""
    job_retry_seconds: float = 5.0
    """How long a job that failed waits before its second attempt, doubled with each more, up to an hour."""
    job_days: float = 30.0
    """For how many days an ended job can be seen."""
    openid: tuple[OpenIdProvider, ...] = ()
    """The providers of OpenID Connect. In the environment: a JSON file with a list of them."""
    platform_seconds: float = 10.0
    """How long an outside platform may take to connect and to answer before the call counts as failed. A process that
    dies while it renews a token keeps others from it for three times as long."""
    platform_retry_seconds: float = 1.0
    """How long a failing platform is left alone after its first failure, doubled with each more, up to an hour."""
    revocation_attempts: int = 24
    """How often a platform is asked to revoke a token before the revocation is given up, visibly."""
    embedder_batch: int = 64
    """The most texts sent to an embedder in one request."""
    embedder_batch_bytes: int = 256 * 1024
    """The most text sent to an embedder in one request, in bytes; one longer text goes alone."""
    embedder_concurrency: int = 4
    """The most requests of one call that an embedder gets at once."""
    embedder_attempts: int = 5
    """How often an embedder that does not answer is asked before the call fails."""
    embedder_seconds: float = 60.0
    """How long an embedder may take for one request."""
    embedder_total_seconds: float = 600.0
    """How long one call of an embedder may take altogether, waiting included."""
    private_addresses: PrivateAddresses = "loopback"
    """Where the addresses that tenants give for AI providers may lead besides the public network: "none", "loopback"
    (this machine, where it is named as such, and not over HTTP: a model beside the application), or "all" private ones.
    """
    cache: str | None = field(default=None, repr=False)
    """The Redis that processes share a cache and the server's rate limits through, `redis://…` or `rediss://…`; without
    one each has its own."""
    counters: str | None = field(default=None, repr=False)
    """The Redis in which limits are counted that say so, `redis://…` or `rediss://…`; that of `cache`, unless given."""
    cache_sealed: bool = True
    """Whether values in Redis are encrypted, where the store has a key ring; in the environment 1 or 0."""
    cache_entries: int = 10_000
    """The most values a process keeps in its memory."""
    cache_memory_mib: float = 64.0
    """The most those may take, in MiB as encoded; as objects they can take several times that."""
    cache_value_bytes: int = 8 * 1024 * 1024
    """The largest value that is cached, in bytes as encoded."""
    cache_compress_bytes: int = 1024
    """From this size on a value is compressed in Redis."""
    cache_ttl_seconds: float = 300.0
    """For how long a value is good when nothing else is said."""
    cache_longest_seconds: float = 3600.0
    """The longest that a value may be kept, stale windows included. It bounds for how long a process that dies between
    its commit and telling Redis can leave an old value there."""
    cache_negative_seconds: float = 10.0
    """For how long the answer that there is none is good."""
    cache_stale_seconds: float = 0.0
    """For so long after its time a value is still given while it is loaded anew."""
    cache_error_seconds: float = 0.0
    """For so long after its time a value is still given when it cannot be loaded anew."""
    cache_refresh_percent: float = 80.0
    """From this part of its time on a value in use is loaded anew in the background, at a random moment."""
    cache_jitter_percent: float = 10.0
    """A value's time is shortened by up to this part of it, at random."""
    cache_lease_seconds: float = 5.0
    """How soon, at the latest, others go on when a process dies that was loading what they wait for."""
    cache_wait_seconds: float = 30.0
    """The longest anybody waits for somebody else's loading; then they load themselves."""
    cache_link_seconds: float = 3.0
    """The longest a process trusts its own memory without hearing from Redis."""
    cache_settle_seconds: float = 2.0
    """So long after Redis was away nothing is read from it, so that every process can first tell what it invalidated.
    Each looks for it at least twice in that time."""
    cache_redis_seconds: float = 0.5
    """How long Redis may take to connect and to answer before it counts as away."""
    cache_pool: int = 16
    """The most connections to Redis a process keeps."""
    cache_alone_seconds: float = 1.0
    """For how long Holdfast's own reads (a tenant's profile) are cached without a Redis: how soon, at the latest, a
    change by another process is seen."""
    embedder_query_seconds: float = 5.0
    """How long an embedder may take for a question; then the search goes on by words alone."""
    embedder_cache_seconds: float = 300.0
    """For how long a question's vector is cached, so that an embedder is not asked the same again; 0: not at all."""
    vector_weight: float = 0.5
    """The share of meaning in a search by both, from above 0 to 1; the rest is that of the words."""
    embedders: Mapping[str, Any] = field(default_factory=dict, hash=False)
    """Embedders by the names that knowledge bases record: a text like `hashing:256`, or an `Embedder` of the program's
    own. In the environment: a JSON file with such texts by name."""
    message_embedder: str | None = None
    """Who makes vectors of messages, so that they are found by meaning too: a name of `embedders`, or a text like
    `hashing:256`; None: they are found by their words alone."""
    memory_embedder: str | None = None
    """The same for facts."""
    vector_indexes: Mapping[str, Any] = field(default_factory=dict, hash=False)
    """Outside vector indexes by the names that knowledge bases record: `chroma:http://127.0.0.1:8000`,
    `chroma:/a/folder`, or an `OutsideIndex` of the program's own. In the environment: a JSON file with such texts by
    name."""
    count_tokens: Callable[[str], int] = estimate_tokens
    """How long a text is for a model, in tokens."""
    oauth_clients: Mapping[str, OAuthClient] = field(default_factory=dict, hash=False)
    """This application's OAuth 2 client at each platform, by the platform's name; the variable names a JSON file."""

    telemetry: bool = False
    """Whether operations, transactions, jobs and requests are traced and timed through OpenTelemetry."""
    tracer_provider: Any = field(default=None, hash=False)
    """Whose tracer that is; None: the process's own, as OpenTelemetry's API finds it."""
    meter_provider: Any = field(default=None, hash=False)
    """The same for durations."""

    def __post_init__(self) -> None:
        for name, value in numbers(self).items():
            if name in MAY_BE_ZERO and value == 0:
                continue
            if not (value > 0 and math.isfinite(value)):
                raise InvalidInput(f"setting {name}: {value!r} is not a positive number", field=name)
        if self.private_addresses not in CHOICES:
            raise InvalidInput(
                f"setting private_addresses: {self.private_addresses!r:.80} is not one of {', '.join(CHOICES)}",
                field="private_addresses",
            )
        if self.vector_weight > 1:
            raise InvalidInput(f"setting vector_weight: {self.vector_weight!r} is above 1", field="vector_weight")
        for name, spec in self.vector_indexes.items():
            if not _EMBEDDER.fullmatch(name) or (isinstance(spec, str) and not spec.startswith("chroma:")):
                text = f"setting vector_indexes: {name!r:.80} is no name, or leads to none like chroma:http://127.0.0.1:8000"
                raise InvalidInput(text, field="vector_indexes")
        for name in self.embedders:
            if not _EMBEDDER.fullmatch(name):
                raise InvalidInput(
                    f"setting embedders: {name!r:.80} is no name; give letters, digits, . _ -", field=name
                )
        for name in ("message_embedder", "memory_embedder"):
            given = getattr(self, name)
            if given is not None and not (isinstance(given, str) and (given in self.embedders or ":" in given)):
                known = ", ".join(sorted(self.embedders)) or "none"
                text = f"setting {name}: {given!r:.80} is none of embedders ({known}), and no text like hashing:256"
                raise InvalidInput(text, field=name)
        object.__setattr__(self, "oauth_clients", clients_from(self.oauth_clients))
        for name in ("cache_refresh_percent", "cache_jitter_percent"):
            if getattr(self, name) > 100:
                raise InvalidInput(f"setting {name}: {getattr(self, name)!r} is more than 100 percent", field=name)


NO_NUMBERS = (
    "openid",
    "embedders",
    "vector_indexes",
    "message_embedder",
    "memory_embedder",
    "count_tokens",
    "oauth_clients",
    "private_addresses",
    "cache",
    "cache_sealed",
    "telemetry",
    "tracer_provider",
    "meter_provider",
    "counters",
)
MAY_BE_ZERO = (
    "embedder_cache_seconds",
    "cache_stale_seconds",
    "cache_error_seconds",
    "cache_jitter_percent",
    "vector_codes_mib",
)
_EMBEDDER = re.compile(r"[\w.\-]{1,200}")


def numbers(settings: Settings) -> dict[str, float]:
    """The settings that are numbers, by name."""
    return {part.name: getattr(settings, part.name) for part in fields(settings) if part.name not in NO_NUMBERS}


def from_environment(environment: Mapping[str, str] = os.environ) -> Settings:
    """The defaults, overridden by `HOLDFAST_…` variables. Raises `InvalidInput` for one that is not a number."""
    given: dict[str, Any] = {}
    for name, default in numbers(Settings()).items():
        text = environment.get(f"HOLDFAST_{name.upper()}")
        if text is not None:
            given[name] = _number(name, text, type(default))
    if "HOLDFAST_PRIVATE_ADDRESSES" in environment:
        given["private_addresses"] = environment["HOLDFAST_PRIVATE_ADDRESSES"]
    if "HOLDFAST_OPENID" in environment:
        given["openid"] = _providers(Path(environment["HOLDFAST_OPENID"]))
    if "HOLDFAST_CACHE" in environment:
        given["cache"] = environment["HOLDFAST_CACHE"] or None
    if "HOLDFAST_COUNTERS" in environment:
        given["counters"] = environment["HOLDFAST_COUNTERS"] or None
    if "HOLDFAST_CACHE_SEALED" in environment:
        given["cache_sealed"] = _yes_or_no("cache_sealed", environment["HOLDFAST_CACHE_SEALED"])
    if "HOLDFAST_TELEMETRY" in environment:
        given["telemetry"] = _yes_or_no("telemetry", environment["HOLDFAST_TELEMETRY"])
    if "HOLDFAST_EMBEDDERS" in environment:
        given["embedders"] = _texts("EMBEDDERS", Path(environment["HOLDFAST_EMBEDDERS"]), "openai:MODEL@URL")
    if "HOLDFAST_VECTOR_INDEXES" in environment:
        path = Path(environment["HOLDFAST_VECTOR_INDEXES"])
        given["vector_indexes"] = _texts("VECTOR_INDEXES", path, "chroma:http://127.0.0.1:8000")
    for name in ("message_embedder", "memory_embedder"):
        given[name] = environment.get(f"HOLDFAST_{name.upper()}") or None
    clients = environment.get("HOLDFAST_OAUTH_CLIENTS")
    if clients is not None:
        given["oauth_clients"] = read_clients(Path(clients))
    return Settings(**given)


def _providers(path: Path) -> tuple[OpenIdProvider, ...]:
    try:
        return tuple(OpenIdProvider(**one) for one in json.loads(path.read_text()))
    except (OSError, ValueError, TypeError) as error:
        expected = '[{"name": …, "issuer": …, "client_id": …, "client_secret": …, "tenant": …}]'
        text = f"HOLDFAST_OPENID={str(path)!r} cannot be read ({type(error).__name__}); it holds {expected}"
        raise InvalidInput(text, field="openid") from None  # its text can hold a secret


def _yes_or_no(name: str, text: str) -> bool:
    if text not in ("0", "1"):
        raise InvalidInput(f"HOLDFAST_{name.upper()}={text!r} is neither 1 nor 0", field=name)
    return text == "1"


def _texts(what: str, path: Path, example: str) -> dict[str, str]:
    """Texts by name, of a JSON file."""
    try:
        found = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        found = type(error).__name__
    if not isinstance(found, dict) or not all(isinstance(spec, str) for spec in found.values()):
        raise InvalidInput(
            f'HOLDFAST_{what}={str(path)!r} cannot be read; it holds {{"name": "{example}"}}', field=what.lower()
        )
    return found


def _number(name: str, text: str, kind: type) -> object:
    try:
        return kind(text)
    except ValueError as error:
        raise InvalidInput(f"HOLDFAST_{name.upper()}={text!r} is not a number", field=name) from error
