"""Server-side statements of migration 0022 that have no portable form."""

NIL = "'00000000-0000-0000-0000-000000000000'::uuid"

# The indexes whose vectors, where they are nobody's own, are closed to the actor: of knowledge and of memory in a
# workspace that is assigned to others; and of memory in any workspace, to a visitor. Asked once a statement, and only
# where a vector is nobody's own. It runs as the operator because under row-level security each answer takes longer than
# the search; it says no more than those tables' policies.
CLOSED_INDEXES = """
CREATE FUNCTION closed_vector_indexes() RETURNS uuid[]
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = holdfast, pg_catalog, pg_temp AS $$
    WITH asker AS (
        SELECT nullif(current_setting('holdfast.tenant_id', true), '')::uuid AS tenant,
            nullif(current_setting('holdfast.actor_id', true), '')::uuid AS actor
    ),
    closed AS (
        SELECT a.workspace_id FROM workspace_members a, asker
        WHERE a.tenant_id = asker.tenant
        GROUP BY a.workspace_id HAVING NOT bool_or(a.user_id IS NOT DISTINCT FROM (SELECT actor FROM asker))
    )
    SELECT coalesce(array_agg(i.id), '{}') FROM asker, vector_indexes i
    LEFT JOIN knowledge_bases b ON i.purpose = 'knowledge' AND b.tenant_id = i.tenant_id AND b.id = i.about
    WHERE i.tenant_id = asker.tenant AND (
        (i.purpose = 'knowledge' AND b.workspace_id IN (SELECT workspace_id FROM closed))
        OR (i.purpose = 'memory' AND i.about IN (SELECT workspace_id FROM closed))
        OR (
            i.purpose = 'memory'
            AND EXISTS (SELECT FROM workspaces w WHERE w.tenant_id = i.tenant_id AND w.id = i.about)
            AND NOT EXISTS (
                SELECT FROM memberships m
                WHERE m.tenant_id = i.tenant_id AND m.user_id = asker.actor AND m.role <> 'visitor'
            )
        )
    )
$$
"""
OWNED = (
    "GRANT CREATE ON SCHEMA holdfast TO holdfast_operator",
    "ALTER FUNCTION closed_vector_indexes OWNER TO holdfast_operator",
    "REVOKE CREATE ON SCHEMA holdfast FROM holdfast_operator",
    "REVOKE EXECUTE ON FUNCTION closed_vector_indexes FROM PUBLIC",
    "GRANT EXECUTE ON FUNCTION closed_vector_indexes TO holdfast_app",
)
