"""Vectors by cells on SQLite; on PostgreSQL the nearest are found without asking a policy for each group."""

import sqlalchemy as sa
from alembic import op

from holdfast.migrations import functions_0029 as functions
from holdfast.migrations.dialects import each

revision = "0029"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("vector_indexes", sa.Column("cells", sa.LargeBinary))
    op.add_column("vectors", sa.Column("cell", sa.Integer))
    each({"sqlite": "DROP INDEX ix_vectors_codes"})
    each(
        {
            "sqlite": "CREATE INDEX ix_vectors_codes ON vectors (tenant_id, index_id, level, owner_id, code)"
            " WHERE code IS NULL"
        }
    )
    op.create_index(
        "ix_vectors_cells",
        "vectors",
        ["tenant_id", "index_id", "level", "cell", "owner_id", "code"],
        postgresql_where=sa.text("code IS NOT NULL"),
    )
    each({"postgresql": "DROP FUNCTION nearest_vectors"})
    for statement in (functions.IS_CLOSED, functions.NEAREST_VECTORS, *functions.OWNED):
        each({"postgresql": statement})
