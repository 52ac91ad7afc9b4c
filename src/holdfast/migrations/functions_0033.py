"""Server-side statements of migration 0033 that have no portable form."""

# What `reserving.reserve` does where every limit that applies is a plain one: counted in the database, by day or month,
# its counter there and with enough left. Else it changes nothing and gives null, and the caller goes step by step. Runs
# with the caller's rights, under row-level security. `p_cost` null: nobody has asked yet what it may cost.
HOLD_UNITS = """
CREATE FUNCTION hold_units(
    p_tenant_id uuid, p_id uuid, p_user_id uuid, p_workspace_id uuid, p_conversation_id uuid, p_credential_id uuid,
    p_operation text, p_requests bigint, p_tokens bigint, p_cost bigint, p_leased integer,
    p_reserved_at timestamptz, p_expires_at timestamptz
) RETURNS TABLE (parts json) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    one record;
    units bigint;
    began timestamptz;
    made text := '';
BEGIN
    BEGIN
        FOR one IN
            SELECT l.id, l.measure, l.per, l.counter, l.amount FROM limits l
            WHERE l.tenant_id = p_tenant_id AND l.ended_at IS NULL
              AND l.subject_id IN (p_tenant_id, p_workspace_id, p_user_id, p_credential_id)
            ORDER BY l.id
        LOOP
            IF one.counter <> 'database' OR one.per = 'window' OR (one.measure = 'money' AND p_cost IS NULL) THEN
                RAISE EXCEPTION USING ERRCODE = 'HF001';
            END IF;
            units := CASE one.measure WHEN 'tokens' THEN p_tokens WHEN 'requests' THEN p_requests ELSE p_cost END;
            began := date_trunc(one.per, p_reserved_at, 'UTC');
            UPDATE limit_counters c SET reserved = c.reserved + units
            WHERE c.tenant_id = p_tenant_id AND c.limit_id = one.id AND c.period = began
              AND c.used + c.reserved + units <= (
                  SELECT l.amount FROM limits l
                  WHERE l.tenant_id = p_tenant_id AND l.id = one.id AND l.ended_at IS NULL
              );
            IF NOT FOUND THEN
                RAISE EXCEPTION USING ERRCODE = 'HF001';
            END IF;
            made := made || CASE WHEN made = '' THEN '' ELSE ',' END || '["' || replace(one.id::text, '-', '') || '",'
                    || (extract(epoch FROM began) * 1000000)::bigint || ',' || units || ']';
        END LOOP;
    EXCEPTION WHEN SQLSTATE 'HF001' THEN
        RETURN QUERY SELECT NULL::json;
        RETURN;
    END;
    INSERT INTO limit_holds (tenant_id, id, status, user_id, workspace_id, conversation_id, credential_id, operation,
                             requests, tokens, cost, parts, leased, reserved_at, expires_at)
    VALUES (p_tenant_id, p_id, 'open', p_user_id, p_workspace_id, p_conversation_id, p_credential_id, p_operation,
            p_requests, p_tokens, coalesce(p_cost, 0), ('[' || made || ']')::json, p_leased, p_reserved_at,
            p_expires_at);
    RETURN QUERY SELECT ('[' || made || ']')::json;
END $$
"""

