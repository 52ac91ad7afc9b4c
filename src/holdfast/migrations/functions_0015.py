"""Server-side statements of migration 0015 that have no portable form."""

# As in 0013, with one room more: the words of private configurations are in a place of their own, the configuration's;
# those of the others are open to every member.
OPEN_WORDS = """
CREATE OR REPLACE FUNCTION is_open_about(p_purpose text, p_about uuid, p_writing boolean)
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
    ELSIF p_purpose IN ('memory', 'configurations') THEN
        PERFORM FROM memberships m WHERE m.tenant_id = tenant AND m.user_id = actor AND m.role <> 'visitor';
        IF NOT FOUND THEN
            RETURN false;
        END IF;
        IF p_purpose = 'configurations' THEN
            IF p_about = '00000000-0000-0000-0000-000000000000' THEN
                RETURN true;
            END IF;
            PERFORM FROM configurations c WHERE c.tenant_id = tenant AND c.id = p_about AND (
                c.owner_id = actor OR EXISTS (
                    SELECT FROM configuration_shares s WHERE s.tenant_id = tenant AND s.configuration_id = p_about
                        AND s.user_id = actor AND (NOT p_writing OR s.level = 'edit')
                )
            );
            RETURN FOUND;
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
