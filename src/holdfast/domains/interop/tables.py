"""The tables of interop."""

from sqlalchemy import BigInteger, Column, ForeignKeyConstraint, Index, Integer, Text

from holdfast.core.database.schema import scoped_table
from holdfast.core.database.types import Id, Secret, Time


def _owner() -> ForeignKeyConstraint:
    return ForeignKeyConstraint(["tenant_id", "owner_id"], ["memberships.tenant_id", "memberships.user_id"])


interop_profiles = scoped_table(
    "interop_profiles",
    Column("vendor", Text, primary_key=True),
    Column("standard", Text, primary_key=True),
    Column("owner_id", Id, nullable=False),
    Column("secret", Secret("interop_profiles.secret", row=("vendor", "standard")), nullable=False),
    Column("profile", Secret("interop_profiles.profile", row=("vendor", "standard"))),
    Column("messages", BigInteger, nullable=False),
    Column("version", Integer, nullable=False),
    Column("created_at", Time, nullable=False),
    Column("updated_at", Time, nullable=False),
    _owner(),
)
"""What was counted of a vendor's messages so far, of all types: a sealed profile, and the secret its key is made of.
`version` grows with each change, so that two analyses do not overwrite each other."""

interop_lots = scoped_table(
    "interop_lots",
    Column("batch_id", Id, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("owner_id", Id, nullable=False),
    Column("messages", Integer, nullable=False),
    Column("content", Secret("interop_lots.content", row=("batch_id", "number")), nullable=False),
    Column("created_at", Time, nullable=False),
    _owner(),
)
"""Messages that wait to be analysed, whole messages to a lot. They are deleted in the transaction that counts them."""

interop_samples = scoped_table(
    "interop_samples",
    Column("vendor", Text, primary_key=True),
    Column("standard", Text, primary_key=True),
    Column("digest", Text, primary_key=True),
    Column("owner_id", Id, nullable=False),
    Column("type", Text, nullable=False),
    Column("content", Secret("interop_samples.content", row=("vendor", "standard", "digest")), nullable=False),
    Column("created_at", Time, nullable=False),
    Column("expires_at", Time, nullable=False),
    _owner(),
    Index("ix_interop_samples_type", "tenant_id", "vendor", "standard", "type", "digest"),
    Index("ix_interop_samples_expires", "expires_at"),
)
"""Messages that were kept, each once. `digest` is a keyed hash of the message, under the profile's key."""
