"""Review: proposed, revised, approved, published; or rejected, or withdrawn.

Whoever does something to a request takes the turn of its configuration first, so that approving and publishing see the
base, the revision and the status that count, and of competing requests one is published.
"""

from uuid import UUID

from holdfast.core.action import action
from holdfast.core.clock import now
from holdfast.core.database import Transaction, Work
from holdfast.core.database.types import load_json
from holdfast.core.errors import InvalidInput
from holdfast.core.ids import as_id, new_id
from holdfast.domains.configurations import caching, finding, rules, writing
from holdfast.domains.configurations import review_queries as queries
from holdfast.domains.configurations.addresses import parse_address
from holdfast.domains.configurations.checks import check_configuration, check_reason, check_version
from holdfast.domains.configurations.documents import digest_of
from holdfast.domains.configurations.errors import (
    ApprovalsMissing,
    ConfigurationChanged,
    ConfigurationReadOnly,
    NotTheAuthor,
    OwnRequest,
    RequestChanged,
    RequestClosed,
    StaleBase,
)
from holdfast.domains.configurations.models import ChangeRequest, Configuration, NotificationKind
from holdfast.domains.configurations.requests import Requests, approvals, check_commentable, found_request, shown
from holdfast.domains.configurations.review_queries import StoredRequest
from holdfast.domains.configurations.stored import Stored
from holdfast.domains.configurations.telling import tell_concerned
from holdfast.domains.configurations.writing import Written


class Reviewing(Requests):
    """What is done to requests; see `Configurations`."""

    @action("configurations.review", writes=True)
    def propose(
        self, address: str, document: object, *, reason: str, if_version: int | None = None
    ) -> Work[ChangeRequest]:
        """Ask for a document in place of the current version. Whoever may comment may propose.

        `if_version`: the number of the version it is made from, which must still be the current one. Raises
        `ConfigurationNotFound`, `ConfigurationReadOnly`, `ConfigurationChanged`, `SchemaViolated`; `InvalidInput` for
        what is there already.
        """
        parsed, text, why = parse_address(address), check_configuration(document, self.settings), check_reason(reason)
        expected = None if if_version is None else check_version(if_version, field="if_version")
        author = self.actor()

        def work(tx: Transaction) -> ChangeRequest:
            finding.take_turn(tx, parsed)
            found = finding.readable(tx, parsed)
            if found.access == "view":
                raise ConfigurationReadOnly(parsed.text)
            _check_new(tx, found, text, expected)
            request_id, moment = new_id(), now()
            row = {
                "id": request_id,
                "configuration_id": found.id,
                "author_id": author,
                "base_version": found.version,
                "revision": 1,
                "document": text,
                "digest": digest_of(text),
                "reason": why,
                "status": "open",
                "published_version": None,
                "closed_by": None,
                "closing_reason": None,
                "created_at": moment,
                "updated_at": moment,
            }
            tx.run(queries.insert_request, row)
            _record(tx, request_id, author, found.id, base=found.version)
            tell_concerned(tx, "proposed", found.id, request_id)
            return shown(tx, found_request(tx, request_id))

        return work

    @action("configurations.review", writes=True, on="request")
    def revise(
        self, request: UUID | str, document: object, *, reason: str | None = None, if_version: int | None = None
    ) -> Work[ChangeRequest]:
        """Put another document into a request of one's own, made from the current version. It needs new approvals.

        Raises `RequestNotFound`, `RequestClosed`, `NotTheAuthor`, `ConfigurationChanged`, `SchemaViolated`.
        """
        wanted, text = as_id(request, field="request"), check_configuration(document, self.settings)
        why = None if reason is None else check_reason(reason)
        expected = None if if_version is None else check_version(if_version, field="if_version")

        def work(tx: Transaction) -> ChangeRequest:
            found, stored = _taken(tx, wanted)
            if stored.author_id != tx.scope.actor_id:
                raise NotTheAuthor(wanted)
            _check_new(tx, found, text, expected)
            step = {"request_id": wanted, "old_revision": stored.revision, "new_revision": stored.revision + 1}
            content = {"new_document": text, "new_digest": digest_of(text), "new_reason": why or stored.reason}
            tx.run(queries.revise_request, {**step, **content, "new_base": found.version, "moment": now()})
            _record(tx, wanted, stored.author_id, found.id, revision=stored.revision + 1, base=found.version)
            tell_concerned(tx, "revised", found.id, wanted)
            return shown(tx, found_request(tx, wanted))

        return work

    @action("configurations.review", writes=True, on="request")
    def approve(self, request: UUID | str, *, digest: str | None = None) -> Work[ChangeRequest]:
        """Approve a request as it is; what it becomes later needs another approval. Never one's own.

        `digest`: of the document that was looked at, which must be the request's. Approving twice is once. Whoever may
        comment may approve. Raises `RequestNotFound`, `RequestClosed`, `OwnRequest`, `RequestChanged`, `StaleBase`.
        """
        wanted = as_id(request, field="request")

        def work(tx: Transaction) -> ChangeRequest:
            found, stored = _taken(tx, wanted)
            _check_anothers(tx, stored)
            if digest is not None and digest != stored.digest:
                raise RequestChanged(wanted, stored.revision)
            _check_base(found, stored)
            given = {"request_id": wanted, "revision": stored.revision, "digest": stored.digest, "moment": now()}
            if tx.run(queries.insert_approval, given) == 0:
                tx.unchanged()
                return shown(tx, stored)
            _record(tx, wanted, stored.author_id, found.id, approved=stored.revision, digest=stored.digest)
            tell_concerned(tx, "approved", found.id, wanted)
            return shown(tx, stored)

        return work

    @action("configurations.review", writes=True, on="request")
    def reject(self, request: UUID | str, *, reason: str) -> Work[ChangeRequest]:
        """End a request of another's, saying why. Raises `RequestNotFound`, `RequestClosed`, `OwnRequest`."""
        wanted, why = as_id(request, field="request"), check_reason(reason)

        def work(tx: Transaction) -> ChangeRequest:
            _, stored = _taken(tx, wanted)
            _check_anothers(tx, stored)
            return _close(tx, stored, "rejected", reason=why)

        return work

    @action("configurations.review", writes=True, on="request")
    def withdraw(self, request: UUID | str, *, reason: str | None = None) -> Work[ChangeRequest]:
        """End a request of one's own. Raises `RequestNotFound`, `RequestClosed`, `NotTheAuthor`."""
        wanted, why = as_id(request, field="request"), None if reason is None else check_reason(reason)

        def work(tx: Transaction) -> ChangeRequest:
            _, stored = _taken(tx, wanted)
            if stored.author_id != tx.scope.actor_id:
                raise NotTheAuthor(wanted)
            return _close(tx, stored, "withdrawn", reason=why)

        return work

    @action("configurations.edit", writes=True, on="request")
    def publish(self, request: UUID | str) -> Work[Configuration]:
        """Make the document of an approved request the next version, by its author, over the version that it was made
        from and no other. For whoever may edit the configuration; the author too.

        Of competing requests one is published, and the others have a stale base. Raises `RequestNotFound`,
        `RequestClosed`, `StaleBase`, `ApprovalsMissing`, `ConfigurationReadOnly`, `SchemaViolated`.
        """
        wanted = as_id(request, field="request")

        def work(tx: Transaction) -> Configuration:
            found, stored = _taken(tx, wanted)
            finding.check_editable(found)
            _check_base(found, stored)
            has = {one.approver_id for one in approvals(tx, stored)} - {stored.author_id}
            needs = rules.required(rules.at(tx, found.address))
            if len(has) < needs:
                raise ApprovalsMissing(wanted, len(has), needs)
            written = Written(
                text=stored.document,
                reason=stored.reason,
                author_id=stored.author_id,
                origin="publish",
                request_id=wanted,
            )
            made = writing.advance(tx, found, written)
            caching.changes(tx, self.engine, found.address)
            _close(tx, stored, "published", version=made.version)
            return made

        return work


