"""Server-side statements of migration 0037 that have no portable form."""

_TOOK = """(CASE WHEN r.started_at <= p_moment THEN extract(epoch FROM p_moment - r.started_at)::double precision * 1000
        WHEN r.started_at > p_moment THEN 0 END)"""
_BUCKET = f"""CASE WHEN {_TOOK} < 0.001 THEN -1000
        ELSE ceil(ln({_TOOK}) / ln(1.02::double precision / 0.98)) END"""

# What finishing a run takes, in one round trip, with its line in the trail, where the actor started it and it may end
# so. Else it changes nothing and its row is all null: the caller goes step by step. With the caller's rights, in the
# scope it names, held by row-level security. The statuses are said as what they are not: from what they are, the server
# would see that the index of the runs under way holds them, and read all of the tenant's instead of one by its key.
FINISH_RUN = f"""
CREATE FUNCTION finish_run(
    p_tenant_id uuid, p_actor_id uuid, p_reach text, p_id uuid, p_status text, p_output json, p_output_bytes integer,
    p_error text, p_moment timestamptz,
    p_event_id uuid, p_event_at timestamptz, p_actor_role text, p_face text, p_address text, p_credential_id uuid,
    p_event_request_id text, p_operation text, p_details json, p_mac bytea
) RETURNS TABLE (
    workflow_id uuid, attempt integer, parent_id uuid, conversation_id uuid, request_id text, execution_id text,
    input json, input_bytes integer, waits integer, asked json, answer json, resolved_by uuid, resolved_at timestamptz,
    started_by uuid, created_at timestamptz, started_at timestamptz, duration_ms double precision
) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    ended runs%ROWTYPE;
BEGIN
    PERFORM set_config('holdfast.tenant_id', p_tenant_id::text, true),
            set_config('holdfast.actor_id', p_actor_id::text, true),
            set_config('holdfast.reach', p_reach, true);
    UPDATE runs r
    SET status = p_status, output = p_output, output_bytes = p_output_bytes, error = p_error, finished_at = p_moment,
        duration_ms = {_TOOK},
        duration_bucket = {_BUCKET}
    WHERE r.tenant_id = p_tenant_id AND r.id = p_id AND r.started_by = p_actor_id
      AND r.status NOT IN ('success', 'error', 'cancelled') AND (r.status <> 'waiting' OR p_status <> 'success')
    RETURNING r.* INTO ended;
    IF FOUND THEN
        INSERT INTO audit_events (tenant_id, position, id, at, actor_id, actor_role, face, address, credential_id,
                                  request_id, operation, target_kind, target_id, owner_id, outcome, details, mac)
        VALUES (p_tenant_id, next_position(), p_event_id, p_event_at, p_actor_id, p_actor_role, p_face, p_address,
                p_credential_id, p_event_request_id, p_operation, 'run', p_id, p_actor_id, 'done', p_details, p_mac);
    END IF;
    RETURN QUERY SELECT ended.workflow_id, ended.attempt, ended.parent_id, ended.conversation_id, ended.request_id,
                        ended.execution_id, ended.input, ended.input_bytes, ended.waits, ended.asked, ended.answer,
                        ended.resolved_by, ended.resolved_at, ended.started_by, ended.created_at, ended.started_at,
                        ended.duration_ms;
END $$
"""  # noqa: S608  # names written here
