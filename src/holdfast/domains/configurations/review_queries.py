"""Every statement of review, each named by what it is for."""

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from uuid import UUID

from sqlalchemy import BindParameter, Integer, bindparam, insert, or_, select, union, update
from sqlalchemy.dialects.postgresql import insert as insert_unless
from sqlalchemy.types import Text

from holdfast.core.database import ACTOR, REACH, TENANT, Query
from holdfast.core.database.types import Digest, Id, Time
from holdfast.domains.configurations.addresses import Address
from holdfast.domains.configurations.models import Approval, RequestComment, RequestStatus
from holdfast.domains.configurations.queries import ACCESS, READABLE
from holdfast.domains.configurations.review_tables import (
    change_approvals,
    change_comments,
    change_requests,
    configuration_rules,
    notifications,
)
from holdfast.domains.configurations.stored import Access
from holdfast.domains.configurations.tables import configuration_shares, configurations

_c, _r, _a, _m, _n = configurations.c, change_requests.c, change_approvals.c, change_comments.c, notifications.c
_u, _s = configuration_rules.c, configuration_shares.c
_ID = bindparam("request_id", type_=Id)
_MOMENT = bindparam("moment", type_=Time)
_LIMIT = bindparam("limit", type_=Integer)
_STATUS: BindParameter[str] = bindparam("status", type_=Text())


@dataclass(frozen=True, kw_only=True)
class StoredRequest:
    """A request, where it is about, and what the actor may do there. Its document where it was asked for."""

    id: UUID
    configuration_id: UUID
    author_id: UUID
    base_version: int
    revision: int
    document: str = ""
    digest: str
    reason: str
    status: RequestStatus
    published_version: int | None
    closed_by: UUID | None
    closing_reason: str | None
    created_at: datetime
    updated_at: datetime
    vendor: str
    standard: str
    name: str
    access: Access

    @property
    def address(self) -> Address:
        """Of its configuration."""
        return Address(self.vendor, self.standard, self.name)


@dataclass(frozen=True, kw_only=True)
class StoredRule:
    """What was said of a pattern. `schema` as JSON."""

    pattern: str
    number: int
    approvals: int | None
    schema: str | None
    created_by: UUID
    created_at: datetime


# -- requests ----------------------------------------------------------------------------------------------------------

_WHERE = (_c.vendor, _c.standard, _c.name, ACCESS)
_REQUEST = [column for column in _r if column.name != "tenant_id"]
_READ = (
    _r.tenant_id == TENANT,
    _c.tenant_id == TENANT,
    _c.id == _r.configuration_id,
    READABLE,
)

request_by_id = Query(select(*_REQUEST, *_WHERE).where(*_READ, _r.id == _ID), StoredRequest)
"""By primary key."""


@lru_cache(maxsize=16)
def page_of_requests(*, address: bool, status: bool, before: bool) -> Query[StoredRequest]:
    """Requests, the newest first, without documents."""
    rows = select(*(column for column in _REQUEST if column.name != "document"), *_WHERE).where(*_READ)
    if address:
        rows = rows.where(_r.configuration_id == bindparam("configuration_id", type_=Id))
    if status:
        rows = rows.where(_r.status == _STATUS)
    if before:
        rows = rows.where(_r.id < bindparam("before_id", type_=Id))
    return Query(rows.order_by(_r.id.desc()).limit(_LIMIT), StoredRequest)


insert_request = Query(
    insert(change_requests).values(
        tenant_id=TENANT, **{column.name: bindparam(column.name, type_=column.type) for column in _REQUEST}
    )
)

_OPEN = (_r.tenant_id == TENANT, _r.id == _ID, _r.status == "open")

revise_request = Query(
    update(change_requests)
    .where(*_OPEN, _r.revision == bindparam("old_revision", type_=Integer))
    .values(
        revision=bindparam("new_revision", type_=Integer),
        base_version=bindparam("new_base", type_=Integer),
        document=bindparam("new_document", type_=Text()),
        digest=bindparam("new_digest", type_=Digest),
        reason=bindparam("new_reason", type_=Text()),
        updated_at=_MOMENT,
    )
)

close_request = Query(
    update(change_requests)
    .where(*_OPEN)
    .values(
        status=bindparam("new_status", type_=Text()),
        published_version=bindparam("new_version", type_=Integer),
        closed_by=ACTOR,
        closing_reason=bindparam("new_closing_reason", type_=Text()),
        updated_at=_MOMENT,
    )
)

# -- approvals and comments: asked of requests that were found within reach --------------------------------------------

