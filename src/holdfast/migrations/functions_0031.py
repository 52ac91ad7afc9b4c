"""Server-side statements of migration 0031 that have no portable form."""

# What append_message does, for the appends of several callers in one transaction. It waits for nobody: a conversation
# that somebody else holds, that is not active, or whose message is there already is left out, and its caller appends
# by itself. So one slow conversation delays no other, and two of these never wait for each other. No conversation may
# come twice. Runs with the caller's rights, for one scope after the other, each held by row-level security. Rows are
# looked up one by one: a plan made while the tables are small would read the whole of them later.
APPEND_MESSAGES = """
CREATE FUNCTION append_messages(
    p_tenant_id uuid[], p_actor_id uuid[], p_reach text[], p_conversation_id uuid[], p_id uuid[], p_role text[],
    p_content text[], p_parts json[], p_metadata json[], p_request_id text[], p_created_at timestamptz[],
    p_salt bytea[], p_digest bytea[],
    p_event_id uuid[], p_event_at timestamptz[], p_actor_role text[], p_face text[], p_address text[],
    p_credential_id uuid[], p_event_request_id text[], p_operation text[], p_details json[], p_mac bytea[]
) RETURNS TABLE (place integer, seq integer, created_at timestamptz, previous bytea) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    who record;
    item record;
    moment timestamptz;
    places integer[];
    seqs integer[];
    moments timestamptz[];
    befores bytea[];
    waiting uuid[];
BEGIN
    FOR who IN
        SELECT w.tenant_id, w.actor_id, w.reach, array_agg(w.place::integer) AS places
        FROM unnest(p_tenant_id, p_actor_id, p_reach) WITH ORDINALITY AS w (tenant_id, actor_id, reach, place)
        GROUP BY w.tenant_id, w.actor_id, w.reach
    LOOP
        PERFORM set_config('holdfast.tenant_id', who.tenant_id::text, true),
                set_config('holdfast.actor_id', who.actor_id::text, true),
                set_config('holdfast.reach', who.reach, true);
        places := '{}';
        seqs := '{}';
        moments := '{}';
        befores := '{}';
        waiting := '{}';
        FOR item IN
            SELECT w.place, c.id, c.message_count + 1 AS seq, c.head, c.last_message_at, c.indexed_through
            FROM unnest(who.places) AS w (place)
            CROSS JOIN LATERAL (
                SELECT c.id, c.message_count, c.head, c.last_message_at, c.indexed_through FROM conversations c
                WHERE c.tenant_id = who.tenant_id AND c.id = p_conversation_id[w.place] AND c.owner_id = who.actor_id
                  AND c.status = 'ACTIVE'
                LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED
            ) c
        LOOP
            IF p_request_id[item.place] IS NOT NULL THEN
                PERFORM FROM messages m
                WHERE m.tenant_id = who.tenant_id AND m.conversation_id = item.id
                  AND m.request_id = p_request_id[item.place] AND m.role = p_role[item.place];
                CONTINUE WHEN FOUND;
            END IF;
            moment := greatest(p_created_at[item.place], item.last_message_at);
            UPDATE conversations c
            SET message_count = item.seq, last_message_at = moment, active_at = moment, previous_head = item.head,
                head = sha256(
                    item.head || int8send(item.seq) || uuid_send(p_id[item.place])
                    || convert_to(p_role[item.place], 'UTF8') || '\\x00'
                    || int8send((extract(epoch FROM moment) * 1000000)::bigint) || p_digest[item.place]
                )
            WHERE c.tenant_id = who.tenant_id AND c.id = item.id;
            places := places || item.place;
            seqs := seqs || item.seq;
            moments := moments || moment;
            befores := befores || item.head;
            IF item.indexed_through = item.seq - 1 THEN
                waiting := waiting || item.id;
            END IF;
        END LOOP;

        INSERT INTO messages (tenant_id, conversation_id, seq, id, owner_id, role, content, parts, metadata,
                              request_id, created_at, salt, digest, previous)
        SELECT who.tenant_id, p_conversation_id[d.place], d.seq, p_id[d.place], who.actor_id, p_role[d.place],
               p_content[d.place], p_parts[d.place], p_metadata[d.place], p_request_id[d.place], d.created_at,
               p_salt[d.place], p_digest[d.place], d.previous
        FROM unnest(places, seqs, moments, befores) AS d (place, seq, created_at, previous);

        INSERT INTO audit_events (tenant_id, position, id, at, actor_id, actor_role, face, address, credential_id,
                                  request_id, operation, target_kind, target_id, owner_id, outcome, details, mac)
        SELECT who.tenant_id, next_position(), p_event_id[d.place], p_event_at[d.place], who.actor_id,
               p_actor_role[d.place], p_face[d.place], p_address[d.place], p_credential_id[d.place],
               p_event_request_id[d.place], p_operation[d.place], 'conversation', p_conversation_id[d.place],
               who.actor_id, 'done', p_details[d.place], p_mac[d.place]
        FROM unnest(places) AS d (place);

        IF cardinality(waiting) > 0 THEN
            INSERT INTO unindexed_conversations (tenant_id, conversation_id)
            SELECT who.tenant_id, w.id FROM unnest(waiting) AS w (id)
            ON CONFLICT DO NOTHING;
        END IF;
        RETURN QUERY SELECT d.place, d.seq, d.created_at, d.previous
                     FROM unnest(places, seqs, moments, befores) AS d (place, seq, created_at, previous);
    END LOOP;
END $$
"""
