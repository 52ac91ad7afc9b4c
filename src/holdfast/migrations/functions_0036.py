"""Server-side statements of migration 0036 that have no portable form."""

# What is closed to the actor of the tenant's workspaces: those that somebody is assigned to, and the actor is not.
# Asked once a statement, and only where it meets a row of a workspace: as subqueries of a policy the same questions
# were prepared by the server for every statement, met or not, which took longer than most reads. Each runs with the
# caller's rights, held by row-level security itself, and finds only what the schema holds whatever path the caller set.
CLOSED_WORKSPACES = """
CREATE FUNCTION closed_workspaces() RETURNS uuid[]
LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = holdfast, pg_catalog, pg_temp AS $$
DECLARE
    asker_tenant uuid := nullif(current_setting('holdfast.tenant_id', true), '')::uuid;
    asker uuid := nullif(current_setting('holdfast.actor_id', true), '')::uuid;
BEGIN
    RETURN ARRAY(
        SELECT a.workspace_id FROM workspace_members a
        WHERE a.tenant_id = asker_tenant
        GROUP BY a.workspace_id HAVING NOT bool_or(a.user_id IS NOT DISTINCT FROM asker)
    );
END
$$
"""

# Whether the actor is of the tenant and no visitor.
IS_COLLEAGUE = """
CREATE FUNCTION is_colleague() RETURNS boolean
LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = holdfast, pg_catalog, pg_temp AS $$
BEGIN
    RETURN EXISTS (
        SELECT FROM memberships m
        WHERE m.tenant_id = nullif(current_setting('holdfast.tenant_id', true), '')::uuid
        AND m.user_id = nullif(current_setting('holdfast.actor_id', true), '')::uuid AND m.role <> 'visitor'
    );
END
$$
"""

GRANTS = (
    "REVOKE EXECUTE ON FUNCTION closed_workspaces, is_colleague FROM PUBLIC",
    "GRANT EXECUTE ON FUNCTION closed_workspaces, is_colleague TO holdfast_app",
)
