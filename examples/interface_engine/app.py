"""What a hospital's interface engine knows of its senders: how each writes, what changed, and messages to test with.

Samples come in, are counted, and are gone; what was inferred is a configuration at `vendor/standard/type`, which people
review like code. Nothing leaves the machine.
"""

import copy
import secrets
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from holdfast import Store
from holdfast.core.jobs import Job
from holdfast.domains.configurations import ChangeRequest, Configuration, FoundConfiguration
from holdfast.domains.connections.models import ProviderSecret
from holdfast.domains.interop.deviations import Deviation
from holdfast.domains.interop.documents import documents
from holdfast.domains.interop.drift import Drift
from holdfast.domains.interop.profiles import ProfileKey, profile_messages
from holdfast.domains.interop.reference import load
from holdfast.domains.records import StoreReport
from holdfast.scopes import UserScope

LOOK_SECONDS = 0.02
"""How often a running analysis is looked at."""
REFERENCE = ("surnames", "first-names", "addresses", "providers")
"""Record sets of reference data, by kind, that test messages are made with where they are loaded."""


MOST_TOKENS = 4_000
"""The most that one question to a language model may use."""


@dataclass(frozen=True)
class Answered:
    """What a language model said, and what it used."""

    text: str
    model: str
    tokens_in: int
    tokens_out: int


Model = Callable[[ProviderSecret, str], Answered]
"""Asks a provider, with the hospital's key: your client of it."""


class AnalysisFailed(Exception):
    """An analysis did not end well; its job says why."""


@dataclass(frozen=True)
class Sender:
    """What is known of one sender's messages of one type."""

    address: str
    type: str
    messages: int
    segments: tuple[str, ...]
    custom: tuple[str, ...]
    formats: tuple[str, ...]
    deviations: tuple[Deviation, ...]


