"""Server-side statements of migration 0041 that have no portable form."""

# As migration 0034 says, with less around the search. Plans of what it asks are kept: the planner would make each of
# them anew for every call, which took longer than asking. Groups that have an index of their own are as large as the
# server believes that index to be; what may be seen is counted only as far as it takes to know that it is many.
# A scan of an index over all keeps half of it in view only where there is nothing to pass over: groups too large for
# an index of their own are counted to 2,000, which says nothing of how much else there is, so that is asked.
NEAREST_VECTORS = """
CREATE FUNCTION nearest_vectors(
    p_index uuid, p_vector vector, p_dimension integer, p_levels text[], p_owners uuid[], p_k integer,
    p_in_view integer
)
RETURNS TABLE (item_id uuid, similarity double precision) LANGUAGE plpgsql
SECURITY DEFINER SET search_path = holdfast, public, pg_catalog, pg_temp
SET enable_sort = off SET enable_seqscan = off SET enable_bitmapscan = off
SET plan_cache_mode = force_generic_plan AS $$
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
    common boolean;
    held integer;
    total integer := 0;
    large boolean := false;
    parts text[];
    scans text[];
    index_of text := 'near_' || replace(p_index::text, '-', '') || '_';
    kept text[];
    rows_of real[];
    every real;
    here real := 0;
    sizes real[];
    size real;
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
    FOR one, common IN
        SELECT l, c FROM unnest(levels) AS l CROSS JOIN unnest(ARRAY[true, false]) AS c
        WHERE owners IS NULL OR CASE WHEN c THEN nobody = ANY (owners) ELSE cardinality(own) > 0 END
    LOOP
        size := rows_of[array_position(
            kept, CASE one WHEN '' THEN 'open' ELSE lower(one) END || CASE WHEN common THEN '_common' ELSE '_owned' END
        )];
        IF large THEN
            held := 1;  -- whatever there is
        ELSIF size > 2 * few AND (common OR owners IS NULL) THEN
            held := size;
        ELSIF common THEN
            SELECT count(*) INTO held FROM (
                SELECT FROM vectors v
                WHERE v.tenant_id = tenant AND v.index_id = p_index AND v.level = one AND v.owner_id = nobody
                LIMIT greatest(1, few + 1 - CASE WHEN size IS NULL AND every IS NOT NULL THEN 0 ELSE total END)
            ) AS v;
        ELSIF owners IS NULL THEN
            SELECT count(*) INTO held FROM (
                SELECT FROM vectors v
                WHERE v.tenant_id = tenant AND v.index_id = p_index AND v.level = one AND v.owner_id > nobody
                LIMIT greatest(1, few + 1 - CASE WHEN size IS NULL AND every IS NOT NULL THEN 0 ELSE total END)
            ) AS v;
        ELSE
            SELECT count(*) INTO held FROM (
                SELECT FROM vectors v
                WHERE v.tenant_id = tenant AND v.index_id = p_index AND v.level = one AND v.owner_id = ANY (own)
                LIMIT greatest(1, few + 1 - CASE WHEN size IS NULL AND every IS NOT NULL THEN 0 ELSE total END)
            ) AS v;
        END IF;
        total := total + held;
        IF held > 0 THEN
            parts := parts || CASE
                WHEN common THEN format('level = %L AND owner_id = %L', one, nobody)
                WHEN owners IS NULL THEN format('level = %L AND owner_id > %L', one, nobody)
                ELSE format('level = %L AND owner_id = ANY ($4)', one)
            END;
            sizes := sizes || size;
            here := here + coalesce(size, CASE WHEN held > few THEN every ELSE held END);
            large := coalesce(large OR (held > few AND size IS NULL AND every IS NOT NULL), false);
        END IF;
    END LOOP;
    IF total = 0 THEN
        RETURN;
    END IF;
    IF total > few THEN
        IF coalesce(here < every / 4, true) THEN
            in_view := greatest(in_view / 2, least(1000, most));
            FOR n IN 1 .. cardinality(parts) LOOP
                scans := scans || format(
                    '(SELECT item_id, embedding FROM vectors WHERE tenant_id = $1 AND index_id = %L AND %s'
                    ' ORDER BY %s LIMIT $3)', p_index, parts[n], CASE WHEN sizes[n] IS NULL AND every IS NOT NULL
                    THEN 'embedding <#> $2' ELSE format('(embedding::%s(%s)) <#> $2::%1$s(%2$s)', form, p_dimension) END
                );
            END LOOP;
        ELSE
            IF NOT EXISTS (
                SELECT FROM unnest(ARRAY['', 'S', 'A', 'B', 'C', 'D']) AS l
                WHERE l <> ALL (levels) AND EXISTS (
                    SELECT FROM vectors v WHERE v.tenant_id = tenant AND v.index_id = p_index AND v.level = l
                )
            ) AND (owners IS NULL OR NOT EXISTS (
                SELECT FROM unnest(levels) AS l CROSS JOIN LATERAL (
                    (SELECT v.owner_id FROM vectors v WHERE v.tenant_id = tenant AND v.index_id = p_index
                        AND v.level = l AND v.owner_id > nobody ORDER BY v.owner_id LIMIT 1)
                    UNION ALL
                    (SELECT v.owner_id FROM vectors v WHERE v.tenant_id = tenant AND v.index_id = p_index
                        AND v.level = l ORDER BY v.owner_id DESC LIMIT 1)
                ) AS ends WHERE ends.owner_id <> ALL (owners)
            )) THEN
                in_view := greatest(in_view / 2, least(1000, most));
            END IF;
            scans := ARRAY[format(
                '(SELECT item_id, embedding FROM vectors WHERE tenant_id = $1 AND index_id = %L'
                ' AND level = ANY ($6) AND ($7 IS NULL OR owner_id = ANY ($7))'
                ' ORDER BY (embedding::%s(%s)) <#> $2::%2$s(%3$s) LIMIT $3)', p_index, form, p_dimension
            )];
        END IF;
        PERFORM set_config('hnsw.iterative_scan', 'strict_order', true),
                set_config('hnsw.ef_search', in_view::text, true);
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
