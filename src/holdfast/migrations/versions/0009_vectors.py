"""Vectors, for search by meaning."""

import sqlalchemy as sa
from alembic import op

from holdfast.core.database.types import Id, Time
from holdfast.core.database.vector_search import Code, Vector
from holdfast.migrations import dialects
from holdfast.migrations import functions_0009 as functions
from holdfast.migrations.dialects import each, protect

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    each({"postgresql": functions.EXTENSION})
    _indexes()
    _vectors()
    grants = "SELECT, INSERT, UPDATE, DELETE"
    protect("vector_indexes", rule=dialects.OF_TENANT, grants=grants)
    levels = "(SELECT current_setting('holdfast.levels', true))"
    own = f"(owner_id = {functions.NIL} OR owner_id = {dialects.ACTOR} OR {dialects.REACH} = 'tenant')"
    cleared = f"(level = '' OR strpos({levels}, level) > 0)"
    protect(
        "vectors",
        rule=f"{dialects.OF_TENANT} AND {own} AND {cleared}",
        check=f"{dialects.OF_TENANT} AND {own}",
        grants=grants,
    )
    each({"postgresql": functions.NEAREST_VECTORS})


def _indexes() -> None:
    op.create_table(
        "vector_indexes",
        sa.Column("tenant_id", Id, nullable=False),
        sa.Column("id", Id, nullable=False),
        sa.Column("purpose", sa.Text, nullable=False),
        sa.Column("about", Id, nullable=False),
        sa.Column("embedder", sa.Text, nullable=False),
        sa.Column("dimension", sa.Integer, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("created_at", Time, nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name="pk_vector_indexes"),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name="fk_vector_indexes_tenant_id"),
        sa.CheckConstraint("state IN ('building', 'active', 'retired')", name=op.f("ck_vector_indexes_state")),
        sa.CheckConstraint("dimension BETWEEN 1 AND 16000", name=op.f("ck_vector_indexes_dimension")),
        sqlite_with_rowid=False,
    )
    of = ["tenant_id", "purpose", "about"]
    op.create_index("ix_vector_indexes_of", "vector_indexes", of)
    active = sa.text("state = 'active'")
    op.create_index(
        "uq_vector_indexes_active", "vector_indexes", of, unique=True, sqlite_where=active, postgresql_where=active
    )


def _vectors() -> None:
    op.create_table(
        "vectors",
        sa.Column("tenant_id", Id, nullable=False),
        sa.Column("item_id", Id, nullable=False),
        sa.Column("index_id", Id, nullable=False),
        sa.Column("level", sa.Text, nullable=False),
        sa.Column("owner_id", Id, nullable=False),
        sa.Column("code", Code),
        sa.Column("embedding", Vector, nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "item_id", "index_id", name="pk_vectors"),
        sa.ForeignKeyConstraint(
            ["tenant_id", "index_id"],
            ["vector_indexes.tenant_id", "vector_indexes.id"],
            name="fk_vectors_tenant_id_index_id",
            ondelete="CASCADE",
        ),
        sa.CheckConstraint("level IN ('', 'S', 'A', 'B', 'C', 'D')", name=op.f("ck_vectors_level")),
    )
    op.create_index("ix_vectors_codes", "vectors", ["tenant_id", "index_id", "level", "owner_id", "code"])
