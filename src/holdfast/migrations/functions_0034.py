"""Server-side statements of migration 0034 that have no portable form."""

# Up to 2,000 vectors are compared one by one, so that nothing is missed. Of more, an index over all of it is gone
# through, and what may not be seen passed over there, where a quarter of it may be seen; else the index of each group
# of one level (what is nobody's own, and what is somebody's). What has no index of its own is small, and is compared
# one by one; its ORDER BY is without the form that the index has, or the planner would take that of all. Where an index
# gives fewer than there are (what may be seen is far from the question), all are compared one by one: no answer is
# short. Index and group are literals in the text, because a parameter proves no predicate of a partial index. Sorting
# and reading whole tables is discouraged, because the planner takes tenant, index and level for independent.
#
# It runs as the operator role, and asks of what it is told what the policies ask, once; see migration 0029.
NEAREST_VECTORS = """
CREATE FUNCTION nearest_vectors(
    p_index uuid, p_vector vector, p_dimension integer, p_levels text[], p_owners uuid[], p_k integer,
    p_in_view integer
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
    in_view integer := least(1000, greatest(p_in_view, most));
    one text;
    held integer;
    total integer := 0;
    parts text[];
    scans text[];
    index_of text := 'near_' || replace(p_index::text, '-', '') || '_';
    kept text[];
    rows_of real[];
    every real;
    here real := 0;
    sizes real[];
    size real;
    group_of text;
    ids uuid[];
    nearness double precision[];
BEGIN
    IF NOT whole THEN
        owners := ARRAY(SELECT o FROM unnest(coalesce(p_owners, ARRAY[nobody, actor])) AS o WHERE o IN (nobody, actor));
        IF is_closed_vector_index(p_index) THEN
            owners := array_remove(owners, nobody);
        END IF;
    END IF;
    own := array_remove(owners, nobody);
    SELECT array_agg(substr(c.relname, length(index_of) + 1)), array_agg(greatest(c.reltuples, 0)) INTO kept, rows_of
    FROM pg_class c JOIN pg_index x ON x.indexrelid = c.oid
    WHERE c.relname >= index_of::name AND c.relname < (index_of || '~')::name
        AND x.indrelid = 'vectors'::regclass AND x.indisvalid;
    every := rows_of[array_position(kept, 'all')];
    FOREACH one IN ARRAY levels LOOP
        group_of := CASE one WHEN '' THEN 'open' ELSE lower(one) END;
        IF owners IS NULL OR nobody = ANY (owners) THEN
            size := rows_of[array_position(kept, group_of || '_common')];
            SELECT count(*) INTO held FROM (
                SELECT FROM vectors v
                WHERE v.tenant_id = tenant AND v.index_id = p_index AND v.level = one AND v.owner_id = nobody
                LIMIT greatest(1, few + 1 - CASE WHEN size IS NULL AND every IS NOT NULL THEN 0 ELSE total END)
            ) AS v;
            total := total + held;
            IF held > 0 THEN
                parts := parts || format('level = %L AND owner_id = %L', one, nobody);
                sizes := sizes || size;
                here := here + coalesce(size, CASE WHEN held > few THEN every ELSE held END);
            END IF;
        END IF;
        IF owners IS NULL THEN
            size := rows_of[array_position(kept, group_of || '_owned')];
            SELECT count(*) INTO held FROM (
                SELECT FROM vectors v
                WHERE v.tenant_id = tenant AND v.index_id = p_index AND v.level = one AND v.owner_id > nobody
                LIMIT greatest(1, few + 1 - CASE WHEN size IS NULL AND every IS NOT NULL THEN 0 ELSE total END)
            ) AS v;
            total := total + held;
            IF held > 0 THEN
                parts := parts || format('level = %L AND owner_id > %L', one, nobody);
                sizes := sizes || size;
                here := here + coalesce(size, CASE WHEN held > few THEN every ELSE held END);
            END IF;
        ELSIF cardinality(own) > 0 THEN
            size := rows_of[array_position(kept, group_of || '_owned')];
            SELECT count(*) INTO held FROM (
                SELECT FROM vectors v
                WHERE v.tenant_id = tenant AND v.index_id = p_index AND v.level = one AND v.owner_id = ANY (own)
                LIMIT greatest(1, few + 1 - CASE WHEN size IS NULL AND every IS NOT NULL THEN 0 ELSE total END)
            ) AS v;
            total := total + held;
            IF held > 0 THEN
                parts := parts || format('level = %L AND owner_id = ANY ($4)', one);
                sizes := sizes || size;
                here := here + coalesce(size, CASE WHEN held > few THEN every ELSE held END);
            END IF;
        END IF;
    END LOOP;
    IF total = 0 THEN
        RETURN;
    END IF;
    IF total > few THEN
        IF coalesce(here < every / 4 OR here >= every * 0.9, true) THEN  -- nothing, or next to nothing, to pass over
            in_view := greatest(in_view * 2 / 3, least(1000, most));
        END IF;
        PERFORM set_config('hnsw.iterative_scan', 'strict_order', true),
                set_config('hnsw.ef_search', in_view::text, true);
        IF coalesce(here < every / 4, true) THEN
            FOR n IN 1 .. cardinality(parts) LOOP
                scans := scans || format(
                    '(SELECT item_id, embedding FROM vectors WHERE tenant_id = $1 AND index_id = %L AND %s'
                    ' ORDER BY %s LIMIT $3)', p_index, parts[n], CASE WHEN sizes[n] IS NULL AND every IS NOT NULL
                    THEN 'embedding <#> $2' ELSE format('(embedding::%s(%s)) <#> $2::%1$s(%2$s)', form, p_dimension) END
                );
            END LOOP;
        ELSE
            scans := ARRAY[format(
                '(SELECT item_id, embedding FROM vectors WHERE tenant_id = $1 AND index_id = %L'
                ' AND level = ANY ($6) AND ($7 IS NULL OR owner_id = ANY ($7))'
                ' ORDER BY (embedding::%s(%s)) <#> $2::%2$s(%3$s) LIMIT $3)', p_index, form, p_dimension
            )];
        END IF;
        EXECUTE
            'SELECT array_agg(b.item_id), array_agg(b.near) FROM ('
            'SELECT f.item_id, greatest(-1, least(1, -(f.embedding <#> $2))) AS near FROM ('
            || array_to_string(scans, ' UNION ALL ')
            || ') AS f ORDER BY 2 DESC, 1 LIMIT $5) AS b'
        INTO ids, nearness USING tenant, p_vector, most, own, p_k, levels, owners;
        IF cardinality(ids) >= p_k THEN
            RETURN QUERY SELECT * FROM unnest(ids, nearness);
            RETURN;
        END IF;
    END IF;
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
END $$
"""

OWNED = (
    "GRANT CREATE ON SCHEMA holdfast TO holdfast_operator",
    "ALTER FUNCTION nearest_vectors OWNER TO holdfast_operator",
    "REVOKE CREATE ON SCHEMA holdfast FROM holdfast_operator",
    "REVOKE EXECUTE ON FUNCTION nearest_vectors FROM PUBLIC",
    "GRANT EXECUTE ON FUNCTION nearest_vectors TO holdfast_app",
)
