"""The policies that a context meets let through what they let through before, for less of the server's time.

Of what may be read alone: what is written meets the same checks as before.
"""

from holdfast.migrations import functions_0036
from holdfast.migrations.dialects import ACTOR, OF_TENANT, REACH, each

revision = "0036"
down_revision = "0034"
branch_labels = None
depends_on = None

_OPEN = "workspace_id <> ALL ((SELECT closed_workspaces())::uuid[])"

_READABLE = {
    "facts": (
        f"owner_id = {ACTOR} OR {REACH} = 'tenant'"
        f" OR (workspace_id IS NOT NULL AND (SELECT is_colleague()) AND {_OPEN})"
    ),
    "knowledge_bases": f"workspace_id IS NULL OR {REACH} = 'tenant' OR {_OPEN}",
    "summaries": (
        "EXISTS (SELECT FROM conversations c"
        " WHERE c.tenant_id = summaries.tenant_id AND c.id = summaries.conversation_id OFFSET 0)"
    ),
}
"""Besides being of the tenant. OFFSET 0: looked up by its key; without it the server reads all of the actor's
conversations into memory to find one, by a plan from when there were few.
"""


def upgrade() -> None:
    for function in (functions_0036.CLOSED_WORKSPACES, functions_0036.IS_COLLEAGUE, *functions_0036.GRANTS):
        each({"postgresql": function})
    for table, rule in _READABLE.items():
        each({"postgresql": f"ALTER POLICY scope ON {table} USING ({OF_TENANT} AND ({rule}))"})
