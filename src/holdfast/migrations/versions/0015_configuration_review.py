"""Branches of configurations, review and who is told of it; the words of private ones, closed like what they are of."""

import sqlalchemy as sa
from alembic import op

from holdfast.core.database.types import Digest, Id, Real, Time
from holdfast.migrations import dialects, functions_0015
from holdfast.migrations.dialects import each, protect, refuse

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _branches()
    _requests()
    _approvals()
    _comments()
    _rules()
    _notifications()
    _uses()
    _feedback()
    _protection()
    each({"postgresql": functions_0015.OPEN_WORDS})


def _reference(table: str, column: str, target: str, key: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["tenant_id", column], [f"{target}.tenant_id", f"{target}.{key}"], name=f"fk_{table}_tenant_id_{column}"
    )


def _person(table: str, column: str) -> sa.ForeignKeyConstraint:
    return _reference(table, column, "memberships", "user_id")


def _of_configuration(condition: str = "true") -> str:
    """Of one that the policies of `configurations` show, as the condition says."""
    return (
        f"{dialects.OF_TENANT} AND EXISTS (SELECT FROM configurations WHERE configurations.tenant_id ="
        f" {dialects.TENANT} AND configurations.id = configuration_id AND {condition})"
    )


def _shared(levels: str) -> str:
    return (
        f"EXISTS (SELECT FROM configuration_shares s WHERE s.tenant_id = {dialects.TENANT}"
        f" AND s.configuration_id = configurations.id AND s.user_id = {dialects.ACTOR} AND s.level IN ({levels}))"
    )


_OWN = f"configurations.owner_id = {dialects.ACTOR} OR {dialects.REACH} = 'tenant'"
_EDIT = _shared("'edit'")
_OF_EDITABLE = _of_configuration(f"({_OWN} OR {_EDIT})")


