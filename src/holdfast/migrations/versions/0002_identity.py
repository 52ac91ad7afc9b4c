"""Identity, whole: platform roles, statuses, workspace roles, credentials, preferences, hard delete."""

from typing import Any

import sqlalchemy as sa
from alembic import op

from holdfast.core.database.types import Digest, Id, Json, Time
from holdfast.migrations import dialects
from holdfast.migrations import functions_0002 as functions
from holdfast.migrations.dialects import each, protect, refuse_unless_purged

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _tenants_and_people()
    _workspaces()
    _credentials()
    _openid()
    _preferences()
    _purging()
    _protection()


def _scoped(name: str, *parts: sa.schema.SchemaItem, **options: Any) -> None:
    op.create_table(name, sa.Column("tenant_id", Id, nullable=False), *parts, **options)


def _reference(table: str, columns: list[str], target: str, keys: list[str]) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(columns, [f"{target}.{key}" for key in keys], name=f"fk_{table}_{'_'.join(columns)}")


def _of_member(table: str) -> sa.ForeignKeyConstraint:
    return _reference(table, ["tenant_id", "user_id"], "memberships", ["tenant_id", "user_id"])


def _of_user(table: str) -> sa.ForeignKeyConstraint:
    return _reference(table, ["user_id"], "users", ["id"])


def _tenants_and_people() -> None:
    with op.batch_alter_table("tenants") as batch:
        batch.add_column(sa.Column("status", sa.Text, nullable=False, server_default="active"))
        batch.add_column(sa.Column("profile", Json, nullable=False, server_default="{}"))
        batch.create_check_constraint(op.f("ck_tenants_status"), "status IN ('active', 'suspended')")
    with op.batch_alter_table("users") as batch:
        batch.alter_column("email", existing_type=sa.Text, nullable=True)
        batch.add_column(sa.Column("platform_role", sa.Text, nullable=False, server_default="user"))
        roles = "platform_role IN ('user', 'admin', 'super_admin')"
        batch.create_check_constraint(op.f("ck_users_platform_role"), roles)
    with op.batch_alter_table("memberships") as batch:
        batch.add_column(sa.Column("status", sa.Text, nullable=False, server_default="active"))
        batch.drop_constraint(op.f("ck_memberships_role"), type_="check")
        roles = "role IN ('owner', 'admin', 'member', 'auditor', 'visitor')"
        batch.create_check_constraint(op.f("ck_memberships_role"), roles)
        batch.create_check_constraint(op.f("ck_memberships_status"), "status IN ('active', 'suspended')")


def _workspaces() -> None:
    with op.batch_alter_table("workspaces") as batch:
        batch.add_column(sa.Column("archived_at", Time))
        batch.add_column(sa.Column("deleted_at", Time))
        batch.drop_constraint("uq_workspaces_tenant_id_name", type_="unique")
    kept = sa.text("deleted_at IS NULL")
    columns = ["tenant_id", "name"]
    op.create_index("uq_workspaces_name", "workspaces", columns, unique=True, sqlite_where=kept, postgresql_where=kept)
    _scoped(
        "workspace_members",
        sa.Column("workspace_id", Id, nullable=False),
        sa.Column("user_id", Id, nullable=False),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("created_at", Time, nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "workspace_id", "user_id", name="pk_workspace_members"),
        _reference("workspace_members", ["tenant_id", "workspace_id"], "workspaces", ["tenant_id", "id"]),
        _of_member("workspace_members"),
        sa.CheckConstraint("role IN ('editor', 'viewer')", name=op.f("ck_workspace_members_role")),
    )


