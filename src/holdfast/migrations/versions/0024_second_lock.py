"""Less for the application role: it makes no workspaces, and who may only view one revokes nothing in it."""

from holdfast.migrations import dialects
from holdfast.migrations.dialects import each

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    each({"postgresql": "REVOKE INSERT ON workspaces FROM holdfast_app"})
    for verb, clause in (("INSERT", "WITH CHECK"), ("UPDATE", "USING")):
        name = {"INSERT": "adding", "UPDATE": "changing"}[verb]
        rule = f"CREATE POLICY {name} ON revocations AS RESTRICTIVE FOR {verb} TO holdfast_app {clause} ({_EDITABLE})"
        each({"postgresql": rule})


_ASSIGNED = (
    f"EXISTS (SELECT FROM workspace_members a WHERE a.tenant_id = {dialects.TENANT}"
    " AND a.workspace_id = c.workspace_id AND {condition})"
)
_MINE = _ASSIGNED.format(condition=f"a.user_id = {dialects.ACTOR} AND a.role = 'editor'")
_EDITABLE = (
    f"EXISTS (SELECT FROM connections c WHERE c.tenant_id = {dialects.TENANT} AND c.id = connection_id AND"
    f" ({dialects.REACH} = 'tenant' OR NOT {_ASSIGNED.format(condition='true')} OR {_MINE}))"
)
"""Of a connection in a workspace to which nobody is assigned, or the actor is, as its editor."""
