"""Adding versions: a document becomes the next one of its branch, or is the current one already."""

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from holdfast.core.clock import now
from holdfast.core.database import Transaction
from holdfast.core.database.types import load_json
from holdfast.core.ids import new_id
from holdfast.domains.configurations import finding, queries, rules, searching
from holdfast.domains.configurations.addresses import Address
from holdfast.domains.configurations.documents import digest_of
from holdfast.domains.configurations.errors import AddressTaken, ConfigurationChanged
from holdfast.domains.configurations.models import MAIN, Configuration, ConfigurationBranch, Origin, Visibility
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
    rules.check(tx, address, load_json(written.text), reviewed=True)
    if tx.run(queries.insert_configuration, vars(made)) == 0:
        raise AddressTaken(address.text)
    added = _add(tx, made, MAIN, 1, written, moment)
    searching.put(tx, made, added.document, new=True)
    return added


def advance(tx: Transaction, found: Stored, written: Written) -> Configuration:
    """The next version of a configuration whose turn was taken; the current one where it says the same already."""
    digest = digest_of(written.text)
    if digest == found.digest:
        tx.unchanged()
        return finding.version(tx, found, found.version).of(found, replayed=True)
    rules.check(tx, found.address, load_json(written.text), reviewed=written.origin == "publish")
    moment = now()
    step = {"configuration_id": found.id, "old_version": found.version, "new_version": found.version + 1}
    if tx.run(queries.advance, {**step, "new_digest": digest, "moment": moment}) == 0:
        raise ConfigurationChanged(found.address.text, found.version, found.version + 1)
    now_is = replace(found, version=found.version + 1, digest=digest, updated_at=moment)
    added = _add(tx, now_is, MAIN, now_is.version, written, moment)
    searching.put(tx, now_is, added.document, new=False)
    return added


def begin_branch(tx: Transaction, found: Stored, name: str, base: StoredVersion, author: UUID, reason: str) -> None:
    """A branch, whose first version is the one of `main` that it begins with."""
    moment = now()
    made = ConfigurationBranch(
        name=name,
        version=1,
        digest=base.digest,
        base_version=base.version,
        merged_version=1,
        author_id=author,
        created_at=moment,
        updated_at=moment,
    )
    tx.run(queries.insert_branch, {"configuration_id": found.id, **vars(made)})
    first = Written(text=base.document, reason=reason, author_id=author, origin="branch", from_version=base.version)
    _add(tx, found, name, 1, first, moment)


def advance_branch(tx: Transaction, found: Stored, branch: ConfigurationBranch, written: Written) -> Configuration:
    """The next version of a branch; the current one where it says the same already."""
    digest = digest_of(written.text)
    if digest == branch.digest:
        tx.unchanged()
        version = finding.version(tx, found, branch.version, branch=branch.name)
        return version.of(found, replayed=True)
    moment = now()
    step = {"configuration_id": found.id, "name": branch.name, "old_version": branch.version}
    tx.run(queries.advance_branch, {**step, "new_version": branch.version + 1, "new_digest": digest, "moment": moment})
    return _add(tx, found, branch.name, branch.version + 1, written, moment)


def _add(tx: Transaction, found: Stored, branch: str, number: int, written: Written, moment: datetime) -> Configuration:
    made = StoredVersion(
        branch=branch,
        version=number,
        document=written.text,
        digest=digest_of(written.text),
        bytes=len(written.text.encode()),
        author_id=written.author_id,
        reason=written.reason,
        origin=written.origin,
        from_version=written.from_version,
        request_id=written.request_id,
        created_at=moment,
    )
    tx.run(queries.insert_version, {"configuration_id": found.id, **vars(made)})
    where = {} if branch == MAIN else {"branch": branch}
    record(tx, found, version=number, origin=made.origin, **where)
    return made.of(found)


def record(tx: Transaction, about: Stored, **details: object) -> None:
    """The line in the trail. It names the address, which says no more than a list does, unless it is private."""
    named = {"address": about.address.text} if about.visibility == "tenant" else {}
    tx.record("configuration", about.id, owner=about.owner_id, tenant_id=None, **named, **details)