def _branches() -> None:
    op.create_table(
        "configuration_branches",
        sa.Column("tenant_id", Id, nullable=False),
        sa.Column("configuration_id", Id, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("digest", Digest, nullable=False),
        sa.Column("base_version", sa.Integer, nullable=False),
        sa.Column("merged_version", sa.Integer, nullable=False),
        sa.Column("author_id", Id, nullable=False),
        sa.Column("created_at", Time, nullable=False),
        sa.Column("updated_at", Time, nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "configuration_id", "name", name="pk_configuration_branches"),
        _reference("configuration_branches", "configuration_id", "configurations", "id"),
        _person("configuration_branches", "author_id"),
        sa.CheckConstraint("name <> 'main'", name=op.f("ck_configuration_branches_not_main")),
        sqlite_with_rowid=False,
    )
    protect("configuration_branches", rule=_of_configuration(), check=_OF_EDITABLE, grants="SELECT, INSERT, UPDATE")


def _requests() -> None:
    op.create_table(
        "change_requests",
        sa.Column("tenant_id", Id, nullable=False),
        sa.Column("id", Id, nullable=False),
        sa.Column("configuration_id", Id, nullable=False),
        sa.Column("author_id", Id, nullable=False),
        sa.Column("base_version", sa.Integer, nullable=False),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("document", sa.Text, nullable=False),
        sa.Column("digest", Digest, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("published_version", sa.Integer),
        sa.Column("closed_by", Id),
        sa.Column("closing_reason", sa.Text),
        sa.Column("created_at", Time, nullable=False),
        sa.Column("updated_at", Time, nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name="pk_change_requests"),
        _reference("change_requests", "configuration_id", "configurations", "id"),
        _person("change_requests", "author_id"),
        sa.CheckConstraint(
            "status IN ('open', 'published', 'rejected', 'withdrawn')", name=op.f("ck_change_requests_status")
        ),
    )
    op.create_index("ix_change_requests_of", "change_requests", ["tenant_id", "configuration_id", "id"])
    op.create_index("ix_change_requests_status", "change_requests", ["tenant_id", "status", "id"])


def _approvals() -> None:
    op.create_table(
        "change_approvals",
        sa.Column("tenant_id", Id, nullable=False),
        sa.Column("request_id", Id, nullable=False),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("approver_id", Id, nullable=False),
        sa.Column("digest", Digest, nullable=False),
        sa.Column("created_at", Time, nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "request_id", "revision", "approver_id", name="pk_change_approvals"),
        _reference("change_approvals", "request_id", "change_requests", "id"),
        _person("change_approvals", "approver_id"),
        sqlite_with_rowid=False,
    )
    refuse("change_approvals", "UPDATE", "approvals are append-only")


def _comments() -> None:
    op.create_table(
        "change_comments",
        sa.Column("tenant_id", Id, nullable=False),
        sa.Column("id", Id, nullable=False),
        sa.Column("request_id", Id, nullable=False),
        sa.Column("author_id", Id, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("reply_to", Id),
        sa.Column("path", sa.Text),
        sa.Column("created_at", Time, nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name="pk_change_comments"),
        _reference("change_comments", "request_id", "change_requests", "id"),
        _person("change_comments", "author_id"),
    )
    op.create_index("ix_change_comments_of", "change_comments", ["tenant_id", "request_id", "id"])


def _rules() -> None:
    op.create_table(
        "configuration_rules",
        sa.Column("tenant_id", Id, nullable=False),
        sa.Column("pattern", sa.Text, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("approvals", sa.Integer),
        sa.Column("schema", sa.Text),
        sa.Column("created_by", Id, nullable=False),
        sa.Column("created_at", Time, nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "pattern", "number", name="pk_configuration_rules"),
        _person("configuration_rules", "created_by"),
        sqlite_with_rowid=False,
    )
    refuse("configuration_rules", "UPDATE", "rules are append-only")


def _notifications() -> None:
    op.create_table(
        "notifications",
        sa.Column("tenant_id", Id, nullable=False),
        sa.Column("id", Id, nullable=False),
        sa.Column("user_id", Id, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("configuration_id", Id, nullable=False),
        sa.Column("request_id", Id),
        sa.Column("by_id", Id, nullable=False),
        sa.Column("created_at", Time, nullable=False),
        sa.Column("read_at", Time),
        sa.PrimaryKeyConstraint("tenant_id", "id", name="pk_notifications"),
        _person("notifications", "user_id"),
        _reference("notifications", "configuration_id", "configurations", "id"),
    )
    op.create_index("ix_notifications_inbox", "notifications", ["tenant_id", "user_id", "id"])


def _uses() -> None:
    op.create_table(
        "configuration_uses",
        sa.Column("tenant_id", Id, nullable=False),
        sa.Column("configuration_id", Id, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("user_id", Id, nullable=False),
        sa.Column("uses", sa.BigInteger, nullable=False),
        sa.Column("last_used_at", Time, nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "configuration_id", "version", "user_id", name="pk_configuration_uses"),
        _reference("configuration_uses", "configuration_id", "configurations", "id"),
        _person("configuration_uses", "user_id"),
        sa.CheckConstraint("uses > 0", name=op.f("ck_configuration_uses_uses")),
        sqlite_with_rowid=False,
    )


def _feedback() -> None:
    op.create_table(
        "configuration_feedback",
        sa.Column("tenant_id", Id, nullable=False),
        sa.Column("id", Id, nullable=False),
        sa.Column("configuration_id", Id, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("user_id", Id, nullable=False),
        sa.Column("rating", sa.Integer),
        sa.Column("accuracy", Real),
        sa.Column("samples", sa.Integer),
        sa.Column("comment", sa.Text),
        sa.Column("created_at", Time, nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name="pk_configuration_feedback"),
        _reference("configuration_feedback", "configuration_id", "configurations", "id"),
        _person("configuration_feedback", "user_id"),
        sa.CheckConstraint("rating IN (-1, 1)", name=op.f("ck_configuration_feedback_rating")),
        sa.CheckConstraint("accuracy BETWEEN 0 AND 1", name=op.f("ck_configuration_feedback_accuracy")),
    )
    op.create_index("ix_configuration_feedback_of", "configuration_feedback", ["tenant_id", "configuration_id", "id"])


_DISCUSS = _shared("'comment', 'edit'")
_OF_COMMENTABLE = _of_configuration(f"({_OWN} OR configurations.visibility = 'tenant' OR {_DISCUSS})")
_OF_REQUEST = (
    f"{dialects.OF_TENANT} AND EXISTS (SELECT FROM change_requests r WHERE r.tenant_id = {dialects.TENANT}"
    " AND r.id = request_id{})"
)


def _protection() -> None:
    """An approval is of an open request as it is, and not its author's: the server says so too."""
    protect("change_requests", rule=_of_configuration(), check=_OF_COMMENTABLE, grants="SELECT, INSERT, UPDATE")
    as_it_is = (
        " AND r.status = 'open' AND r.author_id <> approver_id"
        " AND r.revision = change_approvals.revision AND r.digest = change_approvals.digest"
    )
    protect(
        "change_approvals",
        rule=_OF_REQUEST.format(""),
        check=_OF_REQUEST.format(as_it_is),
        grants="SELECT, INSERT",
    )
    protect("change_comments", rule=_OF_REQUEST.format(""), grants="SELECT, INSERT")
    governs = f"{dialects.OF_TENANT} AND {dialects.REACH} = 'tenant'"
    protect("configuration_rules", rule=dialects.OF_TENANT, check=governs, grants="SELECT, INSERT")
    protect("configuration_uses", rule=_of_configuration(), grants="SELECT, INSERT, UPDATE")
    protect("configuration_feedback", rule=_of_configuration(), grants="SELECT, INSERT")
    mine = f"{dialects.OF_TENANT} AND user_id = {dialects.ACTOR}"
    protect("notifications", rule=mine, check=dialects.OF_TENANT, grants="SELECT, INSERT, UPDATE")
