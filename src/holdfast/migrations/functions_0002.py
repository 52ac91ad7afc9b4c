"""Server-side statements of migration 0002 that have no portable form."""

REFUSE_UNLESS_PURGED = """
CREATE FUNCTION refuse_unless_purged() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM holdfast.purges p WHERE p.tenant_id = OLD.tenant_id) THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION '%', TG_ARGV[0] USING ERRCODE = 'integrity_constraint_violation';
END $$
"""
