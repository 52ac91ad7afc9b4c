"""The table of data keys: each wrapped by the key ring, none readable without it."""

from sqlalchemy import CheckConstraint, Column, Index, LargeBinary, Text

from holdfast.core.database.schema import global_table
from holdfast.core.database.types import Id, Time

data_keys = global_table(
    "data_keys",
    Column("id", Id, primary_key=True),
    Column("tenant_id", Id, nullable=False),
    Column("purpose", Text, nullable=False),
    Column("wrapped", LargeBinary),
    Column("ring_key", Text),
    Column("created_at", Time, nullable=False),
    Column("retired_at", Time),
    CheckConstraint("purpose IN ('fields', 'hashes', 'audit')", name="purpose"),
    Index("ix_data_keys_tenant_id", "tenant_id", "purpose"),
    outlives=True,
)
"""`tenant_id`: `UUID(int=0)` for the store's own. No foreign key: the record of a destroyed key outlives its tenant.
`wrapped` is NULL once it was destroyed, `ring_key` once the ring has forgotten its part too.
"""
