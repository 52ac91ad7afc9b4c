"""Requests: read, listed, discussed."""

from typing import Any, cast
from uuid import UUID

from holdfast.core.action import action
from holdfast.core.clock import now
from holdfast.core.database import Transaction, Work
from holdfast.core.database.types import load_json
from holdfast.core.errors import InvalidInput
from holdfast.core.ids import as_id, new_id
from holdfast.core.inputs import check_choice, check_name
from holdfast.core.pages import InvalidCursor, Page, check_limit, decode_cursor, encode_cursor
from holdfast.domains.configurations import finding, rules
from holdfast.domains.configurations import queries as configuration_queries
from holdfast.domains.configurations import review_queries as queries
from holdfast.domains.configurations.addresses import matches, parse_address, parse_pattern
from holdfast.domains.configurations.differences import edits
from holdfast.domains.configurations.errors import ConfigurationReadOnly, RequestNotFound
from holdfast.domains.configurations.governing import Governing
from holdfast.domains.configurations.models import (
    STATUSES,
    Approval,
    ChangeRequest,
    RequestComment,
    RequestFilter,
)
from holdfast.domains.configurations.review_queries import StoredRequest
from holdfast.domains.configurations.telling import tell_concerned
from holdfast.domains.configurations.wording import change_of

COMMENT_CHARS = 10_000
PATH_CHARS = 1_000


class Requests(Governing):
    """Requests as everybody sees them who may read what they are about; see `Configurations`."""

    @action("configurations.read", writes=False, on="request")
    def request(self, request: UUID | str) -> Work[ChangeRequest]:
        """A request with its document, what it changes of its base in words, and its approvals. Five statements.

        Raises `RequestNotFound`.
        """
        wanted = as_id(request, field="request")
        return lambda tx: shown(tx, found_request(tx, wanted))

    @action("configurations.read", writes=False)
    def requests(
        self,
        *,
        address: str | None = None,
        status: RequestFilter = "open",
        limit: int = 50,
        cursor: str | None = None,
    ) -> Work[Page[ChangeRequest]]:
        """A page of requests, the newest first, without their documents; of one address, or of all. `status`
        "any": closed ones too. Two statements, and one for each request on the page. Raises `InvalidCursor`.
        """
        parsed = None if address is None else parse_address(address)
        wanted = None if status == "any" else check_choice(status, STATUSES, field="status")
        question = ("configurations.requests", self.scope.tenant_id, self.scope.actor_id, parsed, wanted)
        params: dict[str, Any] = {"limit": check_limit(limit, self.settings.page) + 1, "status": wanted}
        if cursor is not None:
            params["before_id"] = place_behind(question, cursor)
        query = queries.page_of_requests(
            address=parsed is not None, status=wanted is not None, before=cursor is not None
        )

        def work(tx: Transaction) -> Page[ChangeRequest]:
            of = {} if parsed is None else {"configuration_id": finding.readable(tx, parsed).id}
            rows = tx.all(query, {**params, **of})
            known = rules.in_force(tx)
            items = tuple(_request(tx, row, known) for row in rows[:limit])
            return Page(items=items, next=cursor_behind(question, items[-1].id) if len(rows) > limit else None)

        return work

    @action("configurations.review", writes=True, on="request")
    def comment(
        self, request: UUID | str, text: str, *, reply_to: UUID | str | None = None, path: str | None = None
    ) -> Work[RequestComment]:
        """Say something about a request, or of a place in its document (`path`, a JSON Pointer), or to a comment.

        Raises `RequestNotFound`, `ConfigurationReadOnly`, `InvalidInput`.
        """
        wanted, to = as_id(request, field="request"), None if reply_to is None else as_id(reply_to, field="reply_to")
        said, author = check_name(text, field="text", most_chars=COMMENT_CHARS), self.actor()
        place = None if path is None else check_name(path, field="path", most_chars=PATH_CHARS)

        def work(tx: Transaction) -> RequestComment:
            found = found_request(tx, wanted)
            check_commentable(found)
            if to is not None and tx.first(queries.comment_by_id, {"request_id": wanted, "comment_id": to}) is None:
                raise InvalidInput(f"reply_to: the request has no comment {to}", field="reply_to")
            made = RequestComment(
                id=new_id(),
                request_id=wanted,
                author_id=author,
                text=said,
                revision=found.revision,
                reply_to=to,
                path=place,
                created_at=now(),
            )
            tx.run(queries.insert_comment, vars(made))
            tx.record("change_request", wanted, owner=found.author_id, tenant_id=None, comment=str(made.id))
            tell_concerned(tx, "commented", found.configuration_id, wanted)
            return made

        return work

    @action("configurations.read", writes=False, on="request")
    def comments(
        self, request: UUID | str, *, limit: int = 50, cursor: str | None = None
    ) -> Work[Page[RequestComment]]:
        """A page of what was said about a request, the oldest first. Raises `RequestNotFound`, `InvalidCursor`."""
        wanted = as_id(request, field="request")
        question = ("configurations.comments", self.scope.tenant_id, self.scope.actor_id, wanted)
        params: dict[str, Any] = {"request_id": wanted, "limit": check_limit(limit, self.settings.page) + 1}
        if cursor is not None:
            params["after_id"] = place_behind(question, cursor)
        query = queries.page_of_comments(after=cursor is not None)

        def work(tx: Transaction) -> Page[RequestComment]:
            found_request(tx, wanted)
            rows = tx.all(query, params)
            items = tuple(rows[:limit])
            return Page(items=items, next=cursor_behind(question, items[-1].id) if len(rows) > limit else None)

        return work