approvals_of = Query(
    select(_a.approver_id, _a.revision, _a.digest, _a.created_at)
    .where(_a.tenant_id == TENANT, _a.request_id == _ID)
    .order_by(_a.created_at, _a.approver_id),
    Approval,
)

insert_approval = Query(
    insert_unless(change_approvals)
    .values(
        tenant_id=TENANT,
        request_id=_ID,
        revision=bindparam("revision", type_=Integer),
        approver_id=ACTOR,
        digest=bindparam("digest", type_=Digest),
        created_at=_MOMENT,
    )
    .on_conflict_do_nothing(index_elements=["tenant_id", "request_id", "revision", "approver_id"])
)

_COMMENT = [column for column in _m if column.name != "tenant_id"]


@lru_cache(maxsize=2)
def page_of_comments(*, after: bool) -> Query[RequestComment]:
    """Comments on a request, the oldest first."""
    rows = select(*_COMMENT).where(_m.tenant_id == TENANT, _m.request_id == _ID)
    if after:
        rows = rows.where(_m.id > bindparam("after_id", type_=Id))
    return Query(rows.order_by(_m.id).limit(_LIMIT), RequestComment)


comment_by_id = Query(
    select(_m.id).where(_m.tenant_id == TENANT, _m.request_id == _ID, _m.id == bindparam("comment_id", type_=Id))
)

insert_comment = Query(
    insert(change_comments).values(
        tenant_id=TENANT, **{column.name: bindparam(column.name, type_=column.type) for column in _COMMENT}
    )
)

# -- rules -------------------------------------------------------------------------------------------------------------

_RULE = [column for column in _u if column.name != "tenant_id"]

rules = Query(select(*_RULE).where(_u.tenant_id == TENANT).order_by(_u.pattern, _u.number), StoredRule)
"""All that was ever said, the last of each pattern last."""

insert_rule = Query(
    insert(configuration_rules).values(
        tenant_id=TENANT, **{column.name: bindparam(column.name, type_=column.type) for column in _RULE}
    )
)

# -- who is told -------------------------------------------------------------------------------------------------------

concerned_by_request = Query(
    union(
        select(_r.author_id).where(_r.tenant_id == TENANT, _r.id == _ID),
        select(_a.approver_id).where(_a.tenant_id == TENANT, _a.request_id == _ID),
        select(_m.author_id).where(_m.tenant_id == TENANT, _m.request_id == _ID),
    )
)
"""Its author, who approved any revision of it, and who commented on it."""

concerned_by_configuration = Query(
    union(
        select(_c.owner_id).where(_c.tenant_id == TENANT, _c.id == bindparam("configuration_id", type_=Id)),
        select(_s.user_id).where(
            _s.tenant_id == TENANT,
            _s.configuration_id == bindparam("configuration_id", type_=Id),
            _s.level != "view",
            or_(_s.owner_id == ACTOR, REACH == "tenant", _s.user_id == ACTOR),
        ),
    )
)
"""Its owner, and, where the actor may know them, those with whom it is shared to comment on or edit."""

insert_notification = Query(
    insert(notifications).values(
        tenant_id=TENANT,
        **{c.name: bindparam(c.name, type_=c.type) for c in _n if c.name not in ("tenant_id", "read_at")},
    )
)


@dataclass(frozen=True, kw_only=True)
class StoredNotification:
    """A line of an inbox."""

    id: UUID
    kind: str
    request_id: UUID | None
    by_id: UUID
    created_at: datetime
    read_at: datetime | None
    vendor: str
    standard: str
    name: str


@lru_cache(maxsize=4)
def inbox(*, unread: bool, before: bool) -> Query[StoredNotification]:
    """What concerns the actor of what they may read, the newest first. Served by ix_notifications_inbox."""
    rows = select(
        _n.id, _n.kind, _n.request_id, _n.by_id, _n.created_at, _n.read_at, _c.vendor, _c.standard, _c.name
    ).where(_n.tenant_id == TENANT, _n.user_id == ACTOR, _c.tenant_id == TENANT, _c.id == _n.configuration_id, READABLE)
    if unread:
        rows = rows.where(_n.read_at.is_(None))
    if before:
        rows = rows.where(_n.id < bindparam("before_id", type_=Id))
    return Query(rows.order_by(_n.id.desc()).limit(_LIMIT), StoredNotification)


mark_read = Query(
    update(notifications)
    .where(
        _n.tenant_id == TENANT,
        _n.user_id == ACTOR,
        _n.read_at.is_(None),
        _n.id <= bindparam("through", type_=Id),
    )
    .values(read_at=_MOMENT)
)