class InterfaceEngine:
    """The application. `person` comes from your log-in: `store.authenticate(token)`, or `store.tenant(…).user(…)`."""

    def __init__(self, store: Store, *, tenant: str) -> None:
        self._hospital = store.tenant(tenant)

    def person(self, email: str, request_id: str | None = None) -> UserScope:
        """The scope of somebody who is logged in."""
        return self._hospital.user(email, request_id=request_id)

    def learn(
        self,
        me: UserScope,
        vendor: str,
        messages: Sequence[str | bytes],
        *,
        standard: str = "HL7v2",
        told: Callable[[Job], None] | None = None,
    ) -> Mapping[str, Any]:
        """Analyse samples, and say what became of them when a worker (`holdfast serve`) has done it.

        `told` hears how far it is. Raises `AnalysisFailed`.
        """
        job = me.interop.analyse(messages, vendor=vendor, standard=standard)
        while job.finished_at is None:
            time.sleep(LOOK_SECONDS)
            job = me.jobs.get(job.id)
            if told is not None:
                told(job)
        if job.status != "done" or not isinstance(job.result, Mapping):
            raise AnalysisFailed(f"{vendor}: {job.status}, {job.error}: {job.reason}")
        return job.result

    def senders(self, me: UserScope, pattern: str = "*/*/*") -> list[Sender]:
        """What is known at the first 200 addresses of a pattern: `Epic/HL7v2/*`, say."""
        return [self._sender(me, one.address) for one in me.configurations.find(pattern, limit=200).items]

    def like(self, me: UserScope, address: str, above: float = 0.8) -> list[FoundConfiguration]:
        """Senders who write nearly so, to begin a new interface with."""
        return me.configurations.similar(address, above=above)

    def changed(self, me: UserScope, address: str, batch: Sequence[str | bytes]) -> Drift:
        """What a sender does otherwise today. Nothing of the batch is kept."""
        return me.interop.drift(address, _joined(batch))

    def adopt(self, me: UserScope, address: str, batch: Sequence[str | bytes], reason: str) -> ChangeRequest:
        """Ask for what today's messages look like in place of what was known: colleagues decide."""
        known = me.configurations.read(address)
        before: Any = known.document
        profile = profile_messages(_joined(batch), ProfileKey(secrets.token_bytes(32)))
        document = documents(profile, vendor=before["vendor"])[before["type"]]
        return me.configurations.propose(address, document, reason=reason, if_version=known.version)

    def amend(self, me: UserScope, address: str, path: Sequence[str], value: object, reason: str) -> ChangeRequest:
        """Ask for one value to be another."""
        known = me.configurations.read(address)
        document = copy.deepcopy(known.document)
        _at(document, path[:-1])[path[-1]] = value
        return me.configurations.propose(address, document, reason=reason, if_version=known.version)

    def approve(self, me: UserScope, request: ChangeRequest) -> ChangeRequest:
        """Agree to what is seen, and to nothing that it becomes later."""
        return me.configurations.approve(request.id, digest=request.digest)

    def publish(self, me: UserScope, request: UUID) -> Configuration:
        """Make an approved request the next version."""
        return me.configurations.publish(request)

    def load_reference(self, me: UserScope, kind: str, file: Path) -> StoreReport:
        """Take over a public list from the file it is published in; the same file again changes nothing."""
        return load(me.records, kind, file)

    def test_messages(self, me: UserScope, address: str, count: int, *, seed: int = 0) -> list[str]:
        """Messages as this sender would write them, of people who are nobody: made of reference data by its weights."""
        there = {one.name for one in me.records.sets()}
        reference = {kind: kind for kind in REFERENCE if kind in there}
        return me.interop.synthesise(address, count, seed=seed, reference=reference)

    def keep_provider_key(self, me: UserScope, workspace: UUID, provider: str, api_key: str) -> None:
        """Keep the key of an AI provider, sealed."""
        me.connections.put(provider, workspace=workspace, api_key=api_key)

    def explain(self, me: UserScope, address: str, model: Model, *, workspace: UUID, provider: str = "openai") -> str:
        """Have a language model say in words where a sender deviates. It is told places and kinds, never a message.

        The call is taken out of the hospital's limits before it is made, and charged as it was used. Raises
        `LimitExceeded`, and then nobody is asked.
        """
        found = [one for version in me.interop.deviations(address).values() for one in version.found]
        question = "Explain these deviations from HL7 v2: " + "; ".join(
            f"{one.kind} at {one.location}" for one in found
        )
        held = me.metering.hold(tokens=MOST_TOKENS, operation="explain", provider=provider, workspace=workspace)
        try:
            told = model(me.connections.secret(provider, workspace=workspace), question)
        except Exception:
            me.metering.release(held.id)
            raise
        used = {"tokens_in": told.tokens_in, "tokens_out": told.tokens_out}
        me.metering.settle(held.id, model=told.model, provider=provider, **used)
        return told.text

    def _sender(self, me: UserScope, address: str) -> Sender:
        document: Any = me.configurations.get(address).document
        segments = {name: one for version in document["versions"].values() for name, one in version["segments"].items()}
        judged = me.interop.deviations(address).values()
        return Sender(
            address=address,
            type=document["type"],
            messages=document["messages"],
            segments=tuple(segments),
            custom=tuple(name for name, one in segments.items() if one["custom"]),
            formats=tuple(sorted({shape for one in segments.values() for shape in _dates(one)})),
            deviations=tuple(one for version in judged for one in version.found),
        )


def _dates(segment: Mapping[str, Any]) -> Iterator[str]:
    for column in segment["fields"].values():
        for part in column["parts"].values():
            if part["data type"]["guess"] == "date or time":
                yield from part["formats"]


def _at(document: Any, path: Sequence[str]) -> Any:
    for name in path:
        document = document[name]
    return document


def _joined(batch: Sequence[str | bytes]) -> bytes:
    return b"".join(one.encode() if isinstance(one, str) else one for one in batch)
