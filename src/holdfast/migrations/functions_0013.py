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
        OR is_open_about(p_purpose, a.about, false)
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

# Whether words are open to the actor, or the actor's to change. It runs as the operator because it is asked for every
# row that is written: under row-level security each answer took 0.2 ms. It says no more than those tables' policies.
OPEN_WORDS = """
CREATE FUNCTION is_open_about(p_purpose text, p_about uuid, p_writing boolean)
RETURNS boolean LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = holdfast, pg_catalog, pg_temp AS $$
DECLARE
    tenant uuid := nullif(current_setting('holdfast.tenant_id', true), '')::uuid;
    actor uuid := nullif(current_setting('holdfast.actor_id', true), '')::uuid;
    place uuid;
    maker uuid;
BEGIN
    IF p_purpose = 'knowledge' THEN
        SELECT b.workspace_id, b.created_by INTO place, maker FROM knowledge_bases b
        WHERE b.tenant_id = tenant AND b.id = p_about;
        IF NOT FOUND OR (p_writing AND maker IS DISTINCT FROM actor) THEN
            RETURN false;
        ELSIF place IS NULL THEN
            RETURN true;
        END IF;
    ELSIF p_purpose = 'memory' THEN
        PERFORM FROM memberships m WHERE m.tenant_id = tenant AND m.user_id = actor AND m.role <> 'visitor';
        IF NOT FOUND THEN
            RETURN false;
        END IF;
        place := p_about;
    ELSE
        RETURN true;
    END IF;
    PERFORM FROM workspace_members a WHERE a.tenant_id = tenant AND a.workspace_id = place LIMIT 1;
    IF NOT FOUND THEN
        RETURN true;
    END IF;
    PERFORM FROM workspace_members a
    WHERE a.tenant_id = tenant AND a.workspace_id = place AND a.user_id = actor
        AND (NOT p_writing OR p_purpose = 'knowledge' OR a.role = 'editor');
    RETURN FOUND;
END $$
"""
OWNED = (
    "GRANT CREATE ON SCHEMA holdfast TO holdfast_operator",
    "ALTER FUNCTION is_open_about OWNER TO holdfast_operator",
    "REVOKE CREATE ON SCHEMA holdfast FROM holdfast_operator",
    "REVOKE EXECUTE ON FUNCTION is_open_about FROM PUBLIC",
    "GRANT EXECUTE ON FUNCTION is_open_about TO holdfast_app",
)
