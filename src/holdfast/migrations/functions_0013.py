"""Server-side statements of migration 0013 that have no portable form."""

# As in 0010, but for what it is asked to look at: of that, only what is open to the actor. It runs as the operator, so
# no policy says so, and what it is asked comes from whoever calls it.
SEARCH_LEXICAL = """
CREATE OR REPLACE FUNCTION search_lexical(p_purpose text, p_abouts text, p_wanted tsquery, p_most integer)
RETURNS TABLE (item_id uuid, words text)
LANGUAGE plpgsql STABLE ROWS 1000 SECURITY DEFINER
SET search_path = holdfast, pg_catalog, pg_temp SET enable_seqscan = off SET work_mem = '64MB' AS $$
DECLARE
    tenant uuid := nullif(current_setting('holdfast.tenant_id', true), '')::uuid;
    actor uuid := nullif(current_setting('holdfast.actor_id', true), '')::uuid;
    levels text := coalesce(current_setting('holdfast.levels', true), '');
    whole boolean := coalesce(current_setting('holdfast.reach', true) = 'tenant', false);
    places tsquery;
BEGIN
    SELECT string_agg(
        chr(57344) || md5(concat_ws('/', tenant, p_purpose, a.about, l.level, o.owner_id)), ' | '
    )::tsquery INTO places
    FROM (SELECT value::uuid AS about FROM json_array_elements_text(p_abouts::json)) AS a
    CROSS JOIN (SELECT '' AS level UNION ALL SELECT unnest(string_to_array(levels, NULL))) AS l
    CROSS JOIN (
        SELECT NULL::uuid AS owner_id WHERE whole
        UNION ALL SELECT '00000000-0000-0000-0000-000000000000'::uuid WHERE NOT whole
        UNION ALL SELECT actor WHERE NOT whole AND actor IS NOT NULL
    ) AS o
    WHERE tenant IS NOT NULL AND (
        whole OR o.owner_id = actor
        OR CASE p_purpose
            WHEN 'knowledge' THEN EXISTS (
                SELECT FROM knowledge_bases b
                WHERE b.tenant_id = tenant AND b.id = a.about
                    AND (b.workspace_id IS NULL OR is_open_workspace(tenant, actor, b.workspace_id))
            )
            WHEN 'memory' THEN is_open_workspace(tenant, actor, a.about) AND EXISTS (
                SELECT FROM memberships m WHERE m.tenant_id = tenant AND m.user_id = actor AND m.role <> 'visitor'
            )
            ELSE true
        END
    );
    RETURN QUERY EXECUTE $query$
        SELECT found.item_id, found.words
        FROM (
            SELECT i.tenant_id, i.item_id, i.level, i.words FROM lexical_index i
            WHERE i.words::tsvector @@ $1 LIMIT $2
        ) found
        WHERE found.tenant_id = $3 AND (found.level = '' OR strpos($4, found.level) > 0)
    $query$ USING places && p_wanted, p_most, tenant, levels;
END $$
"""

# With the rights of whoever calls it: a policy, or a function of the operator's.
OPEN_WORKSPACE = """
CREATE FUNCTION is_open_workspace(p_tenant uuid, p_actor uuid, p_workspace uuid, p_role text DEFAULT NULL)
RETURNS boolean LANGUAGE sql STABLE SET search_path = holdfast, pg_catalog, pg_temp AS $$
    SELECT NOT EXISTS (
        SELECT FROM workspace_members a WHERE a.tenant_id = p_tenant AND a.workspace_id = p_workspace
    ) OR EXISTS (
        SELECT FROM workspace_members a
        WHERE a.tenant_id = p_tenant AND a.workspace_id = p_workspace AND a.user_id = p_actor
            AND (p_role IS NULL OR a.role = p_role)
    )
$$
"""
