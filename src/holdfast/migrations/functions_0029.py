"""Server-side statements of migration 0029 that have no portable form."""

# Of one index what closed_vector_indexes() says of all: a tenant has as many as people have messages with vectors.
IS_CLOSED = """
CREATE FUNCTION is_closed_vector_index(p_index uuid) RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = holdfast, pg_catalog, pg_temp AS $$
DECLARE
    tenant uuid := nullif(current_setting('holdfast.tenant_id', true), '')::uuid;
    actor uuid := nullif(current_setting('holdfast.actor_id', true), '')::uuid;
    of text;
    workspace uuid;
BEGIN
    SELECT i.purpose, CASE i.purpose WHEN 'memory' THEN i.about WHEN 'knowledge' THEN b.workspace_id END
    INTO of, workspace
    FROM vector_indexes i LEFT JOIN knowledge_bases b ON b.tenant_id = i.tenant_id AND b.id = i.about
    WHERE i.tenant_id = tenant AND i.id = p_index;
    IF workspace IS NULL THEN
        RETURN false;
    END IF;
    RETURN coalesce((
        SELECT NOT bool_or(a.user_id IS NOT DISTINCT FROM actor) FROM workspace_members a
        WHERE a.tenant_id = tenant AND a.workspace_id = workspace
    ), false) OR (
        of = 'memory'
        AND EXISTS (SELECT FROM workspaces w WHERE w.tenant_id = tenant AND w.id = workspace)
        AND NOT EXISTS (
            SELECT FROM memberships m WHERE m.tenant_id = tenant AND m.user_id = actor AND m.role <> 'visitor'
        )
    );
END $$
"""

