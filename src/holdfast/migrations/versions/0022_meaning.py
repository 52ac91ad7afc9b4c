"""How far messages have vectors; vectors of what is in a closed workspace, closed like it."""

import sqlalchemy as sa
from alembic import op

from holdfast.core.database.types import Id
from holdfast.migrations import dialects, functions_0022
from holdfast.migrations.dialects import each, protect

revision = "0022"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "embedded_conversations",
        sa.Column("tenant_id", Id, nullable=False),
        sa.Column("conversation_id", Id, nullable=False),
        sa.Column("index_id", Id, nullable=False),
        sa.Column("through_seq", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "conversation_id", "index_id", name="pk_embedded_conversations"),
        sa.ForeignKeyConstraint(
            ["tenant_id", "conversation_id"],
            ["conversations.tenant_id", "conversations.id"],
            name="fk_embedded_conversations_tenant_id_conversation_id",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "index_id"],
            ["vector_indexes.tenant_id", "vector_indexes.id"],
            name="fk_embedded_conversations_tenant_id_index_id",
            ondelete="CASCADE",
        ),
        sqlite_with_rowid=False,
    )
    protect("embedded_conversations", rule=dialects.OF_CONVERSATION, grants="SELECT, INSERT, UPDATE")
    for statement in (functions_0022.CLOSED_INDEXES, *functions_0022.OWNED):
        each({"postgresql": statement})
    closed = f"owner_id = {functions_0022.NIL} AND {dialects.REACH} IS DISTINCT FROM 'tenant' AND index_id = ANY"
    rule = f"NOT ({closed} ((SELECT closed_vector_indexes())::uuid[]))"
    each({"postgresql": f"CREATE POLICY closed ON vectors AS RESTRICTIVE TO holdfast_app USING ({rule})"})