# What `settling.settle` does for an open hold of plain limits, where nothing is above what was held, the tenant has no
# price of its own for the model, and no limit was set since. Else it changes nothing and gives no row.
SETTLE_UNITS = """
CREATE FUNCTION settle_units(
    p_tenant_id uuid, p_actor_id uuid, p_reach text, p_id uuid, p_moment timestamptz, p_turn text,
    p_workspace_id uuid, p_conversation_id uuid, p_operation text, p_model text, p_provider text, p_outcome text,
    p_requests bigint, p_tokens bigint, p_tokens_in bigint, p_tokens_out bigint, p_tokens_cached bigint,
    p_cost bigint, p_priced_by text, p_latency_ms integer
) RETURNS TABLE (user_id uuid, workspace_id uuid, conversation_id uuid, credential_id uuid, operation text,
                 reserved_at timestamptz) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    held limit_holds%ROWTYPE;
    one record;
    units bigint;
BEGIN
    SELECT h.* INTO held FROM limit_holds h
    WHERE h.tenant_id = p_tenant_id AND h.id = p_id AND h.status = 'open'
      AND (h.user_id = p_actor_id OR p_reach <> 'own')
    FOR UPDATE;
    IF NOT FOUND OR p_tokens > held.tokens OR (held.cost > 0 AND (p_cost IS NULL OR p_cost > held.cost)) THEN
        RETURN;
    END IF;
    IF p_model IS NOT NULL AND p_priced_by <> 'given' THEN
        PERFORM FROM usage_prices p WHERE p.tenant_id = p_tenant_id AND p.model = p_model;
        IF FOUND THEN
            RETURN;
        END IF;
    END IF;
    held.workspace_id := coalesce(p_workspace_id, held.workspace_id);
    held.conversation_id := coalesce(p_conversation_id, held.conversation_id);
    held.operation := coalesce(p_operation, held.operation);
    PERFORM pg_advisory_xact_lock_shared(hashtextextended(p_turn, 0));
    BEGIN
        FOR one IN
            SELECT l.id, l.measure, l.per, l.counter, (p.value ->> 1)::bigint AS began, (p.value ->> 2)::bigint AS units
            FROM limits l
            LEFT JOIN json_array_elements(held.parts) AS p (value) ON (p.value ->> 0)::uuid = l.id
            WHERE l.tenant_id = p_tenant_id AND l.ended_at IS NULL
              AND l.subject_id IN (p_tenant_id, held.workspace_id, held.user_id, held.credential_id)
            ORDER BY l.id
        LOOP
            IF one.counter <> 'database' OR one.per = 'window' OR one.began IS NULL THEN
                RAISE EXCEPTION USING ERRCODE = 'HF001';
            END IF;
            units := CASE one.measure WHEN 'tokens' THEN p_tokens WHEN 'requests' THEN p_requests
                                      ELSE coalesce(p_cost, 0) END;
            UPDATE limit_counters c SET used = c.used + units, reserved = c.reserved - one.units
            WHERE c.tenant_id = p_tenant_id AND c.limit_id = one.id
              AND c.period = '1970-01-01 00:00:00+00'::timestamptz + one.began * interval '1 microsecond';
        END LOOP;
    EXCEPTION WHEN SQLSTATE 'HF001' THEN
        RETURN;
    END;
    UPDATE limit_holds h SET status = 'settled', ended_at = p_moment WHERE h.tenant_id = p_tenant_id AND h.id = p_id;
    INSERT INTO usage_events (tenant_id, at, id, user_id, workspace_id, conversation_id, credential_id, operation,
                              model, provider, outcome, requests, tokens, tokens_in, tokens_out, tokens_cached, cost,
                              priced_by, latency_ms, recorded_by, recorded_at)
    VALUES (p_tenant_id, held.reserved_at, p_id, held.user_id, held.workspace_id, held.conversation_id,
            held.credential_id, held.operation, p_model, p_provider, p_outcome, p_requests, p_tokens, p_tokens_in,
            p_tokens_out, p_tokens_cached, p_cost, p_priced_by, p_latency_ms, p_actor_id, p_moment);
    INSERT INTO usage_rollups AS u (tenant_id, grain, period, user_id, workspace_id, operation, model, provider, events,
                                    requests, failures, tokens, tokens_in, tokens_out, tokens_cached, unpriced, cost,
                                    latency_ms, timed, slowest_ms)
    SELECT p_tenant_id, g.grain, date_trunc(g.grain, held.reserved_at, 'UTC'), held.user_id,
           coalesce(held.workspace_id, '00000000-0000-0000-0000-000000000000'), held.operation, coalesce(p_model, ''),
           coalesce(p_provider, ''), 1, p_requests, (p_outcome = 'error')::integer, p_tokens, p_tokens_in, p_tokens_out,
           p_tokens_cached, (p_cost IS NULL AND (p_model IS NOT NULL OR p_tokens > 0))::integer, coalesce(p_cost, 0),
           coalesce(p_latency_ms, 0), (p_latency_ms IS NOT NULL)::integer, coalesce(p_latency_ms, 0)
    FROM (VALUES ('day'), ('hour'), ('month')) AS g (grain)
    ON CONFLICT (tenant_id, grain, period, user_id, workspace_id, operation, model, provider) DO UPDATE
    SET events = u.events + 1, requests = u.requests + excluded.requests, failures = u.failures + excluded.failures,
        tokens = u.tokens + excluded.tokens, tokens_in = u.tokens_in + excluded.tokens_in,
        tokens_out = u.tokens_out + excluded.tokens_out, tokens_cached = u.tokens_cached + excluded.tokens_cached,
        unpriced = u.unpriced + excluded.unpriced, cost = u.cost + excluded.cost,
        latency_ms = u.latency_ms + excluded.latency_ms, timed = u.timed + excluded.timed,
        slowest_ms = greatest(u.slowest_ms, excluded.slowest_ms);
    IF held.conversation_id IS NOT NULL THEN
        INSERT INTO usage_conversations AS u (tenant_id, conversation_id, user_id, model, provider, events, requests,
                                              failures, tokens, tokens_in, tokens_out, tokens_cached, unpriced, cost,
                                              latency_ms, timed, slowest_ms)
        VALUES (p_tenant_id, held.conversation_id, held.user_id, coalesce(p_model, ''), coalesce(p_provider, ''), 1,
                p_requests, (p_outcome = 'error')::integer, p_tokens, p_tokens_in, p_tokens_out, p_tokens_cached,
                (p_cost IS NULL AND (p_model IS NOT NULL OR p_tokens > 0))::integer, coalesce(p_cost, 0),
                coalesce(p_latency_ms, 0), (p_latency_ms IS NOT NULL)::integer, coalesce(p_latency_ms, 0))
        ON CONFLICT (tenant_id, conversation_id, user_id, model, provider) DO UPDATE
        SET events = u.events + 1, requests = u.requests + excluded.requests, failures = u.failures + excluded.failures,
            tokens = u.tokens + excluded.tokens, tokens_in = u.tokens_in + excluded.tokens_in,
            tokens_out = u.tokens_out + excluded.tokens_out, tokens_cached = u.tokens_cached + excluded.tokens_cached,
            unpriced = u.unpriced + excluded.unpriced, cost = u.cost + excluded.cost,
            latency_ms = u.latency_ms + excluded.latency_ms, timed = u.timed + excluded.timed,
            slowest_ms = greatest(u.slowest_ms, excluded.slowest_ms);
    END IF;
    RETURN QUERY SELECT held.user_id, held.workspace_id, held.conversation_id, held.credential_id, held.operation,
                        held.reserved_at;
END $$
"""