def found_request(tx: Transaction, request_id: UUID) -> StoredRequest:
    """A request within reach. Raises `RequestNotFound`."""
    found = tx.first(queries.request_by_id, {"request_id": request_id})
    if found is None:
        raise RequestNotFound(request_id)
    return found


def check_commentable(found: StoredRequest) -> None:
    """Raise `ConfigurationReadOnly` for whom it is shared with to view alone."""
    if found.access == "view":
        raise ConfigurationReadOnly(found.address.text)


def approvals(tx: Transaction, found: StoredRequest) -> tuple[Approval, ...]:
    """Those of the present revision, as it is."""
    given = tx.all(queries.approvals_of, {"request_id": found.id})
    return tuple(one for one in given if (one.revision, one.digest) == (found.revision, found.digest))


def shown(tx: Transaction, found: StoredRequest) -> ChangeRequest:
    """A request with all there is to it."""
    asked = {"configuration_id": found.configuration_id, "branch": "main", "version": found.base_version}
    base = tx.first(configuration_queries.version_of, asked)
    assert base is not None, "versions stay"
    document = load_json(found.document)
    changes = tuple(change_of(edit) for edit in edits(base.parsed(), document))
    return _request(tx, found, rules.in_force(tx), document=document, changes=changes)


def _request(tx: Transaction, found: StoredRequest, known: list[queries.StoredRule], **more: Any) -> ChangeRequest:
    about = [rule for rule in known if matches(parse_pattern(rule.pattern), found.address)]
    return ChangeRequest(
        id=found.id,
        address=found.address.text,
        author_id=found.author_id,
        base_version=found.base_version,
        revision=found.revision,
        digest=found.digest,
        reason=found.reason,
        status=found.status,
        approvals=approvals(tx, found),
        required=rules.required(about),
        published_version=found.published_version,
        closed_by=found.closed_by,
        closing_reason=found.closing_reason,
        created_at=found.created_at,
        updated_at=found.updated_at,
        **more,
    )


def cursor_behind(question: tuple[object, ...], last: UUID) -> str:
    """Where a page that ends with an id goes on."""
    return encode_cursor(question, [last.hex])


def place_behind(question: tuple[object, ...], cursor: str) -> UUID:
    """The id that a page ended with. Raises `InvalidCursor`."""
    (last,) = decode_cursor(question, cursor, length=1)
    try:
        return as_id(cast(str, last), field="cursor")
    except InvalidInput as error:
        raise InvalidCursor(cursor) from error
