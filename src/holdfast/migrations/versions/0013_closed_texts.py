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
_NO_VISITOR = (
    f"EXISTS (SELECT FROM memberships m WHERE m.tenant_id = {dialects.TENANT}"
    f" AND m.user_id = {dialects.ACTOR} AND m.role <> 'visitor')"
)


def upgrade() -> None:
    op.add_column("retrievals", sa.Column("cited", sa.Integer, nullable=False, server_default="0"))
    each({"postgresql": functions_0013.OPEN_WORKSPACE})
    each({"postgresql": functions_0013.SEARCH_LEXICAL})
    reading = _about("true", "NULL")
    writing = _about(f"({dialects.REACH} = 'tenant' OR b.created_by = {dialects.ACTOR})", "'editor'")
    for table in ("lexical_index", "lexical_counts"):
        _confine(table, "reading", "SELECT", reading)
        each(
            {
                "postgresql": f"CREATE POLICY adding ON {table} AS RESTRICTIVE FOR INSERT TO holdfast_app"
                f" WITH CHECK ({writing})"
            }
        )
        _confine(table, "changing", "UPDATE", writing)
        _confine(table, "deleting", "DELETE", writing)


def _about(base: str, role: str) -> str:
    """What a text is about: a base that the policies show, as a condition says; somebody, or a workspace that is open
    to the actor, to whoever has a role in it where people are assigned to it.
    """
    open_ = f"is_open_workspace({dialects.TENANT}, {dialects.ACTOR}, about, {role})"
    return (
        "CASE purpose"
        f" WHEN 'knowledge' THEN EXISTS (SELECT FROM knowledge_bases b WHERE b.tenant_id = {dialects.TENANT}"
        f" AND b.id = about AND {base})"
        f" WHEN 'memory' THEN {dialects.REACH} = 'tenant' OR owner_id <> {_NIL} OR ({_NO_VISITOR} AND {open_})"
        " ELSE true END"
    )


def _confine(table: str, name: str, verb: str, rule: str) -> None:
    each({"postgresql": f"CREATE POLICY {name} ON {table} AS RESTRICTIVE FOR {verb} TO holdfast_app USING ({rule})"})
