"""Server-side statements of migration 0010 that have no portable form."""

LEXICAL_INDEX = """
CREATE TABLE lexical_index (
    number INTEGER PRIMARY KEY,
    tenant_id BLOB NOT NULL,
    item_id BLOB NOT NULL,
    purpose TEXT NOT NULL,
    about BLOB NOT NULL,
    level TEXT NOT NULL,
    owner_id BLOB NOT NULL,
    length INTEGER NOT NULL,
    words TEXT NOT NULL,
    UNIQUE (tenant_id, item_id)
)
"""

# Marks begin with a character of private use, hence Co.
LEXICAL_WORDS = (
    """
CREATE VIRTUAL TABLE lexical_index_words USING fts5(
    words, content='lexical_index', content_rowid='number', detail='none', columnsize=0,
    tokenize="unicode61 remove_diacritics 0 categories 'L* M* N* Co'"
)
""",
    "INSERT INTO lexical_index_words(lexical_index_words, rank) VALUES ('secure-delete', 1)",
    """
CREATE TRIGGER lexical_index_added AFTER INSERT ON lexical_index BEGIN
    INSERT INTO lexical_index_words(rowid, words) VALUES (new.number, new.words);
END
""",
    """
CREATE TRIGGER lexical_index_removed AFTER DELETE ON lexical_index BEGIN
    INSERT INTO lexical_index_words(lexical_index_words, rowid, words) VALUES ('delete', old.number, old.words);
END
""",
    """
CREATE TRIGGER lexical_index_changed AFTER UPDATE OF words ON lexical_index BEGIN
    INSERT INTO lexical_index_words(lexical_index_words, rowid, words) VALUES ('delete', old.number, old.words);
    INSERT INTO lexical_index_words(rowid, words) VALUES (new.number, new.words);
END
""",
)

# Full-text operators are not leakproof, so row-level security would keep them from using the index. This runs as the
# operator role and takes the tenant, the levels and a member's own confines from the scope's settings, never from an
# argument. The marks of where it may look are made here as core/database/text_match.py makes them for SQLite. Without
# sequential scans, because the planner takes a LIMIT for a promise that enough rows come soon.
SEARCH_LEXICAL = (
    """
CREATE FUNCTION search_lexical(p_purpose text, p_abouts text, p_wanted tsquery, p_most integer)
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
        chr(57344) || md5(concat_ws('/', tenant, p_purpose, a.value, l.level, o.owner_id)), ' | '
    )::tsquery INTO places
    FROM json_array_elements_text(p_abouts::json) AS a
    CROSS JOIN (SELECT '' AS level UNION ALL SELECT unnest(string_to_array(levels, NULL))) AS l
    CROSS JOIN (
        SELECT NULL::uuid AS owner_id WHERE whole
        UNION ALL SELECT '00000000-0000-0000-0000-000000000000'::uuid WHERE NOT whole
        UNION ALL SELECT actor WHERE NOT whole AND actor IS NOT NULL
    ) AS o
    WHERE tenant IS NOT NULL;
    RETURN QUERY EXECUTE $query$
        SELECT found.item_id, found.words
        FROM (
            SELECT i.tenant_id, i.item_id, i.level, i.words FROM lexical_index i
            WHERE i.words::tsvector @@ $1 LIMIT $2
        ) found
        WHERE found.tenant_id = $3 AND (found.level = '' OR strpos($4, found.level) > 0)
    $query$ USING places && p_wanted, p_most, tenant, levels;
END $$
""",
    "GRANT CREATE ON SCHEMA holdfast TO holdfast_operator",
    "ALTER FUNCTION search_lexical OWNER TO holdfast_operator",
    "REVOKE CREATE ON SCHEMA holdfast FROM holdfast_operator",
    "REVOKE EXECUTE ON FUNCTION search_lexical FROM PUBLIC",
    "GRANT EXECUTE ON FUNCTION search_lexical TO holdfast_app",
)
