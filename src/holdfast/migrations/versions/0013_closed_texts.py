"""Words of what is in a closed workspace, closed like it; and how many hits of a search an answer cites."""

import sqlalchemy as sa
from alembic import op

from holdfast.migrations import dialects, functions_0013
from holdfast.migrations.dialects import each

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_NIL = "'00000000-0000-0000-0000-000000000000'::uuid"


def upgrade() -> None:
    op.add_column("retrievals", sa.Column("cited", sa.Integer, nullable=False, server_default="0"))
    for statement in (functions_0013.OPEN_WORDS, *functions_0013.OWNED, functions_0013.SEARCH_LEXICAL):
        each({"postgresql": statement})
    for table in ("lexical_index", "lexical_counts"):
        _confine(table, "reading", "SELECT", f"USING ({_open('false')})")
    _confine("lexical_index", "adding", "INSERT", f"WITH CHECK ({_open('true')})")
    _confine("lexical_index", "changing", "UPDATE", f"USING ({_open('true')})")
    _confine("lexical_index", "deleting", "DELETE", f"USING ({_open('true')})")


def _open(writing: str) -> str:
    """A person's own, which another policy says; within an administrator's reach; or open to the actor."""
    return f"owner_id <> {_NIL} OR {dialects.REACH} = 'tenant' OR is_open_about(purpose, about, {writing})"


def _confine(table: str, name: str, verb: str, rule: str) -> None:
    each({"postgresql": f"CREATE POLICY {name} ON {table} AS RESTRICTIVE FOR {verb} TO holdfast_app {rule}"})
