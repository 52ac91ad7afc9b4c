"""Statements of migration 0032 that have no portable form: runs are counted by triggers."""

_COUNTS = "('success', 'error', 'cancelled')"
_CHANGED = {
    "sqlite": "OLD.status IS NOT NEW.status OR OLD.started_at IS NOT NEW.started_at"
    " OR OLD.duration_bucket IS NOT NEW.duration_bucket",
    "postgresql": "OLD.status IS DISTINCT FROM NEW.status OR OLD.started_at IS DISTINCT FROM NEW.started_at"
    " OR OLD.duration_bucket IS DISTINCT FROM NEW.duration_bucket",
}
_NIL = "00000000-0000-0000-0000-000000000000"
UNTIMED = -2_000
_LENGTH = 86_400_000_000


def _ended(row: str) -> str:
    return f"{row}.status IN {_COUNTS} AND {row}.started_at IS NOT NULL"


def _bucket(row: str) -> str:
    return f"CASE WHEN {row}.status = 'cancelled' THEN {UNTIMED} ELSE coalesce({row}.duration_bucket, {UNTIMED}) END"


def _day(row: str) -> str:
    """When the day began, in microseconds; also before 1970."""
    moment = f"{row}.started_at"
    return f"{moment} - ({moment} % {_LENGTH} + {_LENGTH}) % {_LENGTH}"


def _count_on_sqlite(row: str, number: int) -> str:
    starter = f"CASE WHEN {row}.conversation_id IS NULL THEN zeroblob(16) ELSE {row}.started_by END"
    key = f"{row}.status, {_bucket(row)}, {row}.workflow_id, {starter}, {number}"
    return f"""
        INSERT INTO run_rollups (tenant_id, day, status, bucket, workflow_id, starter_id, runs)
        VALUES ({row}.tenant_id, {_day(row)}, {key})
        ON CONFLICT DO UPDATE SET runs = runs + excluded.runs;
    """  # noqa: S608  # names written here


ON_SQLITE = (
    f"CREATE TRIGGER runs_counted AFTER INSERT ON runs WHEN {_ended('NEW')} BEGIN {_count_on_sqlite('NEW', 1)} END",
    f"CREATE TRIGGER runs_uncounted AFTER UPDATE OF status, started_at, duration_bucket ON runs"
    f" WHEN {_ended('OLD')} AND ({_CHANGED['sqlite']}) BEGIN {_count_on_sqlite('OLD', -1)} END",
    f"CREATE TRIGGER runs_recounted AFTER UPDATE OF status, started_at, duration_bucket ON runs"
    f" WHEN {_ended('NEW')} AND ({_CHANGED['sqlite']}) BEGIN {_count_on_sqlite('NEW', 1)} END",
)


def _count_on_postgresql(row: str, number: int) -> str:
    starter = f"CASE WHEN {row}.conversation_id IS NULL THEN '{_NIL}'::uuid ELSE {row}.started_by END"
    key = f"{row}.status, {_bucket(row)}, {row}.workflow_id, {starter}, {number}"
    return f"""
        INSERT INTO run_rollups AS r (tenant_id, day, status, bucket, workflow_id, starter_id, runs)
        VALUES ({row}.tenant_id, date_trunc('day', {row}.started_at, 'UTC'), {key})
        ON CONFLICT ON CONSTRAINT pk_run_rollups DO UPDATE SET runs = r.runs + excluded.runs;
    """  # noqa: S608  # names written here


# With the rights of whoever changes the run, and under the same policies.
ON_POSTGRESQL = (
    f"""
    CREATE FUNCTION count_run() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF TG_OP = 'UPDATE' THEN
            IF {_ended("OLD")} THEN
                {_count_on_postgresql("OLD", -1)}
            END IF;
        END IF;
        IF {_ended("NEW")} THEN
            {_count_on_postgresql("NEW", 1)}
        END IF;
        RETURN NULL;
    END $$
    """,
    f"CREATE TRIGGER runs_counted AFTER INSERT ON runs FOR EACH ROW WHEN ({_ended('NEW')})"
    " EXECUTE FUNCTION count_run()",
    f"CREATE TRIGGER runs_recounted AFTER UPDATE ON runs FOR EACH ROW WHEN ({_CHANGED['postgresql']})"
    " EXECUTE FUNCTION count_run()",
)