# Few vectors are compared one by one, so that nothing is missed; of many, each group of one level (what is nobody's
# own, and what is somebody's) is searched by itself, through an index of that group where there is one
# (core/database/postgres_vectors.py). So no search through such an index is filtered afterwards: filtered, it misses
# most of what it should find, and comes short. Index and group are literals in the text, because a parameter proves
# no predicate of a partial index. Sorting and reading whole tables is discouraged, because the planner takes tenant,
# index and level for independent, and knows no sizes of any of them.
#
# It runs as the operator role: a policy would be asked for each group and each count, half a millisecond each time.
# So it asks the same of what it is told itself, once: the tenant is the scope's, levels are those it is cleared for,
# owners are the actor and nobody unless the scope reaches the tenant, and what is nobody's own in a closed index is
# left out.
NEAREST_VECTORS = """
CREATE FUNCTION nearest_vectors(
    p_index uuid, p_vector vector, p_dimension integer, p_levels text[], p_owners uuid[], p_k integer
)
RETURNS TABLE (item_id uuid, similarity double precision) LANGUAGE plpgsql
SECURITY DEFINER SET search_path = holdfast, public, pg_catalog, pg_temp
SET enable_sort = off SET enable_seqscan = off SET enable_bitmapscan = off AS $$
#variable_conflict use_column
DECLARE
    few CONSTANT integer := 2000;
    nobody CONSTANT uuid := '00000000-0000-0000-0000-000000000000';
    tenant uuid := nullif(current_setting('holdfast.tenant_id', true), '')::uuid;
    actor uuid := nullif(current_setting('holdfast.actor_id', true), '')::uuid;
    cleared text := coalesce(current_setting('holdfast.levels', true), '');
    whole boolean := coalesce(current_setting('holdfast.reach', true) = 'tenant', false);
    levels text[] := ARRAY(SELECT l FROM unnest(p_levels) AS l WHERE l = '' OR strpos(cleared, l) > 0);
    owners uuid[] := p_owners;
    own uuid[];
    form text := CASE WHEN p_dimension <= 2000 THEN 'vector' ELSE 'halfvec' END;
    most integer := CASE WHEN p_dimension <= 2000 THEN p_k ELSE 2 * p_k + 10 END;
    one text;
    held integer;
    total integer := 0;
    parts text[];
BEGIN
    IF NOT whole THEN
        owners := ARRAY(SELECT o FROM unnest(coalesce(p_owners, ARRAY[nobody, actor])) AS o WHERE o IN (nobody, actor));
        IF is_closed_vector_index(p_index) THEN
            owners := array_remove(owners, nobody);
        END IF;
    END IF;
    own := array_remove(owners, nobody);
    FOREACH one IN ARRAY levels LOOP
        IF owners IS NULL OR nobody = ANY (owners) THEN
            SELECT count(*) INTO held FROM (
                SELECT FROM vectors v
                WHERE v.tenant_id = tenant AND v.index_id = p_index AND v.level = one AND v.owner_id = nobody
                LIMIT greatest(1, few + 1 - total)
            ) AS v;
            total := total + held;
            parts := parts || CASE WHEN held > 0 THEN format('level = %L AND owner_id = %L', one, nobody) END;
        END IF;
        IF owners IS NULL THEN
            SELECT count(*) INTO held FROM (
                SELECT FROM vectors v
                WHERE v.tenant_id = tenant AND v.index_id = p_index AND v.level = one AND v.owner_id > nobody
                LIMIT greatest(1, few + 1 - total)
            ) AS v;
            total := total + held;
            parts := parts || CASE WHEN held > 0 THEN format('level = %L AND owner_id > %L', one, nobody) END;
        ELSIF cardinality(own) > 0 THEN
            SELECT count(*) INTO held FROM (
                SELECT FROM vectors v
                WHERE v.tenant_id = tenant AND v.index_id = p_index AND v.level = one AND v.owner_id = ANY (own)
                LIMIT greatest(1, few + 1 - total)
            ) AS v;
            total := total + held;
            parts := parts || CASE WHEN held > 0 THEN format('level = %L AND owner_id = ANY ($4)', one) END;
        END IF;
    END LOOP;
    parts := array_remove(parts, NULL);
    IF total = 0 THEN
        RETURN;
    ELSIF total <= few THEN
        RETURN QUERY EXECUTE
            'WITH every AS MATERIALIZED ('
            || (
                SELECT string_agg(
                    format(
                        'SELECT item_id, -(embedding <#> $2) AS similarity FROM vectors'
                        ' WHERE tenant_id = $1 AND index_id = %L AND %s', p_index, part
                    ),
                    ' UNION ALL '
                )
                FROM unnest(parts) AS part
            )
            || ') SELECT e.item_id, greatest(-1, least(1, e.similarity)) FROM every e ORDER BY 2 DESC, 1 LIMIT $3'
        USING tenant, p_vector, p_k, own;
        RETURN;
    END IF;
    PERFORM set_config('hnsw.iterative_scan', 'strict_order', true),
            set_config('hnsw.ef_search', least(1000, greatest(64, 2 * most))::text, true);
    RETURN QUERY EXECUTE
        'SELECT f.item_id, greatest(-1, least(1, -(f.embedding <#> $2))) FROM ('
        || (
            SELECT string_agg(
                format(
                    '(SELECT item_id, embedding FROM vectors WHERE tenant_id = $1 AND index_id = %L AND %s'
                    ' ORDER BY (embedding::%s(%s)) <#> $2::%3$s(%4$s) LIMIT $3)', p_index, part, form, p_dimension
                ),
                ' UNION ALL '
            )
            FROM unnest(parts) AS part
        )
        || ') AS f ORDER BY 2 DESC, 1 LIMIT $5'
    USING tenant, p_vector, most, own, p_k;
END $$
"""
OWNED = (
    "GRANT CREATE ON SCHEMA holdfast TO holdfast_operator",
    *(f"ALTER FUNCTION {name} OWNER TO holdfast_operator" for name in ("is_closed_vector_index", "nearest_vectors")),
    "REVOKE CREATE ON SCHEMA holdfast FROM holdfast_operator",
    "REVOKE EXECUTE ON FUNCTION is_closed_vector_index FROM PUBLIC",
    "REVOKE EXECUTE ON FUNCTION nearest_vectors FROM PUBLIC",
    "GRANT EXECUTE ON FUNCTION nearest_vectors TO holdfast_app",
)
