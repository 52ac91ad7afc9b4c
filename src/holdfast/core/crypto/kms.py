"""A key ring in the AWS Key Management Service: one KMS key for each owner and generation, found by its alias.

    alias/NAME/GENERATION/OWNER

Data keys are wrapped by the service, under an encryption context that names the owner. Destroying an owner's keys
disables them at once and schedules their deletion; from then on no copy of the database can be read.
"""

import re
import secrets
import threading
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from holdfast.core.clock import now
from holdfast.core.crypto.errors import (
    InvalidKeyRing,
    KeyDestroyed,
    KeyRingUnavailable,
    RingKeyMissing,
    WrongRingKey,
)
from holdfast.core.crypto.models import STORE
from holdfast.core.crypto.ring import RingKey, Wrapped

WAIT_DAYS = 7
"""How long the service keeps a disabled key before it is gone: the least it offers."""

_SPEC = re.compile(r"([a-z0-9-]+)(?:/([A-Za-z0-9_-]{1,64}))?")
_TIME = "%Y%m%dT%H%M%S%f"
_GONE = ("DisabledException", "KMSInvalidStateException")
_WRONG = ("InvalidCiphertextException", "IncorrectKeyException")


class AwsKms:
    """Keys that never leave the service. `client`: boto3's, of `kms`; `name` keeps stores of one account apart."""

    forgets = True

    def __init__(self, client: Any, *, name: str = "holdfast") -> None:
        self._client = client
        self._prefix = f"alias/{name}/"
        self.name = f"AWS KMS ({client.meta.region_name}, {self._prefix})"
        self._making = threading.Lock()
        self._known: dict[UUID, str] = {}
        self._generation: str | None = None

    def __repr__(self) -> str:
        return f"AwsKms({self._prefix!r})"

    @classmethod
    def from_spec(cls, spec: str) -> "AwsKms":
        """`REGION` or `REGION/NAME`; credentials and endpoint as boto3 finds them."""
        found = _SPEC.fullmatch(spec)
        if found is None:
            raise InvalidKeyRing(f"aws-kms: {spec!r} is not REGION or REGION/NAME")
        region, name = found.groups()
        return cls(boto3.client("kms", region_name=region), name=name or "holdfast")

    def wrap(self, owner: UUID, key: bytes) -> Wrapped:
        """See `KeyRing.wrap`. The first one for an owner makes its KMS key."""
        with self._named(owner, f"{self._prefix}…/{owner}"):
            generation = self._current()
            key_id = self._known.get(owner) or self._key_of(generation, owner)
            found = self._client.encrypt(KeyId=key_id, Plaintext=key, EncryptionContext=_context(owner))
            return Wrapped(ring_key=f"{generation}:{key_id}", blob=found["CiphertextBlob"])

    def unwrap(self, owner: UUID, ring_key: str, blob: bytes) -> bytes:
        """See `KeyRing.unwrap`."""
        key_id = ring_key.partition(":")[2]
        if not key_id:
            raise RingKeyMissing(ring_key, self.name)
        with self._named(owner, ring_key):
            found = self._client.decrypt(CiphertextBlob=blob, KeyId=key_id, EncryptionContext=_context(owner))
            plain: bytes = found["Plaintext"]
            return plain

    def keys(self) -> list[RingKey]:
        """See `KeyRing.keys`."""
        with self._named(STORE, "list"):
            found = sorted({generation for generation, _, _ in self._aliases()}, reverse=True)
        return [RingKey(id=id, created_at=_time_of(id), current=id == found[0]) for id in found]

    def add(self) -> RingKey:
        """See `KeyRing.add`. Other processes wrap with the new generation once they open the store again."""
        with self._named(STORE, "add"):
            self._start_generation()
        return next(key for key in self.keys() if key.id == self._generation)

    def destroy(self, owner: UUID, decided: Collection[str] = ()) -> bool:
        """See `KeyRing.destroy`. What was decided about is retired last: while one of it lives, nothing new is made."""
        named = {ring_key.partition(":")[2] for ring_key in decided}
        with self._named(owner, "destroy"):
            self._known.pop(owner, None)
            found = [alias for _, of, alias in self._aliases() if of == str(owner)]
            if named and all(self._is_retired(key_id) for key_id in named):
                return True  # what was found may have been made since
            for alias in sorted(found, key=lambda alias: alias["TargetKeyId"] in named):
                self._retire(alias["TargetKeyId"])
                self._drop(alias["AliasName"], alias["TargetKeyId"])
            for key_id in named - {alias["TargetKeyId"] for alias in found}:
                self._retire(key_id)  # one without an alias
        return True

    def _drop(self, alias: str, key_id: str) -> None:
        """Take away a key's alias, unless another process has, and perhaps made a new key under it."""
        if self._find(alias) == key_id:
            with suppress(self._client.exceptions.NotFoundException):
                self._client.delete_alias(AliasName=alias)

    def _is_retired(self, key_id: str) -> bool:
        state: str = self._client.describe_key(KeyId=key_id)["KeyMetadata"]["KeyState"]
        return state == "PendingDeletion"

    def _retire(self, key_id: str) -> None:
        """Disable a key, and have it deleted, unless that is under way."""
        if not self._is_retired(key_id):
            self._client.disable_key(KeyId=key_id)
            self._client.schedule_key_deletion(KeyId=key_id, PendingWindowInDays=WAIT_DAYS)

    def _current(self) -> str:
        """The newest generation; the first one is made."""
        if self._generation is None:
            newest = max((generation for generation, _, _ in self._aliases()), default=None)
            if newest is None:
                return self._start_generation()
            self._generation = newest
        return self._generation

    def _start_generation(self) -> str:
        """A generation begins with a key of the store's own. Ids are times, so the newest sorts last."""
        made = f"{now():{_TIME}}-{secrets.token_hex(2)}"
        self._known.clear()
        self._key_of(made, STORE)
        self._generation = made
        return made

    def _key_of(self, generation: str, owner: UUID) -> str:
        """The owner's key in a generation, made when there is none. One of two that make it gives way."""
        alias = f"{self._prefix}{generation}/{owner}"
        with self._making:
            key_id = self._find(alias) or self._make(alias, owner)
            self._known[owner] = key_id
        return key_id

    def _find(self, alias: str) -> str | None:
        try:
            found: str = self._client.describe_key(KeyId=alias)["KeyMetadata"]["KeyId"]
        except self._client.exceptions.NotFoundException:
            return None
        return found

    def _make(self, alias: str, owner: UUID) -> str:
        made: str = self._client.create_key(Description=f"Holdfast, {owner}")["KeyMetadata"]["KeyId"]
        try:
            self._client.create_alias(AliasName=alias, TargetKeyId=made)
        except self._client.exceptions.AlreadyExistsException:
            self._retire(made)
            found: str = self._client.describe_key(KeyId=alias)["KeyMetadata"]["KeyId"]
            return found
        return made

    def _aliases(self) -> Iterator[tuple[str, str, dict[str, Any]]]:
        """Generation, owner and alias of every key of this name."""
        for page in self._client.get_paginator("list_aliases").paginate():
            for alias in page["Aliases"]:
                generation, _, owner = alias["AliasName"].removeprefix(self._prefix).partition("/")
                if alias["AliasName"].startswith(self._prefix) and owner and "TargetKeyId" in alias:
                    yield generation, owner, alias

    @contextmanager
    def _named(self, owner: UUID, ring_key: str) -> Iterator[None]:
        """The service's errors as ours. A key that is gone is forgotten, so that the next call makes another."""
        try:
            yield
        except ClientError as error:
            self._known.pop(owner, None)
            raise self._translated(error.response["Error"]["Code"], ring_key) from None
        except BotoCoreError as error:
            raise KeyRingUnavailable(self.name, type(error).__name__) from None

    def _translated(self, code: str, ring_key: str) -> Exception:
        if code in _GONE:
            return KeyDestroyed(ring_key)
        if code in _WRONG:
            return WrongRingKey(ring_key, self.name)
        if code == "NotFoundException":
            return RingKeyMissing(ring_key, self.name)
        return KeyRingUnavailable(self.name, code)


def _time_of(generation: str) -> datetime | None:
    try:
        return datetime.strptime(generation.partition("-")[0], _TIME).replace(tzinfo=UTC)
    except ValueError:
        return None  # an alias that somebody made by hand


def _context(owner: UUID) -> dict[str, str]:
    return {"holdfast:owner": str(owner)}