# Runs that were there before, each once. `bucket_of` is a function of the migration's own on SQLite.
BUCKETS = {
    "sqlite": "UPDATE runs SET duration_bucket = bucket_of(duration_ms) WHERE duration_ms IS NOT NULL",
    "postgresql": "UPDATE runs SET duration_bucket = CASE WHEN duration_ms < 0.001 THEN -1000"
    " ELSE ceil(ln(duration_ms) / ln(1.02::double precision / 0.98)) END WHERE duration_ms IS NOT NULL",
}


def _backfill(starter: str, day: str) -> str:
    return f"""
        INSERT INTO run_rollups (tenant_id, day, status, bucket, workflow_id, starter_id, runs)
        SELECT e.tenant_id, e.day, e.status, e.bucket, e.workflow_id, e.starter, count(*)
        FROM (
            SELECT r.tenant_id, {day} AS day, r.status, {_bucket("r")} AS bucket, r.workflow_id, {starter} AS starter
            FROM runs r WHERE {_ended("r")}
        ) e
        GROUP BY e.tenant_id, e.day, e.status, e.bucket, e.workflow_id, e.starter
    """  # noqa: S608  # names written here


ROLLUPS = {
    "sqlite": _backfill("CASE WHEN r.conversation_id IS NULL THEN zeroblob(16) ELSE r.started_by END", _day("r")),
    "postgresql": _backfill(
        f"CASE WHEN r.conversation_id IS NULL THEN '{_NIL}'::uuid ELSE r.started_by END",
        "date_trunc('day', r.started_at, 'UTC')",
    ),
}

# What starting a run takes, in one round trip, with its line in the trail. With the caller's rights, in the scope it
# names, held by row-level security.
START_RUN = """
CREATE FUNCTION start_run(
    p_tenant_id uuid, p_actor_id uuid, p_reach text, p_id uuid, p_workflow_id uuid, p_status text, p_attempt integer,
    p_request_id text, p_input json, p_input_bytes integer, p_created_at timestamptz, p_started_at timestamptz,
    p_event_id uuid, p_event_at timestamptz, p_actor_role text, p_face text, p_address text, p_credential_id uuid,
    p_event_request_id text, p_operation text, p_details json, p_mac bytea
) RETURNS TABLE (outcome text) LANGUAGE plpgsql AS $$
DECLARE
    is_active boolean;
BEGIN
    PERFORM set_config('holdfast.tenant_id', p_tenant_id::text, true),
            set_config('holdfast.actor_id', p_actor_id::text, true),
            set_config('holdfast.reach', p_reach, true);
    SELECT w.active INTO is_active FROM workflows w WHERE w.tenant_id = p_tenant_id AND w.id = p_workflow_id;
    IF is_active IS NOT TRUE THEN
        RETURN QUERY SELECT CASE WHEN is_active IS NULL THEN 'ABSENT' ELSE 'INACTIVE' END;
        RETURN;
    END IF;
    INSERT INTO runs (tenant_id, id, workflow_id, status, attempt, waits, request_id, input, input_bytes, started_by,
                      created_at, started_at)
    VALUES (p_tenant_id, p_id, p_workflow_id, p_status, p_attempt, 0, p_request_id, p_input, p_input_bytes, p_actor_id,
            p_created_at, p_started_at);
    INSERT INTO audit_events (tenant_id, position, id, at, actor_id, actor_role, face, address, credential_id,
                              request_id, operation, target_kind, target_id, owner_id, outcome, details, mac)
    VALUES (p_tenant_id, next_position(), p_event_id, p_event_at, p_actor_id, p_actor_role, p_face, p_address,
            p_credential_id, p_event_request_id, p_operation, 'run', p_id, p_actor_id, 'done', p_details, p_mac);
    RETURN QUERY SELECT 'STARTED';
END $$
"""
