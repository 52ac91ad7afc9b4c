"""Server-side statements of migration 0026 that have no portable form."""

# The table of tenants is closed to the application role; of another tenant it learns no more than this.
TENANT_IS_ACTIVE = (
    """
CREATE FUNCTION tenant_is_active(p_tenant uuid) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = holdfast, pg_catalog, pg_temp AS $$
    SELECT EXISTS (SELECT FROM tenants t WHERE t.id = p_tenant AND t.status = 'active')
$$
""",
    "GRANT CREATE ON SCHEMA holdfast TO holdfast_operator",
    "ALTER FUNCTION tenant_is_active OWNER TO holdfast_operator",
    "REVOKE CREATE ON SCHEMA holdfast FROM holdfast_operator",
    "REVOKE EXECUTE ON FUNCTION tenant_is_active FROM PUBLIC",
    "GRANT EXECUTE ON FUNCTION tenant_is_active TO holdfast_app, holdfast_operator",
)

# A function, because a policy that asks the table of grants would meet its policies, which ask the table of sets.
GRANTED_RECORD_SETS = (
    """
CREATE FUNCTION granted_record_sets() RETURNS TABLE (tenant_id uuid, set_id uuid, level text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = holdfast, pg_catalog, pg_temp AS $$
    SELECT g.tenant_id, g.set_id, l.level
    FROM record_grants g
    JOIN tenants t ON t.id = g.tenant_id AND t.status = 'active'
    CROSS JOIN LATERAL unnest(array_append(string_to_array(g.at_levels, NULL), '')) AS l (level)
    WHERE g.reader_id = nullif(current_setting('holdfast.tenant_id', true), '')::uuid
$$
""",
    "GRANT CREATE ON SCHEMA holdfast TO holdfast_operator",
    "ALTER FUNCTION granted_record_sets OWNER TO holdfast_operator",
    "REVOKE CREATE ON SCHEMA holdfast FROM holdfast_operator",
    "REVOKE EXECUTE ON FUNCTION granted_record_sets FROM PUBLIC",
    "GRANT EXECUTE ON FUNCTION granted_record_sets TO holdfast_app, holdfast_operator",
)