def _credentials() -> None:
    op.create_table(
        "passwords",
        sa.Column("tenant_id", Id, nullable=False),
        sa.Column("user_id", Id, nullable=False),
        sa.Column("hash", sa.Text, nullable=False),
        sa.Column("changed_at", Time, nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "user_id", name="pk_passwords"),
        _of_user("passwords"),
    )
    op.create_table(
        "sessions",
        sa.Column("id", Id, nullable=False),
        sa.Column("tenant_id", Id),
        sa.Column("user_id", Id, nullable=False),
        sa.Column("digest", Digest, nullable=False),
        sa.Column("created_at", Time, nullable=False),
        sa.Column("last_used_at", Time, nullable=False),
        sa.Column("expires_at", Time, nullable=False),
        sa.Column("ends_at", Time, nullable=False),
        sa.Column("idle_seconds", sa.Integer, nullable=False),
        sa.Column("address", sa.Text),
        sa.Column("agent", sa.Text),
        sa.Column("revoked_at", Time),
        sa.PrimaryKeyConstraint("id", name="pk_sessions"),
        _of_user("sessions"),
        _of_member("sessions"),
        sa.UniqueConstraint("digest", name="uq_sessions_digest"),
    )
    op.create_index("ix_sessions_user", "sessions", ["tenant_id", "user_id"])
    op.create_table(
        "api_keys",
        sa.Column("id", Id, nullable=False),
        sa.Column("tenant_id", Id),
        sa.Column("user_id", Id, nullable=False),
        sa.Column("digest", Digest, nullable=False),
        sa.Column("hint", sa.Text, nullable=False),
        sa.Column("name", sa.Text),
        sa.Column("scopes", Json),
        sa.Column("created_at", Time, nullable=False),
        sa.Column("created_by", Id),
        sa.Column("expires_at", Time),
        sa.Column("last_used_at", Time),
        sa.Column("revoked_at", Time),
        sa.PrimaryKeyConstraint("id", name="pk_api_keys"),
        _of_user("api_keys"),
        _of_member("api_keys"),
        sa.UniqueConstraint("digest", name="uq_api_keys_digest"),
    )
    op.create_index("ix_api_keys_user", "api_keys", ["tenant_id", "user_id"])


def _openid() -> None:
    _scoped(
        "oidc_identities",
        sa.Column("issuer", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("user_id", Id, nullable=False),
        sa.Column("created_at", Time, nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "issuer", "subject", name="pk_oidc_identities"),
        _of_member("oidc_identities"),
    )
    op.create_index("uq_oidc_identities_user", "oidc_identities", ["tenant_id", "issuer", "user_id"], unique=True)
    op.create_table(
        "oidc_logins",
        sa.Column("state", Digest, nullable=False),
        sa.Column("tenant_id", Id, nullable=False),
        sa.Column("provider", sa.Text, nullable=False),
        sa.Column("redirect_uri", sa.Text, nullable=False),
        sa.Column("nonce", sa.Text, nullable=False),
        sa.Column("verifier", sa.Text, nullable=False),
        sa.Column("expires_at", Time, nullable=False),
        sa.PrimaryKeyConstraint("state", name="pk_oidc_logins"),
        _reference("oidc_logins", ["tenant_id"], "tenants", ["id"]),
    )
    op.create_index("ix_oidc_logins_expires_at", "oidc_logins", ["expires_at"])


def _preferences() -> None:
    _scoped(
        "preferences",
        sa.Column("user_id", Id, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("value", Json, nullable=False),
        sa.Column("updated_at", Time, nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "user_id", "name", name="pk_preferences"),
        _of_member("preferences"),
    )
    op.create_table(
        "user_preferences",
        sa.Column("user_id", Id, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("value", Json, nullable=False),
        sa.Column("updated_at", Time, nullable=False),
        sa.PrimaryKeyConstraint("user_id", "name", name="pk_user_preferences"),
        _of_user("user_preferences"),
    )


def _purging() -> None:
    op.create_table(
        "purges",
        sa.Column("tenant_id", Id, nullable=False),
        sa.Column("started_at", Time, nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", name="pk_purges"),
    )
    each({"postgresql": functions.REFUSE_UNLESS_PURGED})
    drop = "DROP TRIGGER messages_refuse_delete"
    each({"sqlite": drop, "postgresql": f"{drop} ON messages"})
    refuse_unless_purged("messages", "messages are append-only: a conversation is deleted by marking it")
    each({"postgresql": "GRANT DELETE ON ALL TABLES IN SCHEMA holdfast TO holdfast_operator"})
    each({"postgresql": "REVOKE DELETE ON holdfast_schema FROM holdfast_operator"})


def _protection() -> None:
    own = f"user_id = {dialects.ACTOR}"
    of_person = f"{dialects.OF_TENANT} AND ({own} OR {dialects.REACH} = 'tenant')"
    protect("workspace_members", rule=dialects.OF_TENANT, grants="SELECT")
    protect("passwords", rule="false", grants="")
    protect("sessions", rule=of_person, grants="")
    protect("api_keys", rule=of_person, grants="")
    protect("oidc_identities", rule=of_person, grants="")
    protect("oidc_logins", rule="false", grants="")
    protect("preferences", rule=f"{dialects.OF_TENANT} AND {own}", grants="SELECT, INSERT, UPDATE, DELETE")
    protect("user_preferences", rule=own, grants="SELECT, INSERT, UPDATE, DELETE")
    protect("purges", rule="false", grants="")
