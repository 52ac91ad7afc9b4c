"""Server-side statements of migration 0025 that have no portable form."""

# Runs as the operator role because a policy would be asked twice for every word (three times as long); so the scope's
# right to the place is asked here once, by the same rules as the policies of lexical_index. Words go up in the order in
# which they come, so that two who count at the same place never wait for each other.
COUNT_LEXICAL = (
    """
CREATE FUNCTION count_lexical(
    p_purpose text, p_about uuid, p_level text, p_owner uuid, p_counts text, p_all uuid, p_length bigint
) RETURNS TABLE (told integer) LANGUAGE plpgsql SECURITY DEFINER SET search_path = holdfast, pg_catalog, pg_temp AS $$
DECLARE
    nobody constant uuid := '00000000-0000-0000-0000-000000000000';
    tenant uuid := nullif(current_setting('holdfast.tenant_id', true), '')::uuid;
    actor uuid := nullif(current_setting('holdfast.actor_id', true), '')::uuid;
    levels text := coalesce(current_setting('holdfast.levels', true), '');
    whole boolean := coalesce(current_setting('holdfast.reach', true) = 'tenant', false);
BEGIN
    IF tenant IS NULL
        OR NOT (p_level = '' OR strpos(levels, p_level) > 0)
        OR NOT coalesce(
            whole OR p_owner = actor OR (p_owner = nobody AND is_open_about(p_purpose, p_about, true)), false
        )
    THEN
        RAISE insufficient_privilege USING MESSAGE = 'words of this place are not the actor''s to count';
    END IF;
    INSERT INTO lexical_counts AS c (tenant_id, purpose, about, word, level, owner_id, items, length)
    SELECT tenant, p_purpose, p_about, w.key::uuid, p_level, p_owner, w.value::bigint,
        CASE WHEN w.key::uuid = p_all THEN p_length ELSE 0 END
    FROM json_each_text(p_counts::json) AS w
    ON CONFLICT (tenant_id, purpose, about, word, level, owner_id)
        DO UPDATE SET items = c.items + excluded.items, length = c.length + excluded.length;
    GET DIAGNOSTICS told = ROW_COUNT;
    DELETE FROM lexical_counts c
    WHERE c.tenant_id = tenant AND c.purpose = p_purpose AND c.about = p_about
        AND c.level = p_level AND c.owner_id = p_owner AND c.items <= 0
        AND c.word = ANY (ARRAY(
            SELECT w.key::uuid FROM json_each_text(p_counts::json) AS w WHERE w.value::bigint < 0
        ));
    RETURN NEXT;
END $$
""",
    "GRANT CREATE ON SCHEMA holdfast TO holdfast_operator",
    "ALTER FUNCTION count_lexical OWNER TO holdfast_operator",
    "REVOKE CREATE ON SCHEMA holdfast FROM holdfast_operator",
    "REVOKE EXECUTE ON FUNCTION count_lexical FROM PUBLIC",
    "GRANT EXECUTE ON FUNCTION count_lexical TO holdfast_app",
)
