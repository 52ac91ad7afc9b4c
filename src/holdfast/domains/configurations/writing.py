"""Adding versions: a document becomes the next one of its configuration, or is the current one already."""

from dataclasses import dataclass, replace
from uuid import UUID

from holdfast.core.clock import now
from holdfast.core.database import Transaction
from holdfast.core.ids import new_id
from holdfast.domains.configurations import finding, queries
from holdfast.domains.configurations.addresses import Address
from holdfast.domains.configurations.documents import digest_of
from holdfast.domains.configurations.errors import AddressTaken, ConfigurationChanged
from holdfast.domains.configurations.models import MAIN, Configuration, Origin, Visibility
from holdfast.domains.configurations.stored import Stored, StoredVersion


@dataclass(frozen=True, kw_only=True)
class Written:
    """What the next version is to be. `text`: the document in its one spelling."""

    text: str
    reason: str
    author_id: UUID
    origin: Origin = "put"
    from_version: int | None = None
    request_id: UUID | None = None


def create(tx: Transaction, address: Address, written: Written, visibility: Visibility) -> Configuration:
    """The first version of what is at an address. Raises `AddressTaken`."""
    moment = now()
    made = Stored(
        id=new_id(),
        **address._asdict(),
        owner_id=written.author_id,
        visibility=visibility,
        version=1,
        digest=digest_of(written.text),
        created_at=moment,
        updated_at=moment,
        access="edit",
    )
    if tx.run(queries.insert_configuration, vars(made)) == 0:
        raise AddressTaken(address.text)
    return _add(tx, made, written)


def advance(tx: Transaction, found: Stored, written: Written) -> Configuration:
    """The next version of a configuration whose turn was taken; the current one where it says the same already."""
    digest = digest_of(written.text)
    if digest == found.digest:
        tx.unchanged()
        return finding.version(tx, found, found.version).of(found, replayed=True)
    moment = now()
    step = {"configuration_id": found.id, "old_version": found.version, "new_version": found.version + 1}
    if tx.run(queries.advance, {**step, "new_digest": digest, "moment": moment}) == 0:
        raise ConfigurationChanged(found.address.text, found.version, found.version + 1)
    return _add(tx, replace(found, version=found.version + 1, digest=digest, updated_at=moment), written)


def _add(tx: Transaction, now_is: Stored, written: Written) -> Configuration:
    made = StoredVersion(
        branch=MAIN,
        version=now_is.version,
        document=written.text,
        digest=now_is.digest,
        bytes=len(written.text.encode()),
        author_id=written.author_id,
        reason=written.reason,
        origin=written.origin,
        from_version=written.from_version,
        request_id=written.request_id,
        created_at=now_is.updated_at,
    )
    tx.run(queries.insert_version, {"configuration_id": now_is.id, **vars(made)})
    record(tx, now_is, version=made.version, origin=made.origin)
    return made.of(now_is)


def record(tx: Transaction, about: Stored, **details: object) -> None:
    """The line in the trail. It names the address, which says no more than a list does, unless it is private."""
    named = {"address": about.address.text} if about.visibility == "tenant" else {}
    tx.record("configuration", about.id, owner=about.owner_id, tenant_id=None, **named, **details)
