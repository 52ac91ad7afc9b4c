"""Server-side statements of migration 0008 that have no portable form."""

# One round trip for what begins every request, as its own transaction. What it reads spans tenants, so it runs as the
# operator; it says nothing to who does not know the digest of a secret of 178 bits.
_STANDING = """
CREATE FUNCTION {name}(
    p_digest bytea,
    OUT id uuid, OUT tenant_id uuid, OUT user_id uuid, OUT expires_at timestamptz, OUT revoked_at timestamptz,
    OUT last_used_at timestamptz, {columns} OUT platform_role text, OUT tenant_status text, OUT role text,
    OUT status text, OUT clearance text
) LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = holdfast, pg_catalog, pg_temp AS $$
#variable_conflict use_column
BEGIN
    SELECT c.id, c.tenant_id, c.user_id, c.expires_at, c.revoked_at, c.last_used_at, {read} u.platform_role, t.status,
           m.role, m.status, m.clearance
    INTO id, tenant_id, user_id, expires_at, revoked_at, last_used_at, {into} platform_role, tenant_status,
         role, status, clearance
    FROM {table} c
    JOIN users u ON u.id = c.user_id
    LEFT JOIN tenants t ON t.id = c.tenant_id
    LEFT JOIN memberships m ON m.tenant_id = c.tenant_id AND m.user_id = c.user_id
    WHERE c.digest = p_digest;
END $$
"""
_COLUMNS = {
    "api_keys": {"scopes": "json"},
    "sessions": {"ends_at": "timestamptz", "idle_seconds": "integer", "address": "text", "agent": "text"},
}
_NAMES = {"api_keys": "api_key_shown", "sessions": "session_shown"}


def _standing(table: str) -> str:
    columns = _COLUMNS[table]
    return _STANDING.format(
        name=_NAMES[table],
        table=table,
        columns="".join(f"OUT {name} {kind}, " for name, kind in columns.items()),
        read="".join(f"c.{name}, " for name in columns),
        into="".join(f"{name}, " for name in columns),
    )


STANDING = (
    "GRANT CREATE ON SCHEMA holdfast TO holdfast_operator",
    *(
        statement
        for table, name in _NAMES.items()
        for statement in (
            _standing(table),
            f"ALTER FUNCTION {name} OWNER TO holdfast_operator",
            f"REVOKE EXECUTE ON FUNCTION {name} FROM PUBLIC",
            f"GRANT EXECUTE ON FUNCTION {name} TO holdfast_app",
        )
    ),
    "REVOKE CREATE ON SCHEMA holdfast FROM holdfast_operator",
)
