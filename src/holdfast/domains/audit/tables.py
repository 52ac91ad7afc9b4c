"""The seals over the trail. The lines themselves are core's (core/trail.py): every action writes them."""

from sqlalchemy import BigInteger, Column, Integer, LargeBinary

from holdfast.core.database.schema import scoped_table
from holdfast.core.database.types import Digest, Id, Time

audit_seals = scoped_table(
    "audit_seals",
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("through_position", BigInteger, nullable=False),
    Column("through_id", Id, nullable=False),
    Column("events", BigInteger, nullable=False),
    Column("entries", LargeBinary, nullable=False),
    Column("previous", Digest, nullable=False),
    Column("hash", Digest, nullable=False),
    Column("sealed_at", Time, nullable=False),
    outlives=True,
)
"""A tenant's hash chain. `entries` is the id and the code of each line sealed, in order, 48 bytes a line; `events` how
many lines the chain holds up to here; `hash` covers all of it and the hash of the seal before."""
