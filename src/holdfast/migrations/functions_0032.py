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


def _ended(row: str) -> str:
    return f"{row}.status IN {_COUNTS} AND {row}.started_at IS NOT NULL"


def _bucket(row: str) -> str:
    return f"CASE WHEN {row}.status = 'cancelled' THEN {UNTIMED} ELSE coalesce({row}.duration_bucket, {UNTIMED}) END"


def _start(row: str, length: int) -> str:
    """When the period began, in microseconds; also before 1970."""
    moment = f"{row}.started_at"
    return f"{moment} - ({moment} % {length} + {length}) % {length}"


def _count_on_sqlite(row: str, number: int) -> str:
    starter = f"CASE WHEN {row}.conversation_id IS NULL THEN zeroblob(16) ELSE {row}.started_by END"
    key = f"{row}.status, {_bucket(row)}, {row}.workflow_id, {starter}, {number}"
    hour, day = _start(row, 3_600_000_000), _start(row, 86_400_000_000)
    return f"""
        INSERT INTO run_rollups (tenant_id, grain, period, status, bucket, workflow_id, starter_id, runs)
        VALUES ({row}.tenant_id, 'hour', {hour}, {key}), ({row}.tenant_id, 'day', {day}, {key})
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
        INSERT INTO run_rollups AS r (tenant_id, grain, period, status, bucket, workflow_id, starter_id, runs)
        VALUES ({row}.tenant_id, 'hour', date_trunc('hour', {row}.started_at, 'UTC'), {key}),
               ({row}.tenant_id, 'day', date_trunc('day', {row}.started_at, 'UTC'), {key})
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
    " ELSE ceil(ln(duration_ms) / ln(1.01::double precision / 0.99)) END WHERE duration_ms IS NOT NULL",
}


def _backfill(starter: str, hour: str, day: str) -> str:
    return f"""
        INSERT INTO run_rollups (tenant_id, grain, period, status, bucket, workflow_id, starter_id, runs)
        SELECT e.tenant_id, e.grain, e.period, e.status, e.bucket, e.workflow_id, e.starter, count(*)
        FROM (
            SELECT r.tenant_id, g.grain, CASE g.grain WHEN 'hour' THEN {hour} ELSE {day} END AS period, r.status,
                   {_bucket("r")} AS bucket, r.workflow_id, {starter} AS starter
            FROM runs r CROSS JOIN (SELECT 'hour' AS grain UNION ALL SELECT 'day') g
            WHERE {_ended("r")}
        ) e
        GROUP BY e.tenant_id, e.grain, e.period, e.status, e.bucket, e.workflow_id, e.starter
    """  # noqa: S608  # names written here


ROLLUPS = {
    "sqlite": _backfill(
        "CASE WHEN r.conversation_id IS NULL THEN zeroblob(16) ELSE r.started_by END",
        _start("r", 3_600_000_000),
        _start("r", 86_400_000_000),
    ),
    "postgresql": _backfill(
        f"CASE WHEN r.conversation_id IS NULL THEN '{_NIL}'::uuid ELSE r.started_by END",
        "date_trunc('hour', r.started_at, 'UTC')",
        "date_trunc('day', r.started_at, 'UTC')",
    ),
}
