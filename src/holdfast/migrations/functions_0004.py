"""Server-side statements of migration 0004 that have no portable form."""

from holdfast.migrations import functions_0001

# A transaction's own number orders the lines of the trail as far as anything can before they commit, and all below the
# oldest transaction under way are settled. The numbers begin again in another cluster (after a restore from a dump):
# a lift puts them above all that were given before.
NEXT_POSITION = """
CREATE OR REPLACE FUNCTION next_position() RETURNS bigint LANGUAGE sql VOLATILE
RETURN pg_current_xact_id()::text::bigint + {lift}
"""
SETTLED_POSITION = """
CREATE OR REPLACE FUNCTION settled_position() RETURNS bigint LANGUAGE sql STABLE
RETURN pg_snapshot_xmin(pg_current_snapshot())::text::bigint + {lift}
"""

_OLD_END = "p_salt bytea, p_digest bytea,\n"
_NEW_END = """p_salt bytea, p_digest bytea,
    p_event_id uuid, p_event_at timestamptz, p_actor_role text, p_face text, p_address text, p_credential_id uuid,
    p_event_request_id text, p_operation text, p_details json, p_mac bytea,
"""
_OLD_NOTE = "    IF was_indexed THEN\n"
_NEW_NOTE = """
    INSERT INTO audit_events (tenant_id, position, id, at, actor_id, actor_role, face, address, credential_id,
                              request_id, operation, target_kind, target_id, owner_id, outcome, details, mac)
    VALUES (p_tenant_id, next_position(), p_event_id, p_event_at, p_actor_id, p_actor_role, p_face, p_address,
            p_credential_id, p_event_request_id, p_operation, 'conversation', p_conversation_id, p_actor_id, 'done',
            p_details, p_mac);

    IF was_indexed THEN
"""

APPEND_MESSAGE = (
    "DROP FUNCTION append_message",
    functions_0001.APPEND_MESSAGE.replace(_OLD_END, _NEW_END).replace(_OLD_NOTE, _NEW_NOTE),
)
"""As before, and with its line in the trail."""
