"""Server-side statements of migration 0009 that have no portable form."""

NIL = "'00000000-0000-0000-0000-000000000000'::uuid"

# The owner of a database may create it; it is in `public`, where every role finds it.
EXTENSION = "CREATE EXTENSION IF NOT EXISTS vector SCHEMA public"

# Runs with the caller's rights, under row-level security. Few vectors are compared one by one, so that nothing is
# missed; of many, each group of one level (what is nobody's own, and what is somebody's) is searched by itself, through
# an index of that group where there is one (core/database/postgres_vectors.py). So no search through such an index is
# filtered afterwards: filtered, it misses most of what it should find, and comes short. Index and group are literals in
# the text, because a parameter proves no predicate of a partial index. Sorting and reading whole tables is discouraged,
# because the planner takes tenant, index and level for independent, and knows no sizes of any of them.
NEAREST_VECTORS = f"""
CREATE FUNCTION nearest_vectors(
    p_index uuid, p_vector vector, p_dimension integer, p_levels text[], p_owners uuid[], p_k integer
)
RETURNS TABLE (item_id uuid, similarity double precision) LANGUAGE plpgsql
SET enable_sort = off SET enable_seqscan = off SET enable_bitmapscan = off AS $$
#variable_conflict use_column
DECLARE
    few CONSTANT integer := 2000;
    tenant uuid := nullif(current_setting('holdfast.tenant_id', true), '')::uuid;
    cleared text := current_setting('holdfast.levels', true);
    owners uuid[] := p_owners;
    levels text[] := ARRAY(SELECT l FROM unnest(p_levels) AS l WHERE l = '' OR strpos(cleared, l) > 0);
    form text := CASE WHEN p_dimension <= 2000 THEN 'vector' ELSE 'halfvec' END;
    most integer := CASE WHEN p_dimension <= 2000 THEN p_k ELSE 2 * p_k + 10 END;
    one text;
    parts text[];
BEGIN
    IF owners IS NULL AND current_setting('holdfast.reach', true) IS DISTINCT FROM 'tenant' THEN
        owners := ARRAY[{NIL}, nullif(current_setting('holdfast.actor_id', true), '')::uuid];
    END IF;
    IF owners IS NULL THEN
        PERFORM FROM vectors v
        WHERE v.tenant_id = tenant AND v.index_id = p_index AND v.level = ANY (levels)
        OFFSET few LIMIT 1;
        IF NOT FOUND THEN
            RETURN QUERY
            WITH every AS MATERIALIZED (
                SELECT v.item_id, -(v.embedding <#> p_vector) AS similarity FROM vectors v
                WHERE v.tenant_id = tenant AND v.index_id = p_index AND v.level = ANY (levels)
            )
            SELECT e.item_id, greatest(-1, least(1, e.similarity)) FROM every e ORDER BY 2 DESC, 1 LIMIT p_k;
            RETURN;
        END IF;
    ELSE
        PERFORM FROM vectors v
        WHERE v.tenant_id = tenant AND v.index_id = p_index AND v.level = ANY (levels) AND v.owner_id = ANY (owners)
        OFFSET few LIMIT 1;
        IF NOT FOUND THEN
            RETURN QUERY
            WITH every AS MATERIALIZED (
                SELECT v.item_id, -(v.embedding <#> p_vector) AS similarity FROM vectors v
                WHERE v.tenant_id = tenant AND v.index_id = p_index AND v.level = ANY (levels)
                    AND v.owner_id = ANY (owners)
            )
            SELECT e.item_id, greatest(-1, least(1, e.similarity)) FROM every e ORDER BY 2 DESC, 1 LIMIT p_k;
            RETURN;
        END IF;
    END IF;
    FOREACH one IN ARRAY levels LOOP
        IF EXISTS (
            SELECT FROM vectors v
            WHERE v.tenant_id = tenant AND v.index_id = p_index AND v.level = one AND v.owner_id = {NIL}
        ) THEN
            parts := parts || format('level = %L AND owner_id = %L', one, {NIL});
        END IF;
        IF EXISTS (
            SELECT FROM vectors v
            WHERE v.tenant_id = tenant AND v.index_id = p_index AND v.level = one AND v.owner_id > {NIL}
        ) THEN
            parts := parts || CASE
                WHEN owners IS NULL THEN format('level = %L AND owner_id > %L', one, {NIL})
                ELSE format('level = %L AND owner_id = ANY ($4) AND owner_id <> %L', one, {NIL})
            END;
        END IF;
    END LOOP;
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
    USING tenant, p_vector, most, owners, p_k;
END $$
"""