def _taken(tx: Transaction, request_id: UUID) -> tuple[Stored, StoredRequest]:
    """An open request and its configuration, which nobody else changes meanwhile. Four statements.

    Raises `RequestNotFound`, `RequestClosed`, `ConfigurationReadOnly`.
    """
    address = found_request(tx, request_id).address
    finding.take_turn(tx, address)
    stored = found_request(tx, request_id)
    if stored.status != "open":
        raise RequestClosed(request_id, stored.status)
    check_commentable(stored)
    return finding.readable(tx, address), stored


def _check_new(tx: Transaction, found: Stored, text: str, expected: int | None) -> None:
    if expected is not None and expected != found.version:
        raise ConfigurationChanged(found.address.text, expected, found.version)
    if digest_of(text) == found.digest:
        raise InvalidInput(f"document: is that of version {found.version} already", field="document")
    rules.check(tx, found.address, load_json(text), reviewed=True)


def _check_anothers(tx: Transaction, stored: StoredRequest) -> None:
    if stored.author_id == tx.scope.actor_id:
        raise OwnRequest(stored.id)


def _check_base(found: Stored, stored: StoredRequest) -> None:
    if stored.base_version != found.version:
        raise StaleBase(stored.id, stored.base_version, found.version)


def _close(
    tx: Transaction,
    stored: StoredRequest,
    status: NotificationKind,
    *,
    version: int | None = None,
    reason: str | None = None,
) -> ChangeRequest:
    closed = {"request_id": stored.id, "new_status": status, "new_version": version, "new_closing_reason": reason}
    tx.run(queries.close_request, {**closed, "moment": now()})
    _record(tx, stored.id, stored.author_id, stored.configuration_id, status=status, revision=stored.revision)
    tell_concerned(tx, status, stored.configuration_id, stored.id)
    return shown(tx, found_request(tx, stored.id))


def _record(tx: Transaction, request_id: UUID, author: UUID, configuration_id: UUID, **details: object) -> None:
    tx.record(
        "change_request", request_id, owner=author, tenant_id=None, configuration=str(configuration_id), **details
    )
