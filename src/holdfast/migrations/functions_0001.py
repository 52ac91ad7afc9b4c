"""Server-side statements of migration 0001 that have no portable form."""

REFUSE_CHANGE = """
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '%', TG_ARGV[0] USING ERRCODE = 'integrity_constraint_violation';
END $$
"""

MESSAGE_INDEX = """
CREATE VIRTUAL TABLE message_index USING fts5(
    tenant_id UNINDEXED, message_id UNINDEXED, marks, body,
    content='', contentless_unindexed=1, contentless_delete=1,
    tokenize="unicode61 remove_diacritics 0 categories 'L* M* N* Co'"
)
"""

# One round trip: sets the scope (so that row-level security holds it), takes the conversation's row lock, gives
# the next seq, links the hash chain and notes the conversation for the search index. Runs with the caller's rights.
APPEND_MESSAGE = """
CREATE FUNCTION append_message(
    p_tenant_id uuid, p_actor_id uuid, p_reach text, p_conversation_id uuid, p_id uuid, p_role text,
    p_content text, p_parts json, p_metadata json, p_request_id text, p_created_at timestamptz,
    p_salt bytea, p_digest bytea,
    OUT outcome text, OUT id uuid, OUT seq integer, OUT content text, OUT parts json, OUT metadata json,
    OUT created_at timestamptz, OUT digest bytea, OUT previous bytea
) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    was_indexed boolean;
BEGIN
    PERFORM set_config('holdfast.tenant_id', p_tenant_id::text, true),
            set_config('holdfast.actor_id', p_actor_id::text, true),
            set_config('holdfast.reach', p_reach, true);

    IF p_request_id IS NOT NULL THEN
        -- Whoever appends under the same request id just now is waited for.
        PERFORM FROM conversations c
        WHERE c.tenant_id = p_tenant_id AND c.id = p_conversation_id AND c.owner_id = p_actor_id
          AND c.status <> 'DELETED'
        FOR UPDATE;
        IF NOT FOUND THEN
            outcome := 'DELETED';
            RETURN;
        END IF;
        SELECT 'REPLAYED', m.id, m.seq, m.content, m.parts, m.metadata, m.created_at, m.digest, m.previous
        INTO outcome, id, seq, content, parts, metadata, created_at, digest, previous
        FROM messages m
        WHERE m.tenant_id = p_tenant_id AND m.conversation_id = p_conversation_id
          AND m.request_id = p_request_id AND m.role = p_role AND m.owner_id = p_actor_id;
        IF FOUND THEN
            RETURN;
        END IF;
    END IF;

    LOOP
        UPDATE conversations c
        SET message_count = c.message_count + 1,
            last_message_at = greatest(p_created_at, c.last_message_at),
            active_at = greatest(p_created_at, c.last_message_at),
            previous_head = c.head,
            head = sha256(
                c.head || int8send(c.message_count + 1) || uuid_send(p_id) || convert_to(p_role, 'UTF8') || '\\x00'
                || int8send((extract(epoch FROM greatest(p_created_at, c.last_message_at)) * 1000000)::bigint)
                || p_digest
            )
        WHERE c.tenant_id = p_tenant_id AND c.id = p_conversation_id AND c.owner_id = p_actor_id
          AND c.status = 'ACTIVE'
        RETURNING c.status, p_id, c.message_count, c.last_message_at, p_digest, c.previous_head,
                  c.indexed_through = c.message_count - 1
        INTO outcome, id, seq, created_at, digest, previous, was_indexed;
        EXIT WHEN FOUND;
        -- It was not active when the update looked. If it has become so since, the lock keeps it so: once more.
        SELECT c.status INTO outcome FROM conversations c
        WHERE c.tenant_id = p_tenant_id AND c.id = p_conversation_id AND c.owner_id = p_actor_id
        FOR UPDATE;
        IF NOT FOUND OR outcome <> 'ACTIVE' THEN
            outcome := coalesce(outcome, 'DELETED');
            RETURN;
        END IF;
    END LOOP;

    INSERT INTO messages (tenant_id, conversation_id, seq, id, owner_id, role, content, parts, metadata,
                          request_id, created_at, salt, digest, previous)
    VALUES (p_tenant_id, p_conversation_id, append_message.seq, p_id, p_actor_id, p_role, p_content, p_parts,
            p_metadata, p_request_id, append_message.created_at, p_salt, p_digest,
            append_message.previous);

    IF was_indexed THEN
        INSERT INTO unindexed_conversations (tenant_id, conversation_id) VALUES (p_tenant_id, p_conversation_id)
        ON CONFLICT DO NOTHING;
    END IF;
END $$
"""

# Full-text operators are not leakproof, so row-level security would keep them from using the index (0.15 ms became
# 8 ms). This runs as the operator role and takes the tenant, and a member's own confines, from the scope's settings,
# never from an argument. It is planned afresh each time, so that the plan suits the words: by index for rare ones,
# newest first for common ones.
SEARCH_MESSAGES = (
    """
CREATE FUNCTION search_messages(
    p_marks tsquery, p_query tsquery, p_window integer, p_through integer, p_deleted boolean, p_limit integer
)
RETURNS TABLE (message_id uuid, score double precision)
LANGUAGE plpgsql STABLE ROWS 20 SECURITY DEFINER SET search_path = holdfast, pg_catalog, pg_temp AS $$
DECLARE
    tenant uuid := nullif(current_setting('holdfast.tenant_id', true), '')::uuid;
    actor uuid := nullif(current_setting('holdfast.actor_id', true), '')::uuid;
    confined tsquery := p_marks;
BEGIN
    IF current_setting('holdfast.reach', true) IS DISTINCT FROM 'tenant' THEN
        confined := ('o' || md5(tenant::text || actor::text))::tsquery && p_marks;
    END IF;
    RETURN QUERY EXECUTE $query$
        SELECT ranked.message_id, ranked.score
        FROM (
            SELECT newest.message_id, ts_rank(newest.body, $3, 1)::double precision AS score
            FROM (
                SELECT i.message_id, i.body FROM message_index i
                WHERE i.tenant_id = $1 AND i.marks @@ $2 AND i.body @@ $3
                ORDER BY i.message_id DESC LIMIT $4
            ) newest
            ORDER BY score DESC, newest.message_id DESC
            OFFSET 0
        ) ranked
        JOIN messages m ON m.tenant_id = $1 AND m.id = ranked.message_id
        JOIN conversations c ON c.tenant_id = $1 AND c.id = m.conversation_id
        WHERE m.seq <= $6 AND ($7 OR c.status <> 'DELETED')
        ORDER BY ranked.score DESC, ranked.message_id DESC
        LIMIT $5
    $query$ USING tenant, confined, p_query, p_window, p_limit, p_through, p_deleted;
END $$
""",
    "GRANT CREATE ON SCHEMA holdfast TO holdfast_operator",
    "ALTER FUNCTION search_messages OWNER TO holdfast_operator",
    "REVOKE CREATE ON SCHEMA holdfast FROM holdfast_operator",
    "REVOKE EXECUTE ON FUNCTION search_messages FROM PUBLIC",
    "GRANT EXECUTE ON FUNCTION search_messages TO holdfast_app",
)
