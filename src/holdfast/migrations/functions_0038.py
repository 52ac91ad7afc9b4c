"""Server-side statements of migration 0038: those of 0033, with the scope, so that each is one round trip in all."""

from holdfast.migrations.functions_0033 import HOLD_UNITS as _HOLD_UNITS
from holdfast.migrations.functions_0033 import SETTLE_UNITS as _SETTLE_UNITS


def _changed(function: str, *changes: tuple[str, str]) -> str:
    for was, becomes in changes:
        if function.count(was) != 1:
            raise ValueError(f"not once in the function: {was}")
        function = function.replace(was, becomes)
    return function


_SCOPE = """
    PERFORM set_config('holdfast.tenant_id', p_tenant_id::text, true),
            set_config('holdfast.actor_id', p_actor_id::text, true),
            set_config('holdfast.reach', p_reach, true);"""

DROPPED = ("DROP FUNCTION hold_units", "DROP FUNCTION settle_units")

# The counter is guarded by the amount that was read with the limit: whoever changes the amount then comes after.
HOLD_UNITS = _changed(
    _HOLD_UNITS,
    ("p_tenant_id uuid, p_id uuid, p_user_id uuid,", "p_tenant_id uuid, p_actor_id uuid, p_reach text, p_id uuid,"),
    ("made text := '';\nBEGIN\n", f"made text := '';\nBEGIN{_SCOPE}\n"),
    ("(p_tenant_id, p_workspace_id, p_user_id,", "(p_tenant_id, p_workspace_id, p_actor_id,"),
    (
        """c.used + c.reserved + units <= (
                  SELECT l.amount FROM limits l
                  WHERE l.tenant_id = p_tenant_id AND l.id = one.id AND l.ended_at IS NULL
              );""",
        "c.used + c.reserved + units <= one.amount;",
    ),
    ("VALUES (p_tenant_id, p_id, 'open', p_user_id,", "VALUES (p_tenant_id, p_id, 'open', p_actor_id,"),
)  # fmt: skip

# The hold is found and ended in one statement, taken back with the others where it turns out not to be plain. Its
# status is said as what it is not: from what it is, the server might read all open ones by their index, not one by key.
_BEFORE, _, _AFTER = _SETTLE_UNITS.partition("    SELECT h.* INTO held")
_FROM_TURN = _AFTER.partition("    held.workspace_id :=")[2]
_BLOCK = "    BEGIN\n        FOR one IN"
_ENDED = """        UPDATE limit_holds h SET status = 'settled', ended_at = p_moment
        WHERE h.tenant_id = p_tenant_id AND h.id = p_id AND h.status NOT IN ('settled', 'released', 'expired')
          AND (h.user_id = p_actor_id OR p_reach <> 'own')
          AND p_tokens <= h.tokens AND (h.cost = 0 OR p_cost <= h.cost)
          AND (p_model IS NULL OR p_priced_by = 'given' OR NOT EXISTS (
              SELECT FROM usage_prices p WHERE p.tenant_id = p_tenant_id AND p.model = p_model
          ))
        RETURNING h.* INTO held;
        IF NOT FOUND THEN
            RAISE EXCEPTION USING ERRCODE = 'HF001';
        END IF;
        held.workspace_id :="""
_REFUSED = "WHEN SQLSTATE 'HF001' THEN\n        RETURN"
_NOTHING = "NULL::uuid, NULL::uuid, NULL::uuid, NULL::uuid, NULL::text, NULL::timestamptz"
SETTLE_UNITS = _changed(
    f"{_BEFORE}    BEGIN\n{_ENDED}{_FROM_TURN}",
    (
        """    held.conversation_id := coalesce(p_conversation_id, held.conversation_id);
    held.operation := coalesce(p_operation, held.operation);
    PERFORM pg""",
        """        held.conversation_id := coalesce(p_conversation_id, held.conversation_id);
        held.operation := coalesce(p_operation, held.operation);
        PERFORM pg""",
    ),
    ("    units bigint;\nBEGIN\n", f"    units bigint;\nBEGIN{_SCOPE}\n"),
    (_BLOCK, "        FOR one IN"),
    (_REFUSED, f"{_REFUSED} QUERY SELECT {_NOTHING};\n        RETURN"),
    (
        "    UPDATE limit_holds h SET status = 'settled', ended_at = p_moment"
        " WHERE h.tenant_id = p_tenant_id AND h.id = p_id;\n",
        "",
    ),
)
